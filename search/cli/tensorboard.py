"""`--tensorboard`: every trial's curves and parameters as event files, under the study's folder. Called by run.py.

A file's bytes are a function of what is recorded of its trial: whatever a file has of them stays, what is missing is
appended, and what is not of them (a torn end, another study's) is replaced. So a resumed run writes no epoch twice, and
`--tensorboard` on a study that was begun without it brings the files up to date. Times in them are training time,
counted from when the files were begun: that of one epoch is this trial's share of its ticks.

Written with the few modules of tensorboard that need neither torch nor TensorFlow: the coordinator stays small.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from models.config.messages import EpochMetrics
from models.errors import UserError
from search.config.space import Choice, Int
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.loop.scheduler import TrialScheduler
from search.record.record import Record
from search.trial import TrialRow

SCORE = "score"  # what the trial came to, as the search counts it


@dataclass
class _Run:
    """How far one trial's file has come."""

    epochs: int = 0
    seconds: float = 0.0  # of training, up to there
    over: bool = False


class Board:
    """The event files of one study.

    Raises UserError where tensorboard is not installed.
    """

    def __init__(self, record: Record, clock: Callable[[], float] = time.time) -> None:
        try:
            import tensorboard  # noqa: F401 - asked before anything is trained
        except ImportError:
            raise UserError(
                "--tensorboard needs TensorBoard, which is not installed",
                "pip install 'studyhall[tensorboard]', or leave out --tensorboard",
            ) from None
        self.folder = record.folder / "tensorboard"
        self._record = record
        self._runs: dict[int, _Run] = {}
        # The moment of the first file is in its name, as TensorBoard has it, and so in all others.
        begun = sorted(self.folder.glob("events.out.tfevents.*.studyhall"))
        self._begun = int(begun[0].name.split(".")[3]) if begun else int(clock())
        self._name = f"events.out.tfevents.{self._begun}.studyhall"

    def catch_up(self) -> None:
        """Let the files say what is recorded of all trials."""
        self._let_be(self.folder / self._name, _experiment(self._record.study, self._begun))
        curves: dict[int, list[EpochMetrics]] = {}
        for _, score in self._record.scores():
            curves.setdefault(score.lane, []).append(score)
        for row in self._record.trials():
            self._put(row, curves.get(row.number, []))

    def begin(self, search: TrialScheduler, dataset_info: DatasetInfo) -> Callable[[], None]:
        """Catch up, and return what is to be called after every tick."""
        self.catch_up()

        def after_tick() -> None:
            for number in range(len(search.rows)):
                if number in self._runs and self._runs[number].over:
                    continue
                live = search.live.get(number)
                self._put(search.rows[number], live.curve if live else self._record.curve(number))

        return after_tick

    def _put(self, row: TrialRow, curve: Sequence[EpochMetrics]) -> None:
        """Let a trial's file have these epochs, and its end if it is over."""
        run = self._runs.get(row.number)
        whole = run is None  # the file is seen for the first time by this process
        if run is None:
            run = self._runs[row.number] = _Run()
        content = self._beginning(row) if whole else b""
        for score in curve[run.epochs :]:
            run.epochs, run.seconds = score.epoch, run.seconds + score.seconds
            content += _record(step=score.epoch, wall_time=self._begun + run.seconds, summary=_scalars(score))
        if row.state != "running":
            run.over = True
            content += _record(step=run.epochs, wall_time=self._begun + run.seconds, summary=self._end(row, run))
        file = self.folder / f"trial-{row.number:04}" / self._name
        if whole:
            self._let_be(file, content)
        elif content:
            with file.open("ab") as stream:
                stream.write(content)

    @staticmethod
    def _let_be(file: Path, content: bytes) -> None:
        """Let a file have this content, by appending where that is enough: TensorBoard may be reading it."""
        known = file.read_bytes() if file.exists() else None
        if known is not None and content.startswith(known):
            with file.open("ab") as stream:
                stream.write(content[len(known) :])
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def _beginning(self, row: TrialRow) -> bytes:
        """What a trial's file starts with: its parameters."""
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        told = self._record.study.to_external(row.params)
        summary = hparams_pb(told, trial_id=f"trial {row.number}", start_time_secs=self._begun)
        return _version(self._begun) + _record(wall_time=self._begun, summary=_steady(summary))

    def _end(self, row: TrialRow, run: _Run) -> Any:
        """What a trial's file ends with: its score, and whether it came to one."""
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        status = api_pb2.STATUS_FAILURE if row.diverged_at or row.state == "failed" else api_pb2.STATUS_SUCCESS
        ended = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=self._begun + run.seconds)
        about = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(session_end_info=ended))
        values = [Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=about, tensor=metadata.NULL_TENSOR)]
        if row.value is not None:
            values.append(Summary.Value(tag=SCORE, simple_value=row.value))
        return _steady(Summary(value=values))


# --- events -----------------------------------------------------------------------------------------------------------


def _experiment(study: Study, begun: int) -> bytes:
    """The file of the study itself: what is searched, and what counts."""
    from tensorboard.plugins.hparams.summary_v2 import (
        Discrete,
        HParam,
        IntInterval,
        Metric,
        RealInterval,
        hparams_config_pb,
    )

    def searched(name: str) -> Any:
        known = study.space[name]
        if isinstance(known, Choice):
            alike = len({type(value) for value in known.values}) == 1
            return HParam(name, Discrete(list(known.values)) if alike else None)
        if isinstance(known, Int):
            return HParam(name, IntInterval(known.low, known.high))
        low = float(known.to_external(known.low))  # 0 where the low end stands for it
        return HParam(name, RealInterval(low, float(known.high)))

    metrics = [Metric(SCORE), Metric("accuracy/validation"), Metric("loss/validation")]
    summary = hparams_config_pb([searched(name) for name in study.space], metrics, time_created_secs=begun)
    return _version(begun) + _record(wall_time=begun, summary=_steady(summary))


def _version(begun: int) -> bytes:
    return _record(wall_time=begun, file_version="brain.Event:2")


def _steady(summary: Any) -> Any:
    """The same summary with the same bytes in every process: entries of a map are else in any order."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    for value in summary.value:
        if about := value.metadata.plugin_data.content:
            value.metadata.plugin_data.content = HParamsPluginData.FromString(about).SerializeToString(
                deterministic=True
            )
    return summary


def _scalars(score: EpochMetrics) -> Any:
    """One epoch's four figures as one event: an epoch is there whole or not at all."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    figures = {
        "loss/train": score.train["loss"],
        "loss/validation": score.validation["loss"],
        "accuracy/train": score.train["accuracy"],
        "accuracy/validation": score.validation["accuracy"],
    }
    return Summary(value=[Summary.Value(tag=tag, simple_value=figure) for tag, figure in figures.items()])


def _record(**fields: Any) -> bytes:
    """An event in the frame that TensorBoard reads: length, its checksum, the event, its checksum."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    framed = BytesIO()
    RecordWriter(framed).write(Event(**fields).SerializeToString())
    return framed.getvalue()
