"""What a run shows: figures that are right, a region that stays calm on a terminal, few lines elsewhere; the list."""

import copy
import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from search.cli.eta import EtaEstimator, ProgressSnapshot
from search.cli.listing import Row, show, study_rows
from search.cli.progress import ProgressDisplay, progress_line, progress_table, redraws_in_place
from search.cli.wording import duration
from search.config.space import Float, Int
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.pruners.none import NoPruner
from search.record.store import Store
from search.trial import TrialRow
from tests.support.commands import search_here
from tests.support.runs import ROOT, kill_tree, start, study_file, wait_for_tick
from tests.support.warm_start import WarmPopen

SPACE = {
    "learning_rate": Float(0.1, 1.0, log=True),
    "hidden": Int(4, 8),
    "weight_decay": Float(1e-6, 1e-2, log=True),
}


def study(**changes: Any) -> Study:
    """One engine, so that no engine waits for another; no trial is cut."""
    small = {"family": Mlp(), "data": "digits", "space": SPACE, "engines": 1, "lanes": 4, "pruner": NoPruner()}
    return Study(**{**small, "trials": 20, "epochs": 5, **changes})


class Imagined:
    """A search whose trials all train to their end, `places` at a time; each tick takes so many seconds."""

    def __init__(self, study: Study, seconds: float = 2.0) -> None:
        self.study, self.name, self.tick, self.now, self.seconds = study, "imagined", 0, 0.0, seconds
        self.rows: dict[int, TrialRow] = {}
        self.live: dict[int, Any] = {}
        self.paused: dict[int, Any] = {}
        self.reached: Counter[int] = Counter()
        self.curves: dict[int, list[EpochMetrics]] = {}
        self.epoch_seconds: dict[int, float] = {}
        self.spent = 0.0
        self.first_complete: TrialRow | None = None  # they all have the same value

    @property
    def history(self) -> "Imagined":
        return self

    def best(self) -> TrialRow | None:
        return self.first_complete

    def train(self) -> None:
        while len(self.live) < self.study.places and len(self.rows) < self.study.trials:
            number = len(self.rows)
            drawn = {"learning_rate": 0.1, "hidden": 4, "weight_decay": 1e-6}
            self.rows[number] = TrialRow(number, "running", drawn, joined=self.tick + 1)
            self.live[number] = SimpleNamespace(curve=[])
        self.tick, self.now = self.tick + 1, self.now + self.seconds
        for number, live in list(self.live.items()):
            epoch = len(live.curve) + 1
            live.curve.append(_score(number, epoch))
            self.reached[epoch] += 1
            self.curves[number] = live.curve
            self.epoch_seconds[number] = live.curve[-1].seconds
            self.spent += live.curve[-1].seconds
            if epoch == self.study.epochs:
                del self.live[number]
                row = self.rows[number]
                complete = TrialRow(number, "complete", row.params, joined=row.joined, value=0.5)
                self.rows[number], self.first_complete = complete, self.first_complete or complete


def _score(number: int, epoch: int, accuracy: float = 0.01) -> EpochMetrics:
    validation = {"loss": 1.0, "accuracy": accuracy}
    return EpochMetrics(
        lane=number, epoch=epoch, train={"loss": 1.0, "accuracy": 0.5}, validation=validation, seconds=0.1
    )


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_time_left_is_the_time_that_it_takes() -> None:
    imagined = Imagined(study())
    estimator = EtaEstimator(imagined, lambda: imagined.now)  # type: ignore[arg-type]
    left = []
    for _ in range(25):  # 20 trials of 5 epochs, 4 at a time
        imagined.train()
        snapshot = estimator.snapshot()
        left.append((snapshot.left, 50.0 - imagined.now))
    assert [told for told, _ in left] == pytest.approx([true for _, true in left])
    assert (snapshot.done, snapshot.alive, snapshot.trained, snapshot.saved) == (20, 0, 100, 0)


def test_a_search_that_is_taken_up_is_timed_from_its_second_tick() -> None:
    imagined = Imagined(study())
    for _ in range(7):
        imagined.train()
    estimator = EtaEstimator(imagined, lambda: imagined.now)  # type: ignore[arg-type]
    imagined.train()
    assert estimator.snapshot().left is None
    imagined.train()
    assert estimator.snapshot().left == pytest.approx(50.0 - imagined.now)


def test_a_search_that_went_back_to_a_snapshot_is_counted_anew() -> None:
    imagined = Imagined(study())
    estimator = EtaEstimator(imagined, lambda: imagined.now)  # type: ignore[arg-type]
    for tick in range(1, 13):
        imagined.train()
        estimator.snapshot()
        if tick == 8:
            kept = copy.deepcopy(vars(imagined))
    vars(imagined).update({**kept, "now": imagined.now})
    imagined.train()
    snapshot = estimator.snapshot()
    assert snapshot.ended == {"complete": 4}
    assert snapshot.left is None  # how fast it is, is known again after the next tick
    imagined.train()
    assert estimator.snapshot().ended == {"complete": 8}


