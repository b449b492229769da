"""A run cannot be lost: the real command is killed, its workers are, its models fail, and the table is the same.

`pytest tests/promises/test_crash.py --kills 30 -s` is the long form, whose figures are in RELIABILITY.md.
"""

import math
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from models.datasets.source import Source
from models.errors import UserError
from search.config.study import Study
from search.fleet.local import Machine
from search.samplers.grid import Grid
from search.trial import TrialRow
from tests.support.commands import search_here
from tests.support.cuts import cut_before, run
from tests.support.runs import (
    ENDLESS,
    LONGER,
    REPEATING,
    TOO_LATE,
    WAITING,
    assert_sound,
    assert_whole,
    fail_when_training,
    finish,
    is_gone,
    kill_somewhere,
    search,
    start,
    study_file,
    table,
    wait_for_tick,
    within,
    workers_of,
)

pytestmark = pytest.mark.slow

# --- kill -9 of the whole tree ----------------------------------------------------------------------------------------

KILLS_PER_RUN = 6
SOON = 30.0  # seconds: on a machine that others use as well


@pytest.mark.parametrize("changes", [LONGER, WAITING], ids=["pruned", "paused"])
def test_a_run_killed_at_random_moments_ends_the_same(
    changes: tuple[tuple[str, str], ...], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    left, fates, began = pytestconfig.getoption("--kills"), Counter[str](), time.monotonic()
    study, draw = study_file(tmp_path, *changes), random.Random()
    plans = [[("--trials", "40")], [("--trials", "20"), ("--trials", "40")]]
    calm: dict[int, str] = {}
    while left > 0:
        mine, which = min(left, KILLS_PER_RUN), fates["runs"] % len(plans)
        if which not in calm:
            calm[which] = f"sqlite:///{tmp_path}/calm-{which}.db"
            for options in plans[which]:
                search_here(study, calm[which], *options)
        url = f"sqlite:///{tmp_path}/run-{fates['runs']}.db"
        for options in plans[which]:
            workers = str(draw.choice([0, 1, 1, 2]))
            for _ in range(math.ceil(mine / len(plans[which]))):
                fate = kill_somewhere(start(study, url, *options, "--workers", workers), draw)
                fates[fate] += 1
                left -= fate != TOO_LATE
            search(study, url, *options, "--workers", workers)
        assert table(url) == table(calm[which])
        assert_whole(url)
        fates["runs"] += 1
    told = ", ".join(f"{count} {fate}" for fate, count in fates.items())
    print(f"\n{told}; {time.monotonic() - began:.0f} s")  # noqa: T201 - the figures of RELIABILITY.md


def test_no_worker_outlives_its_parent(tmp_path: Path) -> None:
    process = start(study_file(tmp_path, *ENDLESS), f"sqlite:///{tmp_path}/runs.db", "--workers", "2")
    wait_for_tick(process)
    workers = workers_of(process.pid)
    assert len(workers) == 2
    process.kill()
    process.communicate()
    assert within(SOON, lambda: all(map(is_gone, workers)))


# --- signals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_pauses_a_run(number: int, code: int, tmp_path: Path) -> None:
    study, url = study_file(tmp_path, *ENDLESS), f"sqlite:///{tmp_path}/runs.db"
    process = start(study, url, "--workers", "1")
    wait_for_tick(process, 2)
    workers = workers_of(process.pid)
    process.send_signal(number)
    began = time.monotonic()
    said = finish(process)
    assert time.monotonic() - began < SOON
    assert process.returncode == code
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert all(map(is_gone, workers))
    assert list((tmp_path / "runs" / "small" / "snapshots").glob("tick-*"))


@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [
        (signal.SIGINT, 130, "it opens the database"),
        (signal.SIGINT, 130, "it starts workers"),
        (signal.SIGTERM, 143, "it opens the database"),
    ],
)
def test_a_signal_ends_a_run_that_still_starts(number: int, code: int, moment: str, tmp_path: Path) -> None:
    process = start(study_file(tmp_path, *ENDLESS), f"sqlite:///{tmp_path}/runs.db", "--workers", "1")
    begun = {
        "it opens the database": (tmp_path / "runs.db").exists,
        "it starts workers": lambda: bool(workers_of(process.pid)),
    }
    assert within(SOON, begun[moment])
    workers = workers_of(process.pid)
    process.send_signal(number)
    began = time.monotonic()
    said = finish(process)
    assert time.monotonic() - began < SOON
    assert process.returncode in (code, -number), said  # the second: before the first line of ours was run
    assert process.returncode == code or not said
    assert within(SOON, lambda: all(map(is_gone, workers)))


