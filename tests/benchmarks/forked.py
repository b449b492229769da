"""Commands forked from a process that has imported everything, and killed with -9 at the moment that a test names.

Each is a process with a group of its own, as a shell would start it, but begins where its imports are over: that takes
a hundredth of the processor time. It writes down what it is doing, in a page of memory that outlives it.
"""

import contextlib
import ctypes
import functools
import importlib
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.warm_start import RENDERED, WarmPopen

PAGE = struct.Struct("d 120s")  # the processor time so far, and what the command does

# What a command is said to do while it is inside of a function: (what it is called, the module, the function's name).
WATCHED = (
    ("opens the database", "search.record.database", "Database.__init__"),
    ("loads the data", "search.fleet.fleet", "Fleet.open"),
    ("resumes", "search.loop.scheduler", "TrialScheduler.resume"),
    ("resumes", "reports.finalists.wave", "Wave.resume"),
    ("admits", "search.loop.scheduler", "TrialScheduler.admit"),
    ("promotes", "search.pruners.expected_gain", "ExpectedGain.promote"),
    ("promotes", "search.pruners.promotion", "Promotion.promote"),
    ("between", "search.loop.coordinator", "run"),
    ("trains", "search.fleet.fleet", "Fleet.tick"),
    ("records", "search.loop.scheduler", "TrialScheduler.record"),
    ("records", "reports.finalists.wave", "Wave.record"),
    ("judges", "search.loop.scheduler", "TrialScheduler.settle"),
    ("judges", "reports.finalists.wave", "Wave.settle"),
    ("keeps a snapshot", "search.loop.snapshots", "Snapshots.keep"),
    ("removes snapshots", "search.loop.snapshots", "Snapshots.clear"),
    ("writes models", "search.fleet.fleet", "Fleet.write_models"),
    ("tests", "reports.finalists.testing", "predict_test_set"),
    ("signs the ledger", "search.record.ledger", "StudyLedger.sign"),
    ("ledger's figures", "search.record.ledger", "StudyLedger.show"),
    ("writes the page", "reports.page.page", "write_page"),
    ("puts artifacts", "reports.served.artifacts", "put"),
)
WRITES = "writes"  # inside of a transaction of ours, its commit included
STARTS, ELSE = "starts", "else"  # before all of them, and outside of them later


@dataclass(frozen=True)
class Aim:
    """When a command is to be killed."""

    doing: str  # one of `WATCHED`, or `WRITES`, or `STARTS`
    times: int  # how often it is to have begun that
    seconds: float  # of processor time that the command then still has; it ends at a tick of the kernel's clock
    at_most: float  # seconds of processor time that it has in any case
    by_itself: bool = True  # whether the kernel kills it; else `wait_for_aim` returns


