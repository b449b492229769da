"""The search as it ships: what is tried and who goes on follows from the record, however often it is cut off."""

from collections.abc import Sequence
from pathlib import Path

import optuna
import pytest

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from models.datasets.source import Source
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.objective import Objective
from search.pruners.expected_gain import ExpectedGain
from search.samplers.gp import GP
from search.trial import TrialRow
from tests.support.cuts import cut_before, run
from tests.support.runs import assert_whole, table

optuna.logging.set_verbosity(optuna.logging.WARNING)

STUDY = Study(
    family=Mlp(),
    data="digits",
    epochs=6,
    trials=22,
    engines=2,
    lanes=2,
    space={
        "learning_rate": Float(1e-3, 3.0, log=True),
        "hidden": Int(4, 12),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    },
    baselines=(Baseline("known", hidden=5, learning_rate=0.01, weight_decay=0.0),),
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, digits: Source) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('undisturbed')}/it.db"
    assert run(STUDY, url, digits)
    assert_whole(url)
    return url


def test_a_study_that_names_neither_gets_the_process_and_its_pauses(undisturbed: str) -> None:
    assert STUDY.sampler == GP()
    assert STUDY.pruner == ExpectedGain()
    rows, scores = table(undisturbed)
    assert len(rows) == 22
    complete = [row for row in rows if row.state == "complete"]
    assert len(complete) >= 5
    assert len(scores) < 22 * 6 * 0.9  # epochs are saved
    lived: dict[int, list[int]] = {}
    for tick, score in scores:
        lived.setdefault(score.lane, []).append(tick)
    assert any(ticks[-1] - ticks[0] >= len(ticks) for ticks in lived.values())  # some came back after a while
    best = max(complete, key=lambda row: row.value or 0.0)
    assert best.number >= GP().startup  # what it drew, not what it began with


@pytest.mark.slow
@pytest.mark.parametrize("always_keep", [True, False])
def test_a_run_cut_off_before_its_writes_ends_the_same(
    undisturbed: str, tmp_path: Path, digits: Source, always_keep: bool
) -> None:
    write = 1
    while cut_before(write, STUDY, url := f"sqlite:///{tmp_path}/{write}.db", digits, always_keep=always_keep):
        assert run(STUDY, url, digits, always_keep=always_keep)
        assert table(url) == table(undisturbed), f"cut before write {write}"
        write += 14
    assert write > 20


def assert_same_after_cuts(
    writes: Sequence[int],
    study: Study,
    folder: Path,
    digits: Source,
    whole: tuple[list[TrialRow], list[tuple[int, EpochMetrics]]],
) -> None:
    for write in writes:
        url = f"sqlite:///{folder}/{write}.db"
        assert cut_before(write, study, url, digits, always_keep=True)
        assert run(study, url, digits, always_keep=True)
        assert table(url) == whole, f"cut before write {write}"


@pytest.mark.slow
def test_a_search_that_has_settled_ends_with_its_leader_trained_from_five_seeds(tmp_path: Path, digits: Source) -> None:
    study = STUDY.model_copy(update={"until_settled": True, "trials": 300})
    url = f"sqlite:///{tmp_path}/whole.db"
    assert run(study, url, digits)
    rows, scores = table(url)
    assert 30 <= len(rows) < 300
    again = [row for row in rows if row.repeat_of is not None]
    assert len(again) == 4
    assert len({row.value for row in again}) > 1  # each has a seed of its own
    best = max(row.value or 0.0 for row in rows if row.state == "complete")
    assert best > 0.8
    said = study.sampler.exhausted_reason(study, rows)
    assert said is not None
    assert "settled" in said
    assert_same_after_cuts((30, 60), study, tmp_path, digits, (rows, scores))
    assert run(study, url, digits)  # there is nothing left to do
    assert table(url) == (rows, scores)


@pytest.mark.slow
@pytest.mark.parametrize("beside", ["parameters", "loss"])
def test_a_front_that_has_settled_ends_with_its_points_trained_from_other_seeds(
    tmp_path: Path, digits: Source, beside: str
) -> None:
    objective = Objective(beside=Objective(beside))
    study = STUDY.model_copy(update={"until_settled": True, "trials": 300, "objective": objective})
    url = f"sqlite:///{tmp_path}/whole.db"
    assert run(study, url, digits)
    rows, scores = table(url)
    assert 38 <= len(rows) < 300
    again = [row for row in rows if row.repeat_of is not None]
    assert len(again) == 8
    assert all(row.state == "complete" for row in again)
    assert len({row.repeat_of for row in again}) >= 2
    assert "as 8 trainings from other seeds have shown" in (study.sampler.exhausted_reason(study, rows) or "")
    assert_same_after_cuts((35,), study, tmp_path, digits, (rows, scores))


@pytest.mark.slow
def test_same_table_in_two_processes(undisturbed: str, tmp_path: Path, digits: Source) -> None:
    assert run(STUDY, url := f"sqlite:///{tmp_path}/spread.db", digits, workers=2)
    assert table(url) == table(undisturbed)