def test_a_second_signal_ends_a_run_at_once(tmp_path: Path) -> None:
    study, url = study_file(tmp_path, *ENDLESS), f"sqlite:///{tmp_path}/runs.db"
    process = start(study, url, "--workers", "1")
    wait_for_tick(process, 2)
    workers = workers_of(process.pid)
    os.kill(workers[0], signal.SIGSTOP)  # a tick that would take for ever
    process.send_signal(signal.SIGINT)
    assert not within(0.5, lambda: process.poll() is not None)

    def insist() -> bool:  # two signals that come before the first is seen are one
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        return process.poll() is not None

    assert within(SOON, insist)
    assert process.returncode == -signal.SIGINT
    os.kill(workers[0], signal.SIGCONT)
    assert within(SOON, lambda: is_gone(workers[0]))
    assert "the same command" not in finish(process)
    assert_sound(url)
    assert len(table(url)[0]) >= 6


# --- workers that die -------------------------------------------------------------------------------------------------


def test_a_run_whose_workers_are_killed_ends_the_same(tmp_path: Path, digits: Source) -> None:
    calm, url = f"sqlite:///{tmp_path}/calm.db", f"sqlite:///{tmp_path}/runs.db"
    assert run(REPEATING, calm, digits)
    moments = iter([0, 1, None, 0, None, None, None])  # after each tick: which of the two workers is killed

    def kill() -> bool:
        if (which := next(moments, None)) is not None:
            os.kill(workers_of(os.getpid())[which], signal.SIGKILL)
        return False

    assert run(REPEATING, url, digits, workers=2, pause=kill)
    assert table(url) == table(calm)
    assert_whole(url)


def test_a_run_whose_worker_is_stopped_ends_the_same(tmp_path: Path, digits: Source) -> None:
    calm, url = f"sqlite:///{tmp_path}/calm.db", f"sqlite:///{tmp_path}/runs.db"
    assert run(REPEATING, calm, digits)
    moments, stopped = iter([False, True]), list[int]()

    def stop() -> bool:
        if next(moments, False):
            stopped.extend(workers_of(os.getpid()))
            os.kill(stopped[0], signal.SIGSTOP)
        return False

    assert run(REPEATING, url, digits, workers=Machine(1, timeout=5.0), pause=stop)
    assert table(url) == table(calm)
    assert_whole(url)
    assert is_gone(stopped[0])


GRID = Study(
    family="mlp",
    data="digits",
    epochs=3,
    trials=8,
    engines=2,
    lanes=2,
    space=REPEATING.space | {"hidden": {"low": 4, "high": 11, "kind": "int"}},
    sampler=Grid(values={"learning_rate": (0.1,), "weight_decay": (0.0,), "hidden": tuple(range(4, 12))}),
    pruner="none",
)


