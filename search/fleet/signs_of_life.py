"""Signs of life: how a host shows that it gets on, so that one that hangs can be told from one that takes its time.

A tick may take seconds or hours, a minibatch hardly minutes: a host gives a sign after a minibatch, from the thread
that trains, so that a process that is stopped gives none, nor one whose model waits for ever. A worker process is ended
by the coordinator; what trains in the coordinator's own process nobody can end, so that it is told instead. Imports no
torch.
"""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from search.fleet.base import EngineError

SIGN_SECONDS = 1.0  # a host that gets on gives a sign so often


class SignsOfLife:
    """Gives signs of life, at most one every `SIGN_SECONDS`.

    Args:
        give: Gives one.
        clock: Seconds.
    """

    def __init__(self, give: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._give, self._clock, self._due = give, clock, clock()
        self._regular: threading.Thread | None = None

    def __call__(self) -> None:
        """Give a sign if one is due: work has got on."""
        if (now := self._clock()) >= self._due:
            self._due = now + SIGN_SECONDS
            self._give()

    def give_regularly(self) -> None:
        """Give signs from a thread as long as this process runs, for work that cannot say how far it is."""
        if self._regular is None:
            self._regular = threading.Thread(target=self._repeat, daemon=True)
            self._regular.start()

    def _repeat(self) -> None:
        while True:
            self()
            time.sleep(SIGN_SECONDS)


class Watchdog:
    """Tells of work in this very process that gives no sign of life for too long; the work itself goes on.

    Args:
        seconds: How long that is; infinite is never.
        tell: Called once for each time that the work hangs, with a line that says where it does.
        missed: What has not happened meanwhile.
        remedy: What its user can do.
    """

    def __init__(
        self,
        seconds: float,
        tell: Callable[[str], object],
        missed: str = "no minibatch was finished",
        remedy: str = "press Ctrl-C twice and give the same command with --workers 1: a worker that hangs is replaced",
    ) -> None:
        self._seconds, self._tell, self._silent = seconds, tell, 0.0
        self._missed, self._remedy = missed, remedy

    def sign(self) -> None:
        """Take a sign of life."""
        self._silent = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the work inside, which this thread does."""
        self.sign()
        over, worker = threading.Event(), threading.get_ident()
        threading.Thread(target=self._watch, args=(over, worker), daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def _watch(self, over: threading.Event, worker: int) -> None:
        while not over.wait(SIGN_SECONDS):
            self._silent += SIGN_SECONDS  # those in which this process was stopped do not count
            if self._silent - SIGN_SECONDS < self._seconds <= self._silent:
                self._tell(
                    f"{self._missed} for {self._seconds:g} s; the work is at {_place_of(worker)}. If it hangs, "
                    f"{self._remedy}"
                )


def _place_of(thread: int) -> str:
    """Return the innermost line of a thread that is in no installed package, as "net.py, line 7, in forward"."""
    stack = traceback.extract_stack(sys._current_frames()[thread])
    installed = (sys.prefix, sys.base_prefix, "<")
    frame = next((frame for frame in reversed(stack) if not frame.filename.startswith(installed)), stack[-1])
    return f"{frame.filename}, line {frame.lineno}, in {frame.name}"


def silent_host(host: str, seconds: float) -> EngineError:
    """Return the error of a host that was ended because it gave no sign of life for so long."""
    reason = f"{host} hung: it was ended after {seconds:g} s in which it finished no minibatch"
    return EngineError(reason, died=True, silent=True)
