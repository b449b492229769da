"""How tests run a study as a user does: its file, the command, how the command is killed, and what it leaves."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from models.config.optimizers import SGD
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.pruners.halving import SuccessiveHalving
from search.pruners.promotion import Promotion
from search.record.store import Store
from search.samplers.tpe import TPE
from search.trial import TrialRow
from tests.support.warm_start import WarmPopen

ROOT = Path(__file__).parents[2]

FILE = """
from search import Baseline, Float, Int, Mlp, Study

study = Study(
    family=Mlp(),
    data="digits",
    epochs=4,
    trials=20,
    engines=2,
    lanes=3,
    space={
        "learning_rate": Float(0.05, 2.0, log=True),
        "hidden": Int(4, 24),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    },
    baselines=[Baseline("known", hidden=16, learning_rate=0.1, weight_decay=0.0)],
)
"""

# Changes of it: several seconds of ticks, so that what a test does to it comes in time; the same with trials that wait;
# longer, with as many ticks whatever the defaults are; and for tests that stop it themselves.
LONGER = (("epochs=4", "epochs=8"), ("trials=20", "trials=40"), ("Int(4, 24)", "Int(4, 64)"))
WAITING = (
    *LONGER,
    ("epochs=8", "epochs=8,\n    paused=8,\n    pruner=Promotion(reduction_factor=2)"),
    ("Mlp,", "Mlp, Promotion,"),
)
LONGEST = (
    ("epochs=4", "epochs=8"),
    ("trials=20", "trials=96"),
    ("Int(4, 24)", "Int(4, 64)"),
    ("lanes=3,", 'lanes=3,\n    sampler="random",\n    pruner="successive_halving",'),
)
ENDLESS = (("epochs=4", "epochs=4000"), ("trials=20", "trials=4000"))

# So few configurations that TPE comes back to some: repeats of trials that live, and of trials that are over.
REPEATING = Study(
    family=Mlp(),
    data="digits",
    epochs=3,
    trials=16,
    engines=2,
    lanes=2,
    space={
        "learning_rate": Float(0.1, 0.3, step=0.1),
        "hidden": Int(4, 6),
        "weight_decay": Float(0.0, 0.01, step=0.01),
    },
    baselines=(Baseline("known", hidden=5, learning_rate=0.1, weight_decay=0.0),),
    sampler=TPE(),
    pruner=SuccessiveHalving(),
)

# Few places for many trials, so that some wait while others train; momentum, which a pause must keep; few
# configurations, so that some repeat one that is paused.
PAUSING = Study(
    family=Mlp(),
    data="digits",
    epochs=5,
    trials=20,
    seed=2,
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
    pruner=Promotion(keep_fraction=0.34, reduction_factor=2),
    paused=6,
)


def study_file(folder: Path, *changes: tuple[str, str]) -> Path:
    """The file of a small study, `small`, with some of its words replaced by others."""
    text = FILE
    for word, other in changes:
        assert word in text
        text = text.replace(word, other)
    file = folder / "small.py"
    file.write_text(text)
    return file


# --- the command ------------------------------------------------------------------------------------------------------

_started: list[subprocess.Popen[str]] = []


def started(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """Let a process end with its test, however that ends."""
    _started.append(process)
    return process


def end_started() -> None:
    """Kill what still runs, and close what was never read: of a test that failed.

    Else it runs beside the tests that follow, and one of them is blamed for the unclosed files that Python finds.
    """
    while _started:
        process = _started.pop()
        if process.poll() is None:
            kill_tree(process)
        if process.stdout is not None:
            process.stdout.close()


def start(
    study: Path, url: str, *options: str, module: str = "search.run", **environment: str
) -> subprocess.Popen[str]:
    """Start `python -m search.run`, or `python -m studyhall search`, on a study file."""
    command = [module, "search"] if module == "studyhall" else [module]
    return started(
        WarmPopen(
            [sys.executable, "-m", *command, "--study", str(study), "--storage", url, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=study.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **environment},
        )
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What a command still says, until its end."""
    said, _ = process.communicate(timeout=600)
    return said


def search(study: Path, url: str, *options: str, module: str = "search.run", **environment: str) -> str:
    """Run the command to its good end; returns what it said."""
    process = start(study, url, *options, module=module, **environment)
    said = finish(process)
    assert process.returncode == 0, said
    return said