def test_epochs_of_trials_that_live_are_not_yet_saved() -> None:
    imagined = Imagined(study())
    estimator = EtaEstimator(imagined, lambda: imagined.now)  # type: ignore[arg-type]
    imagined.train()
    assert estimator.snapshot().saved == 0
    del imagined.live[0]  # cut after its first epoch
    imagined.rows[0] = TrialRow(0, "pruned", {}, joined=1, value=0.1)
    snapshot = estimator.snapshot()
    assert (snapshot.saved, snapshot.trained, snapshot.ended) == (4, 4, {"pruned": 1})
    assert "50% of epochs saved" in progress_line(snapshot, parameters=False)


def test_epochs_of_trials_that_fail_or_diverge_are_not_saved() -> None:
    imagined = Imagined(study())
    estimator = EtaEstimator(imagined, lambda: imagined.now)  # type: ignore[arg-type]
    imagined.train()
    imagined.train()
    ends: list[dict[str, Any]] = [{"state": "failed", "reason": "no memory"}, {"state": "pruned", "diverged_at": 2}]
    for number, ended in enumerate(ends):
        del imagined.live[number]
        imagined.rows[number] = replace(imagined.rows[number], **ended)
    snapshot = estimator.snapshot()
    assert (snapshot.saved, snapshot.trained, snapshot.ended) == (0, 8, {"failed": 1, "diverged": 1})


def test_paused_trials_are_told_and_their_epochs_are_not_yet_saved() -> None:
    imagined = Imagined(study())
    estimator = EtaEstimator(imagined, lambda: imagined.now)  # type: ignore[arg-type]
    imagined.train()
    imagined.paused[3] = imagined.live.pop(3)
    imagined.paused[3].curve[-1] = _score(3, 1, 0.09)
    snapshot = estimator.snapshot()
    assert (snapshot.alive, snapshot.paused, snapshot.saved, snapshot.done) == (3, 1, 0, 0)
    assert snapshot.best is not None
    assert snapshot.best.number == 3
    assert "3 alive, 1 paused" in progress_line(snapshot, parameters=False)


def test_the_leader_is_told_until_a_trial_is_complete() -> None:
    imagined = Imagined(study())
    estimator = EtaEstimator(imagined, lambda: imagined.now)  # type: ignore[arg-type]
    imagined.train()
    imagined.live[2].curve[-1] = _score(2, 1, 0.09)
    leader = estimator.snapshot().best
    assert leader is not None
    assert (leader.number, leader.value, leader.state) == (2, 0.09, "running")
    for _ in range(4):
        imagined.train()
    best = estimator.snapshot().best
    assert best is not None
    assert (best.value, best.state) == (0.5, "complete")


class CountingRows(dict[int, TrialRow]):
    """The rows of a search, which count how many are read."""

    read = 0

    def __getitem__(self, number: int) -> TrialRow:
        self.read += 1
        return super().__getitem__(number)

    def values(self) -> Any:
        self.read += len(self)
        return super().values()


def test_following_five_thousand_trials_reads_each_once_for_every_tick_of_its_life() -> None:
    imagined, rows = Imagined(study(trials=5000, lanes=8)), CountingRows()
    imagined.rows = rows
    estimator = EtaEstimator(imagined, lambda: imagined.now)  # type: ignore[arg-type]
    reads = 0
    while len(rows) < 5000 or imagined.live:
        imagined.train()
        before = rows.read
        snapshot = estimator.snapshot()
        reads += rows.read - before
    assert snapshot.ended == {"complete": 5000}
    # A trial is read in each of its five ticks; the leader once more in each of the four before any is complete.
    assert reads == 5 * 5000 + 4


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "1 s"), (99, "99 s"), (200, "3 min"), (8000, "2 h 13 min"), (4e5, "4 days 15 h")]
)
def test_a_time_is_told_as_one_says_it(seconds: float, told: str) -> None:
    assert duration(seconds) == told


# --- on a terminal ----------------------------------------------------------------------------------------------------

PARAMETERS = {"learning_rate": 0.123456, "hidden": 301, "weight_decay": 0.0, "final_factor": 0.25, "depth": 2}
SNAPSHOT = ProgressSnapshot(
    tick=1234,
    alive=1000,
    paused=100,
    ended={"complete": 12345, "pruned": 54321, "diverged": 999, "failed": 1},
    planned=100_000,
    best=TrialRow(77777, "complete", PARAMETERS, value=0.98765),
    baseline=0.9127,
    trained=1_234_567,
    saved=7_654_321,
    left=3e5,
)


