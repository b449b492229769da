"""`--log tensorboard`: what TensorBoard reads is what is recorded, each epoch once, whatever befell the run."""

import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata

from models.config.messages import EpochMetrics
from models.errors import UserError
from search import launch
from search.cli.loggers import Loggers
from search.config import study_files as catalog
from search.interrupt import Interrupt
from search.loggers.base import LoggedStudy, LoggedTrial
from search.loggers.tensorboard import SCORE, EventFiles
from search.options import Options
from search.record.record import Record
from search.record.store import Store
from tests.support.commands import invoke
from tests.support.event_files import hparams, read_run
from tests.support.warm_start import WarmPopen, run

TAGS = ("loss/train", "loss/validation", "accuracy/train", "accuracy/validation")


def _find(runs: Path, name: str = "mlp@digits") -> Record:
    record = Store(f"sqlite:///{runs}/studies.db", create=False).find(name)
    assert record is not None
    return record


@pytest.fixture
def record(runs: Path) -> Record:
    """A finished study that was searched without TensorBoard."""
    return _find(runs)


def _catch_up(record: Record, clock: Callable[[], float] = time.time) -> None:
    with Loggers(record, [lambda study: EventFiles(study, clock)]) as telling:
        telling.catch_up()


def _files_of(record: Record) -> EventFiles:
    return EventFiles(LoggedStudy(record.name, record.folder, record.study))


def _trial(record: Record, number: int) -> EventAccumulator:
    return read_run(record.folder / "tensorboard" / f"trial-{number:04}")


def _holds_what_is_recorded(record: Record) -> None:
    """Every curve in the files is the record's, each epoch once."""
    rows = record.trials()
    assert {path.name for path in (record.folder / "tensorboard").glob("trial-*")} == {
        f"trial-{row.number:04}" for row in rows
    }
    for row in rows:
        run, curve = _trial(record, row.number), record.curve(row.number)
        for tag in TAGS:
            metric, split = tag.split("/")
            events = run.Scalars(tag)
            assert [event.step for event in events] == [score.epoch for score in curve]
            assert [event.value for event in events] == pytest.approx(
                [getattr(it, split)[metric] for it in curve], rel=1e-6
            )


def _files(record: Record) -> dict[str, bytes]:
    folder = record.folder / "tensorboard"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.studyhall")}


# --- what is in the files ---------------------------------------------------------------------------------------------


def test_every_curve_is_the_records(record: Record) -> None:
    _catch_up(record)
    _holds_what_is_recorded(record)


def test_every_trial_tells_its_parameters(record: Record) -> None:
    _catch_up(record)
    for row in record.trials():
        told = hparams(_trial(record, row.number), metadata.SESSION_START_INFO_TAG).session_start_info
        numbers = {name: value.number_value for name, value in told.hparams.items()}
        assert numbers == pytest.approx(record.study.to_external(row.params))
        assert told.group_name == f"trial {row.number}"


def test_every_trial_tells_its_score_and_how_it_ended(record: Record) -> None:
    _catch_up(record)
    for row in record.trials():
        run = _trial(record, row.number)
        (score,) = run.Scalars(SCORE)
        assert score.value == pytest.approx(row.value)
        ended = hparams(run, metadata.SESSION_END_INFO_TAG).session_end_info
        assert ended.status == api_pb2.STATUS_SUCCESS
        assert ended.end_time_secs > 0


def test_the_study_tells_what_is_searched_and_what_counts(record: Record) -> None:
    _catch_up(record)
    experiment = hparams(read_run(record.folder / "tensorboard"), metadata.EXPERIMENT_TAG).experiment
    ranges = {it.name: (it.domain_interval.min_value, it.domain_interval.max_value) for it in experiment.hparam_infos}
    assert set(ranges) == set(record.study.space)
    assert ranges["weight_decay"] == (0.0, 1e-2)  # the low end means 0
    assert [it.name.tag for it in experiment.metric_infos] == [SCORE, "accuracy/validation", "loss/validation"]


def test_a_trial_that_diverged_is_told_as_failed(record: Record) -> None:
    row = record.trials()[0]
    diverged = EpochMetrics(
        lane=0,
        epoch=1,
        train={"loss": math.nan, "accuracy": 0.1},
        validation={"loss": math.nan, "accuracy": 0.1},
        seconds=0.1,
    )
    parameters = record.study.to_external(row.params)
    _files_of(record).log_trial(LoggedTrial(0, "diverged", parameters, None, [diverged]))
    run = _trial(record, 0)
    assert hparams(run, metadata.SESSION_END_INFO_TAG).session_end_info.status == api_pb2.STATUS_FAILURE
    assert math.isnan(run.Scalars("loss/train")[0].value)
    assert SCORE not in run.Tags()["scalars"]


def test_time_is_training_time(record: Record) -> None:
    _catch_up(record, clock=lambda: 1_000_000.0)
    events, seconds = _trial(record, 0).Scalars("loss/train"), 0.0
    for event, score in zip(events, record.curve(0), strict=True):
        seconds += score.seconds
        assert event.wall_time == pytest.approx(1_000_000 + seconds)