@pytest.fixture
def in_every_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets workers meet that statement when they train the trial of 7 hidden units."""

    def write(statement: str) -> None:
        which = "lane.spec.parameters['hidden'] == 7 and lane.epochs == 1"
        # The first of all folders: the Python of some systems has a sitecustomize of its own.
        monkeypatch.syspath_prepend(fail_when_training(tmp_path, "studyhall.worker", which, statement))

    return write


def _one_failed(rows: list[TrialRow]) -> str:
    """Assert that the trial of 7 hidden units failed after its first epoch, and no other; returns the reason."""
    assert {row.state for row in rows if row.params["hidden"] != 7} == {"complete"}
    (failed,) = [row for row in rows if row.params["hidden"] == 7]
    assert failed.state == "failed"
    assert failed.reason
    return failed.reason


def test_the_lane_that_kills_its_worker_fails(
    in_every_worker: Callable[[str], None], tmp_path: Path, digits: Source
) -> None:
    in_every_worker("os.kill(os.getpid(), signal.SIGKILL)")
    assert run(GRID, f"sqlite:///{tmp_path}/one.db", digits, workers=1)
    rows, curves = table(f"sqlite:///{tmp_path}/one.db")
    assert _one_failed(rows) == "worker 0 died: killed by SIGKILL"
    assert len(curves) == 7 * 3 + 1
    assert_whole(f"sqlite:///{tmp_path}/one.db")


def test_the_lane_that_raises_fails(in_every_worker: Callable[[str], None], tmp_path: Path, digits: Source) -> None:
    in_every_worker("raise ValueError('no sevens')")
    assert run(GRID, f"sqlite:///{tmp_path}/one.db", digits, workers=1)
    rows, _ = table(f"sqlite:///{tmp_path}/one.db")
    reason = _one_failed(rows)
    assert reason.startswith("ValueError: no sevens (failures/trial-")


# --- models that fail -------------------------------------------------------------------------------------------------

HUGE = 4_000_000_000  # hidden units: no machine has the memory


def grid(*hidden: int) -> Study:
    """A study that tries these numbers of hidden units."""
    return GRID.model_copy(
        update={
            "space": GRID.space | {"hidden": GRID.space["hidden"].__class__(4, HUGE, log=True)},
            "sampler": Grid(values={"learning_rate": (0.1,), "weight_decay": (0.0,), "hidden": hidden}),
            "trials": len(hidden),
        }
    )


def test_a_trial_that_asks_for_too_much_memory_fails_alone(tmp_path: Path, digits: Source) -> None:
    study = grid(4, 5, HUGE, 6, HUGE - 1, 7, 8)
    calm = f"sqlite:///{tmp_path}/calm.db"
    assert run(study, calm, digits)
    rows, _ = table(calm)
    assert {row.state for row in rows if row.params["hidden"] > 100} == {"failed"}
    assert {row.state for row in rows if row.params["hidden"] < 100} == {"complete"}
    assert all("memory" in (row.reason or "") for row in rows if row.state == "failed")
    write = 1
    while cut_before(write, study, url := f"sqlite:///{tmp_path}/{write}.db", digits, always_keep=True):
        assert run(study, url, digits)
        assert table(url) == table(calm)
        write += 7
    assert write > 8


def test_five_failures_in_a_row_stop_a_run(tmp_path: Path, digits: Source) -> None:
    study, url = grid(*range(HUGE - 8, HUGE)), f"sqlite:///{tmp_path}/runs.db"
    with pytest.raises(
        UserError, match=r"5 trials in a row failed; the last one, trial 4, with RuntimeError: .*memory"
    ):
        run(study, url, digits)
    assert run(study, url, digits)  # three are left
    rows, _ = table(url)
    assert [row.state for row in rows] == ["failed"] * 8


def test_failures_between_others_stop_no_run(tmp_path: Path, digits: Source) -> None:
    hidden = [width for i in range(6) for width in (HUGE - i, 4 + i)]
    url = f"sqlite:///{tmp_path}/runs.db"
    assert run(grid(*hidden).model_copy(update={"engines": 1, "lanes": 1}), url, digits)
    rows, _ = table(url)
    assert Counter(row.state for row in rows) == {"failed": 6, "complete": 6}