def wait_for_tick(process: subprocess.Popen[str], ticks: int = 1) -> None:
    """Read what a command says until it has told so many ticks."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        ticks -= line.startswith("tick ")
        if ticks <= 0:
            return
    raise AssertionError(f"it ended before that tick:\n{said}")


# --- processes --------------------------------------------------------------------------------------------------------


def workers_of(command: int) -> list[int]:
    """The ids of the worker processes of a command, or of these tests; none where it has ended."""
    # One that was forked has its server's command line, and its own name: see `warm_start`.
    return [
        pid
        for pid in _children(command)
        if b"studyhall.worker" in _of_process(pid, "cmdline") or _of_process(pid, "comm") == b"worker\n"
    ]


def _children(process: int) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _of_process(process: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{process}/{what}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


TOO_LATE = "too late, counted as none"


def kill_somewhere(process: subprocess.Popen[str], draw: random.Random) -> str:
    """Kill a command and its workers somewhere between its start and its end; returns when that was."""
    ticks = draw.randint(0, 12)
    if ticks == 0:
        time.sleep(draw.uniform(0.0, 2.0))
    else:
        try:
            wait_for_tick(process, ticks)
        except AssertionError:
            process.communicate()
            return TOO_LATE
        time.sleep(draw.uniform(0.0, 0.15))
    kill_tree(process)
    return "while it started" if ticks == 0 else "in training"


def kill_tree(process: subprocess.Popen[str]) -> None:
    """kill -9 a command and its workers: as nearly at once as one can."""
    if process.poll() is None:
        kill_with_children(process.pid)
    process.communicate()


def kill_with_children(pid: int) -> None:
    """kill -9 a process that nobody has waited for yet, and its children."""
    os.kill(pid, signal.SIGSTOP)  # so that it starts no other child meanwhile
    for each in (*_children(pid), pid):
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(each, signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, also if nobody has waited for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


# --- models that fail -------------------------------------------------------------------------------------------------

# What a process runs first: engines that do something else than train.
SITE = """
import os, signal, sys

if {module!r} in sys.orig_argv:
    from models.engine.lane_group import LaneGroup

    train = LaneGroup._train

    def failing(group, number):
        if any({which} for lane in group.lanes):
            {statement}
        return train(group, number)

    LaneGroup._train = failing
"""


def fail_when_training(folder: Path, module: str, which: str, statement: str) -> str:
    """Return a PYTHONPATH under which a module's processes meet a statement before they train `which` lane."""
    (folder / "sitecustomize.py").write_text(SITE.format(module=module, which=which, statement=statement))
    return str(folder)


# --- what a run leaves ------------------------------------------------------------------------------------------------


def trials(url: str, name: str = "small") -> list[TrialRow]:
    """The final table of trials, but for times."""
    record = Store(url, create=False).find(name)
    assert record is not None
    return [timeless(row) for row in record.trials()]


def table(url: str, name: str = "small") -> tuple[list[TrialRow], list[tuple[int, EpochMetrics]]]:
    """Everything that is recorded of a study's search, but for times: its trials and all their curves."""
    record = Store(url, create=False).find(name)
    assert record is not None
    return trials(url, name), [(tick, without_seconds(score)) for tick, score in record.scores()]


def without_seconds(score: EpochMetrics) -> EpochMetrics:
    """Metrics without the time that they took, and those of a trial's lanes too."""
    return score.model_copy(update={"seconds": 0.0, "members": tuple(map(without_seconds, score.members))})


def timeless(row: TrialRow) -> TrialRow:
    """A trial without its times."""
    return TrialRow(**{**vars(row), "started": None, "finished": None})


def assert_sound(url: str) -> None:
    """Assert that SQLite finds nothing wrong in a database."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def assert_whole(url: str, name: str = "small") -> None:
    """Assert that a database is sound, that every trial of a finished study is over, and that nothing lies about."""
    assert_sound(url)
    assert {row.state for row in trials(url, name)} <= {"complete", "pruned", "failed"}
    left = Path(url.removeprefix("sqlite:///")).with_suffix("").rglob("*.safetensors")
    assert {file.name for file in left} <= {"outputs.safetensors"}, "those of complete trials are kept"


def assert_over(url: str, name: str = "small") -> None:
    """Assert that every trial of a finished study is over, and that nothing is left in the database of a run."""
    assert {row.state for row in table(url, name)[0]} <= {"complete", "pruned", "failed"}
    with Store(url, create=False).database.reading() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM studyhall_snapshots WHERE run <> 'outputs'")
        assert left.scalar() == 0