# --- let this be so ---------------------------------------------------------------------------------------------------


def test_catching_up_again_changes_nothing(record: Record) -> None:
    _catch_up(record)
    before = _files(record)
    _catch_up(record, clock=lambda: 5.0)
    assert _files(record) == before


@pytest.mark.slow
def test_another_process_writes_the_same_bytes(record: Record) -> None:
    _catch_up(record, clock=lambda: 7.0)
    before = _files(record)
    for file in (record.folder / "tensorboard").rglob("trial-*/*.studyhall"):
        file.unlink()
    code = (
        "import sys; from search.record.store import Store; from search.cli.loggers import Loggers\n"
        f"record = Store('sqlite:///{record.folder.parent.parent}/studies.db').find('mlp@digits')\n"
        "Loggers(record, ['tensorboard']).catch_up()"
    )
    run([sys.executable, "-c", code]).check_returncode()
    assert _files(record) == before


@pytest.mark.parametrize("lost", [1, 40, 200])
def test_a_torn_end_is_completed_in_place(record: Record, lost: int) -> None:
    _catch_up(record)
    before = _files(record)
    file = record.folder / "tensorboard" / next(name for name in before if name.startswith("trial-0000"))
    file.write_bytes(file.read_bytes()[:-lost])
    place = file.stat().st_ino
    _catch_up(record)
    assert _files(record) == before
    assert file.stat().st_ino == place  # a TensorBoard that has it open goes on reading


@pytest.mark.parametrize("stale", [b"", b"garbage", bytes(5000)])
def test_what_is_not_of_the_study_is_replaced(record: Record, stale: bytes) -> None:
    _catch_up(record)
    before = _files(record)
    file = record.folder / "tensorboard" / next(name for name in before if name.startswith("trial-0003"))
    file.write_bytes(stale)
    _catch_up(record)
    assert _files(record) == before


def test_a_file_ahead_of_the_record_is_replaced(record: Record) -> None:
    _catch_up(record)
    row, curve = record.trials()[0], record.curve(0)
    further = curve[-1].model_copy(update={"epoch": curve[-1].epoch + 1})
    parameters = record.study.to_external(row.params)
    _files_of(record).log_trial(
        LoggedTrial(0, "running", parameters, None, [*curve, further])
    )  # as if the last commit had been lost with the power
    _catch_up(record)
    _holds_what_is_recorded(record)


# --- the command ------------------------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "search.run", "--study", "mlp", "--dataset", "digits", "--trials", "9"]
COMMAND += ["--epochs", "5", "--lanes", "2", "--workers", "0", "--quiet", "--tensorboard"]


@pytest.mark.slow
def test_a_run_that_pauses_after_every_tick_writes_every_epoch_once(tmp_path: Path, one_thread: None) -> None:
    changes = {"data": "digits", "trials": 7, "epochs": 4, "lanes": 2, "engines": 1}
    named = catalog.load("mlp")
    named = replace(named, study=catalog.override(named.study, **changes))
    options = Options(storage=f"sqlite:///{tmp_path}/studies.db", workers=0, timeout=0.0)
    starts, finished = 0, False
    while not finished:
        prepared = launch.prepare(named, options)
        make = partial(EventFiles, clock=lambda: 1000.0 * starts)  # noqa: B023 - asked now
        with Loggers(prepared.record, [make]) as telling:
            finished = launch.search(prepared, options, interrupt=Interrupt(), watchers=[telling.begin]).finished
        _holds_what_is_recorded(prepared.record)
        starts += 1
    assert starts > 5
    record = prepared.record
    assert len(record.trials()) == 7
    assert all(_trial(record, row.number).Scalars(SCORE) for row in record.trials() if row.value is not None)


@pytest.mark.slow
def test_a_run_that_is_killed_writes_every_epoch_once(tmp_path: Path) -> None:
    process = WarmPopen(COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.rglob("trial-0005/*")):  # in the middle
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run(COMMAND, cwd=tmp_path).check_returncode()
    _holds_what_is_recorded(_find(tmp_path / "runs"))


@pytest.mark.slow
def test_a_finished_study_gets_its_files_afterwards(runs: Path) -> None:
    again = ["--study", "mlp", "--dataset", "digits", "--trials", "10", "--epochs", "4", "--tensorboard"]
    told = invoke("search.run", *again, folder=runs.parent).output
    assert "nothing to train" in told
    assert "curves: tensorboard --logdir" in told
    _holds_what_is_recorded(_find(runs))


@pytest.mark.slow
def test_the_coordinator_takes_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from search.run import app\n"
        f"try: app({[*COMMAND[3:], '--workers', '1']!r})\n"
        "except SystemExit as ended: assert not ended.code\n"
        "assert not {'torch', 'tensorflow'} & set(sys.modules), 'a heavy library was imported'"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


def test_without_tensorboard_the_remedy_is_told(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match="not installed") as told:
        _files_of(record)
    assert told.value.remedy == "pip install 'studyhall[tensorboard]', or leave it out"
