"""Trials of several lanes: each lane is what it would be alone, the trial is their mean, and nothing can be lost."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from models.config.messages import EpochMetrics, LaneSpec
from models.datasets.source import Source
from models.engine.engine import Engine
from models.seeds import derive
from search.cli.reproduce import reproduce
from search.config.study import Study
from search.fleet.fleet import Fleet
from search.launch import Prepared
from search.loop.members import by_trial, lane_specs
from search.record.record import Record
from search.record.store import Store
from search.record.trials_frame import trials_frame
from search.trial import TrialRow
from tests.support.cuts import cut_before, run
from tests.support.records import trials_by_optuna
from tests.support.runs import PAUSING, assert_whole, table, without_seconds

optuna.logging.set_verbosity(optuna.logging.WARNING)

Url = Callable[[str], str]
MEMBERS = 3
FEWER = {"trials": 7, "epochs": 4, "paused": 2}
SEVERAL = {
    "repeats": PAUSING.model_copy(update={"repeats": MEMBERS} | FEWER),
    "folds": PAUSING.model_copy(update={"folds": MEMBERS} | FEWER),
}


@pytest.fixture
def url(tmp_path: Path) -> Url:
    """The address of a database of that name."""
    return lambda name: f"sqlite:///{tmp_path}/{name}.db"


@pytest.fixture(scope="module", params=SEVERAL)
def study(request: pytest.FixtureRequest) -> Study:
    return SEVERAL[request.param]


@pytest.fixture(scope="module")
def undisturbed(study: Study, tmp_path_factory: pytest.TempPathFactory, digits: Source) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('undisturbed')}/it.db"
    assert run(study, url, digits)
    assert_whole(url)
    return url


def found(url: str) -> Record:
    record = Store(url).find("small")
    assert record is not None
    return record


# --- one lane, and one trial ------------------------------------------------------------------------------------------


def test_every_lane_learns_what_it_would_learn_alone(study: Study, undisturbed: str, digits: Source) -> None:
    record = found(undisturbed)
    row = next(row for row in record.trials() if row.state == "complete" and row.joined != 1)
    curve, ticks = record.curve(row.number), record.ticks()[row.number]
    for member, spec in enumerate(lane_specs(study, row)):
        with Fleet(engines=1, provider=0) as fleet:
            fleet.open(study, digits)
            alone = [fleet.tick(tick, [(0, spec)] if tick == ticks[0] else []) for tick in ticks]
        for (score,), recorded in zip(alone, curve, strict=True):
            assert score.train == recorded.members[member].train
            assert score.validation == recorded.members[member].validation


def test_lanes_of_a_trial_differ(undisturbed: str) -> None:
    for score in found(undisturbed).curve(0):
        assert len({lane.validation["loss"] for lane in score.members}) == MEMBERS


def test_a_trial_is_the_mean_of_its_lanes(undisturbed: str) -> None:
    record, told = found(undisturbed), trials_by_optuna(undisturbed, "small")
    for _, score in record.scores():
        for name, value in score.validation.items():
            assert value == pytest.approx(sum(lane.validation[name] for lane in score.members) / MEMBERS, rel=1e-12)
        assert told[score.lane].intermediate_values[score.epoch] == score.validation["accuracy"]
    for row in record.trials():
        if row.members is not None:
            assert row.value == pytest.approx(sum(row.members) / MEMBERS, rel=1e-12)
            assert told[row.number].user_attrs["members"] == list(row.members)
    assert all(row.members for row in record.trials() if row.state == "complete")


def test_the_best_epoch_is_that_of_the_mean(undisturbed: str) -> None:
    record = found(undisturbed)
    for row in record.trials():
        if row.state == "complete":
            assert row.value == max(score.validation["accuracy"] for score in record.curve(row.number))


def test_a_trial_of_one_lane_is_as_it_always_was() -> None:
    row = TrialRow(7, "running", PAUSING.to_internal(PAUSING.baselines[0].parameters))
    (spec,) = lane_specs(PAUSING, row)
    assert (spec.lane, spec.seed, spec.stream) == (7, derive(PAUSING.seed, "initial", 7), 0)
    score = metrics(7, 0.5)
    assert by_trial([score], 1) == [score]


def metrics(lane: int, loss: float) -> EpochMetrics:
    return EpochMetrics(lane=lane, epoch=1, train={"loss": 1.0}, validation={"loss": loss, "accuracy": 0.5}, seconds=1)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_trial_of_which_one_lane_diverges_has_diverged(broken: float) -> None:
    first, second = by_trial([metrics(0, 0.1), metrics(1, 0.3), metrics(2, broken), metrics(3, 0.3)], 2)
    assert PAUSING.objective.is_finite(first.validation)
    assert (first.validation["loss"], first.seconds) == (0.2, 2.0)
    assert not PAUSING.objective.is_finite(second.validation)


def test_equal_lanes_have_their_value_to_the_last_bit() -> None:
    (mean,) = by_trial([metrics(lane, 0.1) for lane in range(3)], 3)
    assert mean.validation["loss"] == 0.1  # which 0.1 + 0.1 + 0.1 over 3 is not


# --- nothing is lost --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("study", ["folds"], indirect=True)
def test_same_table_in_two_processes(study: Study, undisturbed: str, url: Url, digits: Source) -> None:
    run(study, url("spread"), digits, workers=2)
    assert table(url("spread")) == table(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("study", ["folds"], indirect=True)
@pytest.mark.parametrize(
    ("always_keep", "stride"), [(True, 9), (False, 16)], ids=["with snapshots", "without snapshots"]
)
def test_a_run_cut_off_before_a_write_ends_the_same(
    always_keep: bool, stride: int, study: Study, undisturbed: str, url: Url, digits: Source
) -> None:
    write = 1
    while cut_before(write, study, url(f"{write}"), digits, always_keep=always_keep):
        assert run(study, url(f"{write}"), digits, always_keep=always_keep)
        assert table(url(f"{write}")) == table(undisturbed), f"cut off before write {write}"
        assert_whole(url(f"{write}"))
        write += stride
    assert write > 10


@pytest.mark.slow
def test_a_trial_fails_with_any_of_its_lanes(
    study: Study, url: Url, digits: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick, broken = Engine.tick, 2 * MEMBERS + 1  # a lane of trial 2

    def failing(engine: Engine, number: int, only: int | None = None) -> list[EpochMetrics]:
        if number == 1 and broken in engine.lanes and only in (None, broken):
            raise ValueError("worn out")
        return tick(engine, number, only)

    monkeypatch.setattr(Engine, "tick", failing)
    assert run(study.model_copy(update={"trials": 5}), url("failing"), digits)
    rows, _ = table(url("failing"))
    assert [row.number for row in rows if row.state == "failed"] == [2]
    assert (rows[2].reason or "").startswith("ValueError: worn out")
    assert any(row.state == "complete" for row in rows)


def test_it_is_reproduced_to_the_same_bits(study: Study, undisturbed: str, digits: Source) -> None:
    recorded, again = reproduce(Prepared(study, found(undisturbed), digits, "cpu", undisturbed, None), 1)
    assert [without_seconds(score) for score in recorded] == [without_seconds(score) for score in again]
    assert all(len(score.members) == MEMBERS for score in again)


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_table_has_each_lanes_value_with_the_standard_error(study: Study, undisturbed: str) -> None:
    record = found(undisturbed)
    frame = trials_frame(record, record.trials(), record.curves())
    each = [f"validation_accuracy_{study.member_name}_{member}" for member in range(MEMBERS)]
    assert list(frame.columns[-MEMBERS - 1 :]) == ["validation_accuracy_standard_error", *each]
    for row in record.trials():
        if row.state == "complete":
            assert tuple(frame.loc[row.number, each]) == row.members
            deviation = float(frame.loc[row.number, each].astype(float).std())
            error = frame.loc[row.number, "validation_accuracy_standard_error"]
            assert error == pytest.approx(deviation / math.sqrt(MEMBERS))


def test_lanes_join_and_leave_with_their_trial(study: Study) -> None:
    row = TrialRow(4, "running", study.to_internal(study.baselines[0].parameters))
    specs = lane_specs(study, row)
    assert [spec.lane for spec in specs] == [12, 13, 14]
    assert len({spec.seed for spec in specs}) == len({spec.stream for spec in specs}) == MEMBERS
    assert [spec.fold for spec in specs] == ([0, 1, 2] if study.folds > 1 else [0, 0, 0])
    assert [spec.parameters for spec in specs] == [study.baselines[0].parameters] * MEMBERS
    assert all(isinstance(spec, LaneSpec) and spec.resumed for spec in lane_specs(study, replace(row), resumed=True))