class Command:
    """One command, forked.

    Args:
        arguments: The module of a command, and its arguments: "search.run", "--study", ...
        folder: Where it runs.
        said: The file to which it writes all that it prints.
        aim: When it is to be killed, if it is.
        snapshots: Whether it takes a snapshot after every tick, and not only when one is due.
    """

    def __init__(
        self, arguments: Sequence[str], folder: Path, said: Path, aim: Aim | None = None, *, snapshots: bool = False
    ) -> None:
        self.said, self._page = said, said.with_suffix(".page")
        self._page.write_bytes(bytes(PAGE.size))
        plan = json.dumps([arguments, str(said), str(self._page), aim and asdict(aim), snapshots])
        self._process = WarmPopen(
            [sys.executable, "-c", "from tests.benchmarks import forked; forked.be_command()", plan],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # a byte, once it has begun what is aimed at
            cwd=folder,
            env={**os.environ, RENDERED: "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    @property
    def pid(self) -> int:
        """Its process's number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code, -9 where it was killed; None while it runs."""
        return self._process.poll()

    @property
    def doing(self) -> str:
        """What it does, or did last: "judges > writes"."""
        return str(PAGE.unpack(self._page.read_bytes())[1].rstrip(b"\0").decode())

    @property
    def cpu_seconds(self) -> float:
        """The processor time that it had taken when it began what it does."""
        return float(PAGE.unpack(self._page.read_bytes())[0])

    def wait_for_aim(self) -> bool:
        """Wait until it has begun what was aimed at; returns whether it has, before it ended."""
        assert self._process.stdout is not None
        return bool(self._process.stdout.read(1))

    def wait(self, seconds: float = 600.0) -> int:
        """Wait for its end; returns its exit code."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end: {self.said.read_text()[-2000:]}") from None
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def kill(self) -> None:
        """kill -9 of the command alone."""
        self._process.kill()


# --- inside of a command ----------------------------------------------------------------------------------------------


def be_command() -> None:
    """Be the command that the first argument describes: its group, its output, its arguments."""
    arguments, said, page, aim, snapshots = json.loads(sys.argv[1])
    os.setpgid(0, 0)
    wake = os.dup(1)
    to = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, stream in enumerate(("stdout", "stderr"), start=1):
        os.dup2(to, number)
        setattr(sys, stream, open(number, "w", buffering=1, closefd=False))  # noqa: SIM115 - for as long as it runs
    os.close(to)
    sys.argv = arguments
    if snapshots:
        from search.loop.snapshots import Snapshots

        Snapshots.keep_if_due = lambda self, tick, state: self.keep(tick, state())  # type: ignore[method-assign]
    _Watch(page, aim and Aim(**aim), wake).begin()
    from models.console import start

    start(importlib.import_module(arguments[0]).app)


class _Watch:
    """Writes down what this process does, and has it killed at the moment that is aimed at."""

    def __init__(self, page: str, aim: Aim | None, wake: int) -> None:
        with open(page, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), PAGE.size)
        self._aim, self._wake, self._left = aim, wake, 0 if aim is None else aim.times
        self._path: list[str] = []

    def begin(self) -> None:
        """Watch the functions of `WATCHED`, and transactions."""
        self._show(STARTS)
        for doing, module, name in WATCHED:
            owner, _, attribute = name.rpartition(".")
            where = importlib.import_module(module)
            where = getattr(where, owner) if owner else where
            setattr(where, attribute, self._watched(doing, getattr(where, attribute)))
        from search.record.lease import LeasedStudy

        writing = LeasedStudy.writing

        @contextlib.contextmanager
        def watched(study: Any) -> Iterator[Any]:
            with self._doing(WRITES), writing(study) as connection:
                yield connection

        LeasedStudy.writing = watched  # type: ignore[assignment,method-assign]
        if self._aim is not None and self._aim.by_itself:
            _kill_after(self._aim.at_most)
        self._meet(STARTS)

    def _watched(self, doing: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self._doing(doing):
                return function(*args, **kwargs)

        return watched

    @contextlib.contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        self._path.append(what)
        self._show(*self._path[-2:])
        self._meet(what)
        try:
            yield
        finally:
            self._path.pop()
            self._show(*self._path[-2:])

    def _show(self, *path: str) -> None:
        doing = " > ".join(path).removeprefix("between > ") or ELSE
        self._page[:] = PAGE.pack(time.process_time(), doing.encode())

    def _meet(self, what: str) -> None:
        if self._aim is None or what != self._aim.doing:
            return
        self._left -= 1
        if self._left == 0 and self._aim.by_itself:
            _kill_after(self._aim.seconds)
        elif self._left == 0:
            os.write(self._wake, b"!")


def _kill_after(seconds: float) -> None:
    """Let the kernel kill this process, by SIGKILL, once it has worked for so long: wherever it then is."""
    libc, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
    event = struct.pack("Pii48x", 0, signal.SIGKILL, 0)  # sigevent: SIGEV_SIGNAL is 0
    of_this_process = 2  # CLOCK_PROCESS_CPUTIME_ID
    if libc.timer_create(of_this_process, event, ctypes.byref(timer)):
        raise OSError(ctypes.get_errno(), "timer_create")
    once = struct.pack("4q", 0, 0, *divmod(max(1, round(seconds * 1e9)), 10**9))  # itimerspec: no repetition
    if libc.timer_settime(timer, 0, once, None):
        raise OSError(ctypes.get_errno(), "timer_settime")
