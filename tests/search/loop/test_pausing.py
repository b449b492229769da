"""Trials that wait and come back: the outcome is the same wherever a run is cut off, and however it is spread."""

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from models.config.families import Mlp
from models.config.optimizers import SGD
from models.datasets.source import Source
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.pruners.promotion import Promotion
from tests.support.cuts import after, cut_before, run
from tests.support.runs import assert_whole, table

optuna.logging.set_verbosity(optuna.logging.WARNING)

# Few places for many trials, so that some wait while others train; momentum, which a pause must keep; few
# configurations, so that some repeat one that is paused.
PAUSING = Study(
    family=Mlp(),
    data="digits",
    epochs=5,
    trials=14,
    engines=2,
    lanes=2,
    optimizer=SGD(momentum=0.9),
    space={
        "learning_rate": Float(0.01, 0.03, step=0.01),
        "hidden": Int(4, 6),
        "weight_decay": Float(0.0, 0.01, step=0.01),
    },
    baselines=(Baseline("known", hidden=5, learning_rate=0.01, weight_decay=0.0),),
    sampler="random",
    pruner=Promotion(keep_fraction=0.4, reduction_factor=2),
    paused=4,
)

Url = Callable[[str], str]


@pytest.fixture
def url(tmp_path: Path) -> Url:
    """The address of a database of that name."""
    return lambda name: f"sqlite:///{tmp_path}/{name}.db"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, digits: Source) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('undisturbed')}/it.db"
    assert run(PAUSING, url, digits)
    assert_whole(url)
    return url


def _ticks(url: str) -> dict[int, list[int]]:
    """The ticks that each trial has lived in."""
    ticks: dict[int, list[int]] = {}
    for tick, score in table(url)[1]:
        ticks.setdefault(score.lane, []).append(tick)
    return ticks


def test_the_study_of_these_tests_has_all_that_can_become_of_a_paused_trial(undisturbed: str) -> None:
    rows, _ = table(undisturbed)
    ticks = _ticks(undisturbed)
    last = max(tick for lived in ticks.values() for tick in lived)
    assert any(lived[-1] - lived[0] >= len(lived) for lived in ticks.values())  # came back after a while
    pruned = [row for row in rows if row.state == "pruned" and row.joined is not None]
    assert all(row.waited_until is not None and row.waited_until >= ticks[row.number][-1] for row in pruned)
    assert any(row.waited_until == last for row in pruned)  # waited to the end
    assert any(row.waited_until < last for row in pruned)  # made room for others
    assert any(row.state == "complete" and row.baseline is None for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_same_table_whatever_the_number_of_processes(workers: int, undisturbed: str, url: Url, digits: Source) -> None:
    run(PAUSING, url("spread"), digits, workers=workers)
    assert table(url("spread")) == table(undisturbed)


def test_a_paused_run_goes_on_from_its_snapshot(undisturbed: str, url: Url, digits: Source) -> None:
    for _ in range(3):
        assert not run(PAUSING, url("db"), digits, pause=after(2))
    assert run(PAUSING, url("db"), digits)
    assert table(url("db")) == table(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("always_keep", "stride"), [(True, 1), (False, 3)], ids=["with snapshots", "without snapshots"]
)
def test_a_run_cut_off_before_any_write_ends_the_same(
    always_keep: bool, stride: int, undisturbed: str, url: Url, digits: Source
) -> None:
    write = 0
    while cut_before(write, PAUSING, url(f"{write}"), digits, always_keep=always_keep):
        assert run(PAUSING, url(f"{write}"), digits, always_keep=always_keep)
        assert table(url(f"{write}")) == table(undisturbed), f"cut off before write {write}"
        assert_whole(url(f"{write}"))
        write += stride
    assert write > 10


@pytest.mark.slow
def test_a_larger_budget_after_a_cut_gives_the_table_of_the_pair(url: Url, digits: Source) -> None:
    fewer = PAUSING.model_copy(update={"trials": 8})
    for name in ("calm", "cut"):
        if name == "cut":
            assert cut_before(9, fewer, url(name), digits, always_keep=True)
        assert run(fewer, url(name), digits)
        told = table(url(name))[0]
        if name == "cut":
            assert cut_before(3, PAUSING, url(name), digits, always_keep=False)
        assert run(PAUSING, url(name), digits)
        assert table(url(name))[0][:8] == told  # what was told pruned stays so
    assert table(url("cut")) == table(url("calm"))
