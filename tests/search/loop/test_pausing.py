"""Trials that wait and come back: the outcome is the same wherever a run is cut off, and however it is spread."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import optuna
import pytest

from models.config.messages import EpochMetrics
from models.datasets.source import Source
from models.engine.engine import Engine
from search.cli.reproduce import reproduce
from search.launch import Prepared
from search.loop.history import SearchHistory
from search.pruners.promotion import Promotion
from search.record.store import Store
from search.record.trials_frame import trials_frame
from search.samplers.staged import Staged
from tests.support.cuts import after, cut_before, run
from tests.support.runs import PAUSING, assert_whole, table

optuna.logging.set_verbosity(optuna.logging.WARNING)

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
    repeats = [(row.joined, row.repeat_of) for row in rows if row.joined is not None and row.repeat_of is not None]
    assert any(joined - 1 not in ticks[original] for joined, original in repeats)  # of a trial that waited


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_same_table_whatever_the_number_of_processes(workers: int, undisturbed: str, url: Url, digits: Source) -> None:
    run(PAUSING, url("spread"), digits, workers=workers)
    assert table(url("spread")) == table(undisturbed)


@pytest.mark.slow
def test_a_paused_run_goes_on_from_its_snapshot(undisturbed: str, url: Url, digits: Source) -> None:
    for _ in range(3):
        assert not run(PAUSING, url("db"), digits, pause=after(2))
    assert run(PAUSING, url("db"), digits)
    assert table(url("db")) == table(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("always_keep", "stride"), [(True, 5), (False, 9)], ids=["with snapshots", "without snapshots"]
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


# --- what samplers and pruners may answer -----------------------------------------------------------------------------


def test_a_sampler_that_waits_for_trials_that_wait_goes_on_once_they_are_pruned(url: Url, digits: Source) -> None:
    stages = {"learning_rate": (0.01, 0.02, 0.03), "hidden": (4, 6)}
    sampler = Staged(start={"hidden": 5, "weight_decay": 0.0}, stages=stages)
    assert run(PAUSING.model_copy(update={"sampler": sampler}), url("staged"), digits)
    rows, _ = table(url("staged"))
    first = [row.waited_until for row in rows[1:4] if row.state == "pruned"]
    assert len(rows) == 6
    assert first
    assert all(row.joined is None or row.joined == tick + 1 for row in rows[4:] for tick in first)


class Careless(Promotion):
    """Promotes a trial that does not wait."""

    def promote(self, history: SearchHistory, free: int) -> Sequence[int]:
        return [min(history.rows)]


def test_only_a_trial_that_waits_can_be_promoted(url: Url, digits: Source) -> None:
    with pytest.raises(RuntimeError, match=r"of the paused trials \[1, 2, 3\] at most 3 go on, not \[0\]"):
        run(PAUSING.model_copy(update={"pruner": Careless()}), url("careless"), digits)


# --- one that fails as it comes back ----------------------------------------------------------------------------------


@pytest.fixture
def failing(undisturbed: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let the first trial that came back after a while raise as it does; returns its number."""
    trial, epochs = next(
        (trial, epochs)
        for trial, lived in sorted(_ticks(undisturbed).items())
        for epochs, (earlier, later) in enumerate(pairwise(lived), start=1)
        if later > earlier + 1
    )
    ticks = Engine.tick

    def tick(engine: Engine, number: int, only: int | None = None) -> list[EpochMetrics]:
        lane = engine._lanes.get(trial)
        if lane is not None and only in (None, trial) and lane.epochs == epochs:
            raise ValueError("worn out")
        return ticks(engine, number, only)

    monkeypatch.setattr(Engine, "tick", tick)
    return trial


@pytest.mark.slow
@pytest.mark.parametrize("always_keep", [True, False], ids=["with snapshots", "without snapshots"])
def test_a_trial_that_fails_as_it_comes_back_fails_alone(
    always_keep: bool, failing: int, url: Url, digits: Source
) -> None:
    assert run(PAUSING, url("calm"), digits)
    rows, _ = table(url("calm"))
    assert [row.number for row in rows if row.state == "failed"] == [failing]
    assert (rows[failing].reason or "").startswith("ValueError: worn out")
    assert len(_ticks(url("calm"))) == len(rows)
    write = 3
    while cut_before(write, PAUSING, url(f"{write}"), digits, always_keep=always_keep):
        assert run(PAUSING, url(f"{write}"), digits, always_keep=always_keep)
        assert table(url(f"{write}")) == table(url("calm")), f"cut off before write {write}"
        write += 11
    assert write > 10


# --- what is told of them ---------------------------------------------------------------------------------------------


def test_the_table_of_trials_counts_how_often_one_came_back(undisturbed: str) -> None:
    record = Store(undisturbed).find("small")
    assert record is not None
    frame = trials_frame(record, record.trials(), record.curves())
    gaps = {
        n: sum(later > earlier + 1 for earlier, later in pairwise(lived)) for n, lived in _ticks(undisturbed).items()
    }
    assert frame.columns[-1] == "pauses"
    assert dict(zip(frame["number"], frame["pauses"], strict=True)) == gaps
    assert sum(gaps.values()) > 1


def test_a_trial_that_came_back_is_reproduced_to_the_same_bits(undisturbed: str, digits: Source) -> None:
    record = Store(undisturbed).find("small")
    assert record is not None
    lived = _ticks(undisturbed)
    longest = max(lived, key=lambda trial: lived[trial][-1] - lived[trial][0] - len(lived[trial]))
    recorded, again = reproduce(Prepared(PAUSING, record, digits, "cpu", undisturbed, None), longest)
    assert len(recorded) == len(lived[longest])
    for old, new in zip(recorded, again, strict=True):
        assert old.model_copy(update={"seconds": 0.0}) == new.model_copy(update={"seconds": 0.0})
