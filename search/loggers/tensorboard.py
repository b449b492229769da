"""`--log tensorboard`: every trial's curves and parameters as event files, under the study's folder.

The bytes of a file are a function of what is recorded of its trial: what is missing is appended, and what does not
belong there (a torn end, another study's events) is replaced. So a resumed run writes no point twice, and a study that
was begun without files gets them later. Times in them are training time: that of an epoch is the trial's share of its
ticks, counted from when the files were begun.

TensorBoard's own writers cannot do this: `EventFileWriter` and `SummaryWriter` begin a new file, with the current time
in it, whenever they are made, and neither appends. So events are framed by its `RecordWriter`, and written here. The
modules that are imported need neither torch nor TensorFlow: the coordinator stays small.
"""

import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from models.config.messages import EpochMetrics
from models.errors import UserError
from search.config.space import Choice, Int
from search.config.study import Study
from search.loggers.base import LoggedStudy, LoggedTrial

SCORE = "score"  # the tag of a trial's value of the objective


class EventFiles:
    """The event files of one study.

    Raises:
        UserError: TensorBoard is not installed.
    """

    def __init__(self, study: LoggedStudy, clock: Callable[[], float] = time.time) -> None:
        try:
            import tensorboard  # noqa: F401 - asked before anything is trained
        except ImportError:
            raise UserError(
                "the logger tensorboard needs TensorBoard, which is not installed",
                "pip install 'studyhall[tensorboard]', or leave it out",
            ) from None
        self.folder = study.folder / "tensorboard"
        self._written: dict[int, tuple[int, float]] = {}  # trial -> epochs in its file, and their training seconds
        # The time of the first file is in its name, as TensorBoard expects it, and so in all others.
        begun = sorted(self.folder.glob("events.out.tfevents.*.studyhall"))
        self._begun = int(begun[0].name.split(".")[3]) if begun else int(clock())
        self._name = f"events.out.tfevents.{self._begun}.studyhall"
        _make(self.folder / self._name, _experiment(study.study, self._begun))

    def log_trial(self, trial: LoggedTrial) -> None:
        """Bring one trial's file to its curve, and to its end if it is over."""
        file = self.folder / f"trial-{trial.number:04}" / self._name
        is_first = trial.number not in self._written
        epochs, seconds = self._written.get(trial.number, (0, 0.0))
        content = self._beginning(trial) if is_first else b""
        for metrics in trial.curve[epochs:]:
            epochs, seconds = metrics.epoch, seconds + metrics.seconds
            content += _event(step=epochs, wall_time=self._begun + seconds, summary=_scalars(metrics))
        self._written[trial.number] = epochs, seconds
        if trial.state != "running":
            content += _event(step=epochs, wall_time=self._begun + seconds, summary=self._end(trial, seconds))
        if is_first:
            _make(file, content)
        elif content:
            with file.open("ab") as stream:
                stream.write(content)

    def close(self) -> str:
        """Return the command that shows the files."""
        return f"curves: tensorboard --logdir {self.folder}"

    def _beginning(self, trial: LoggedTrial) -> bytes:
        """Return the first events of a trial: its parameters."""
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        parameters = dict(trial.parameters)
        summary = hparams_pb(parameters, trial_id=f"trial {trial.number}", start_time_secs=self._begun)
        return _version(self._begun) + _event(wall_time=self._begun, summary=_deterministic(summary))

    def _end(self, trial: LoggedTrial, seconds: float) -> Any:
        """Return a trial's last summary: its score, and whether it succeeded."""
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import api_pb2, metadata
        from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

        failed = trial.state in ("diverged", "failed")
        status = api_pb2.STATUS_FAILURE if failed else api_pb2.STATUS_SUCCESS
        ended = SessionEndInfo(status=status, end_time_secs=self._begun + seconds)
        about = metadata.create_summary_metadata(HParamsPluginData(session_end_info=ended))
        values = [Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=about, tensor=metadata.NULL_TENSOR)]
        if trial.value is not None:
            values.append(Summary.Value(tag=SCORE, simple_value=trial.value))
        return _deterministic(Summary(value=values))


def _make(file: Path, content: bytes) -> None:
    """Give a file this content, by appending where that is enough: TensorBoard may be reading it."""
    present = file.read_bytes() if file.exists() else None
    if present is not None and content.startswith(present):
        with file.open("ab") as stream:
            stream.write(content[len(present) :])
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _experiment(study: Study, begun: int) -> bytes:
    """Return the file of the study itself: what is searched, and which metrics count."""
    from tensorboard.plugins.hparams import summary_v2 as hparams

    def parameter(name: str) -> hparams.HParam:
        of = study.space[name]
        if isinstance(of, Choice):
            is_one_type = len({type(value) for value in of.values}) == 1
            return hparams.HParam(name, hparams.Discrete(list(of.values)) if is_one_type else None)
        if isinstance(of, Int):
            return hparams.HParam(name, hparams.IntInterval(of.low, of.high))
        low = float(of.to_external(of.low))  # 0 where the low end stands for it
        return hparams.HParam(name, hparams.RealInterval(low, float(of.high)))

    tags = dict.fromkeys([SCORE, f"{study.objective.metric}/validation", "loss/validation"])
    metrics = [hparams.Metric(tag) for tag in tags]
    summary = hparams.hparams_config_pb([parameter(name) for name in study.space], metrics, time_created_secs=begun)
    return _version(begun) + _event(wall_time=begun, summary=_deterministic(summary))


def _version(begun: int) -> bytes:
    return _event(wall_time=begun, file_version="brain.Event:2")


def _deterministic(summary: Any) -> Any:
    """Return the summary with the same bytes in every process: else the entries of a map are in any order."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    for value in summary.value:
        if about := value.metadata.plugin_data.content:
            value.metadata.plugin_data.content = HParamsPluginData.FromString(about).SerializeToString(
                deterministic=True
            )
    return summary


def _scalars(metrics: EpochMetrics) -> Any:
    """Return an epoch's metrics as one event, so that an epoch is there whole or not at all."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    splits = {"train": metrics.train, "validation": metrics.validation}
    names = dict.fromkeys(("loss", "accuracy", *metrics.validation))
    values = {f"{name}/{split}": of[name] for name in names for split, of in splits.items() if name in of}
    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])


def _event(**fields: Any) -> bytes:
    """Return an event framed as TensorBoard reads it: length, its checksum, the event, its checksum."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    framed = BytesIO()
    RecordWriter(framed).write(Event(**fields).SerializeToString())
    return framed.getvalue()