@pytest.mark.parametrize("width", [20, 40, 59, 80, 120, 200])
def test_no_line_of_the_table_is_longer_than_the_terminal_is_wide(width: int) -> None:
    heights = set()
    for snapshot in (None, SNAPSHOT):
        console = Console(file=io.StringIO(), width=width, force_terminal=True, soft_wrap=True)
        lines = console.render_lines(progress_table(snapshot, 4001.0), console.options.update(width=width), pad=False)
        assert all(sum(len(part.text) for part in parts) <= width for parts in lines)
        heights.add(len(lines))
    assert heights == {6}


class Terminal(io.StringIO):
    """What says of itself that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("file", "environment", "stays"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"TERM": "xterm", "TTY_INTERACTIVE": "0"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
        (io.StringIO(), {"TERM": "xterm-color", "FORCE_COLOR": "1"}, False),  # as a notebook has it
    ],
)
def test_lines_are_drawn_anew_on_terminals_only(file: io.StringIO, environment: dict[str, str], stays: bool) -> None:
    assert redraws_in_place(Console(file=file, _environ=environment)) is stays


def _on_a_terminal(folder: Path, columns: int, **environment: str) -> str:
    """What a run writes to a terminal of so many columns, to the last byte."""
    quick = (("lanes=3,", 'lanes=3,\n    sampler="random",'),)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")
    }
    command = [sys.executable, "-m", "search.run", "--study", study_file(folder, *quick), "--workers", "0"]
    process = WarmPopen(
        command,
        cwd=folder,
        stdout=theirs,
        stderr=theirs,
        env={**inherited, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode()


@pytest.mark.slow
def test_a_terminal_is_shown_a_region_and_no_line_a_tick(tmp_path: Path) -> None:
    written = _on_a_terminal(tmp_path, 50)
    assert "in the first tick" in written
    assert "\x1b[1A" in written  # back to where the region begins
    assert not re.search(r"tick +\d+ · ", written)
    after = written.rpartition("20 trials: ")[2]
    assert "next: python -m reports.export" in after
    assert written.count("\x1b[?25h") >= written.count("\x1b[?25l")  # the cursor is there, whatever happens next


@pytest.mark.slow
def test_a_dumb_terminal_is_written_lines_without_any_code(tmp_path: Path) -> None:
    written = _on_a_terminal(tmp_path, 80, TERM="dumb", NO_COLOR="1")
    assert "\x1b" not in written
    assert re.search(r"^tick   1 · ", written, re.MULTILINE)


@pytest.mark.slow
def test_no_color_is_respected(tmp_path: Path) -> None:
    written = _on_a_terminal(tmp_path, 80, NO_COLOR="1")
    assert "in the first tick" in written
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|38;|9[0-7])[0-9;]*m", written)


# --- elsewhere --------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(tmp_path: Path) -> Callable[[Imagined, int], list[tuple[float, str]]]:
    """What is written to a log of an imagined search of so many ticks, and when."""

    def tell(imagined: Imagined, ticks: int) -> list[tuple[float, str]]:
        file = io.StringIO()
        console = Console(file=file, soft_wrap=True, highlight=False)
        prepared: Any = SimpleNamespace(device="cpu", storage="sqlite:///x.db")
        lines: list[tuple[float, str]] = []
        with ProgressDisplay(prepared, console, quiet=False, clock=lambda: imagined.now) as shown:
            after_tick = shown.begin(imagined, DatasetInfo(1, 1, (1, 28, 28), ("a", "b")))  # type: ignore[arg-type]
            for _ in range(ticks):
                file.truncate(0)
                imagined.train()
                after_tick()
                lines += [(imagined.now, text) for text in file.getvalue().strip("\0\n").splitlines()]
        return lines

    return tell


def test_the_first_ticks_are_told_each(told: Callable[[Imagined, int], list[tuple[float, str]]]) -> None:
    lines = told(Imagined(study(epochs=100)), 20)
    assert [int(text.split()[1]) for _, text in lines if text.startswith("tick")] == list(range(1, 21))


@pytest.mark.slow
def test_a_long_log_stays_readable(told: Callable[[Imagined, int], list[tuple[float, str]]]) -> None:
    lines = told(Imagined(study(epochs=500, trials=100), seconds=20.0), 2000)  # eleven hours
    times = [now for now, _ in lines]
    assert len(lines) < 800
    assert max(b - a for a, b in pairwise(times)) <= 80.0  # a minute, and the tick it ends in


@pytest.mark.slow
def test_a_new_best_is_told_at_once_with_its_parameters(
    told: Callable[[Imagined, int], list[tuple[float, str]]],
) -> None:
    lines = told(Imagined(study(epochs=1500, trials=4)), 1500)
    time, text = lines[-1]
    assert time == 3000.0
    assert "best 0.5000 (trial 0): learning_rate 0.1 hidden 4 weight_decay 1e-06" in text
    assert time - lines[-2][0] < 60.0


def test_a_line_tells_everything() -> None:
    assert progress_line(SNAPSHOT, parameters=False) == (
        "tick 1234 · 1000 alive, 100 paused · 67666 of 100000 done (12345 complete, 54321 pruned, 999 diverged, "
        "1 failed) · best 0.9877 (trial 77777) · 86% of epochs saved · about 3 days 11 h left"
    )


@pytest.mark.parametrize("width", [64, 160])
def test_the_table_tells_best_and_baseline(width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    console.print(progress_table(SNAPSHOT, 4001.0))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert re.search(r"^trials +1000 alive, 100 paused, 67666 of 100000 done", text, re.MULTILINE)
    assert re.search(r"^score +best 0\.9877 \(trial 77777\): learning_rate 0\.123", text, re.MULTILINE)
    assert re.search(r"^baseline +0\.9127", text, re.MULTILINE)
    assert re.search(r"^time +67 min, tick 1234, about 3 days 11 h left", text, re.MULTILINE)


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, of this test alone."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _row(name: str, url: str = "sqlite:///none.db") -> Row:
    return {row.study: row for row in study_rows(url)}[name]


def test_listing_runs_no_file(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "open('run', 'w')\nstudy = Study(data='digits', trials=7, family=Net, about='a b')\n"
    )
    assert _row("mine.py") == Row("mine.py", "digits", "Net", trials=7, about="a b")
    assert not (folder / "run").exists()


def test_a_list_leaves_no_database(folder: Path) -> None:
    assert _row("mlp").cells()["trials"] == "0 of 60"
    assert list(folder.iterdir()) == []


def test_files_that_are_no_studies_are_passed_over(folder: Path) -> None:
    (folder / "other.py").write_text("study = 3\n")
    (folder / "_hidden.py").write_text("study = Study()\n")
    assert not {"other.py", "_hidden.py"} & {row.study for row in study_rows("sqlite:///none.db")}


def test_a_broken_file_is_listed_with_what_is_wrong(folder: Path) -> None:
    (folder / "bad.py").write_text("study = Study(\n")
    assert _row("bad.py") == Row("bad.py", state="broken", about="line 1: '(' was never closed")


@pytest.mark.slow
def test_a_study_is_listed_as_it_stands(folder: Path) -> None:
    url = f"sqlite:///{folder}/runs.db"
    file = study_file(folder)
    search_here(file, url, "--timeout", "0")
    paused = _row("small", url)
    assert (paused.state, paused.data, paused.family) == ("paused", "digits", "mlp")
    assert re.fullmatch(r"\d+ of 20", paused.cells()["trials"])
    assert re.fullmatch(r"\d+ s ago", paused.cells()["seen"])
    search_here(file, url)
    finished = _row("small", url)
    assert (finished.state, finished.done, finished.trials) == ("finished", 20, 20)
    record = Store(url, create=False).find("small")
    assert record is not None
    best = max(row.value for row in record.trials() if row.state == "complete" and row.value is not None)
    assert finished.best == best


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_no_search(folder: Path) -> None:
    url = f"sqlite:///{folder}/runs.db"
    process = start(study_file(folder), url, "--workers", "0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("small · digits")
    process.stdout.close()  # as `head -1` does
    assert process.wait(600) == 0
    assert _row("small", url).state == "finished"


@pytest.mark.slow
def test_a_study_that_runs_is_listed_so_until_it_dies(folder: Path) -> None:
    url = f"sqlite:///{folder}/runs.db"
    process = start(study_file(folder, ("epochs=4", "epochs=4000")), url, "--workers", "0")
    wait_for_tick(process)
    alive = _row("small", url)
    kill_tree(process)
    assert (alive.state, alive.cells()["seen"]) == ("running", "now")
    assert _row("small", url).state == "paused"


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_the_list_fits_the_terminal(width: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    console = Console(file=io.StringIO(), soft_wrap=True)
    show("sqlite:///none.db", console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    assert len(lines) == 1 + len({path.stem for path in (ROOT / "studies").glob("[!_.]*.py")})  # none is wrapped


def test_a_log_is_given_all_columns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    console = Console(file=io.StringIO(), soft_wrap=True)
    show("sqlite:///none.db", console)
    head = console.file.getvalue().splitlines()[0].split()  # type: ignore[attr-defined]
    assert head == ["study", "data", "family", "trials", "best", "state", "seen", "about"]
