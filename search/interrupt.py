"""How a command that trains is stopped by Ctrl-C or SIGTERM. All else about consoles is in models.console.

A signal while nothing is trained ends the command at once (`Stopped`); during training it asks for a pause
(`Interrupt`). Either way the exit code is 130 or 143.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from models import console
from models.console import err
from models.errors import Stopped

_Handler = Callable[[int, FrameType | None], object]


@contextmanager
def command(debug: bool = False) -> Iterator[None]:
    """Run a command's body as `models.console.command` does, and end it quietly when a signal comes.

    Raises:
        SystemExit: With code 130 or 143 after a signal.
    """
    stop = _Stop()
    try:
        with console.command(debug), _handling(stop, (signal.SIGINT, signal.SIGTERM)), _without_lost_stops():
            yield
            stop.raise_if_signalled()
    except Stopped as stopped:
        err.print("stopped; what is recorded stays, and the same command goes on from there")
        sys.exit(128 + stopped.number)


class Interrupt:
    """Catches Ctrl-C and SIGTERM during training: the first signal asks for a pause.

    Args:
        signals: The signals that are caught.
        afterwards: What handles the second signal; by default it ends the process at once.
    """

    def __init__(
        self,
        signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM),
        afterwards: _Handler | signal.Handlers = signal.SIG_DFL,
    ) -> None:
        self.signal: int | None = None
        self._signals, self._afterwards = signals, afterwards

    @property
    def exit_code(self) -> int:
        """The exit code that a shell expects after this signal."""
        return 128 + (self.signal or 0)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Catch the signals inside.

        Raises:
            Stopped: A signal came before and was lost.
        """
        for number in self._signals:
            if isinstance(stop := signal.getsignal(number), _Stop):
                stop.raise_if_signalled()
        with _handling(self._catch, self._signals):
            yield

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        for each in self._signals:
            signal.signal(each, self._afterwards)


class _Stop:
    """Ends the command when a signal comes, at once and again later.

    What a handler raises can be lost: Python drops exceptions of finalizers and of weak references' callbacks, and
    libraries run many of those while they are imported.
    """

    def __init__(self) -> None:
        self._number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._number = number
        self.raise_if_signalled()

    def raise_if_signalled(self) -> None:
        """Raise Stopped if a signal came."""
        if self._number is not None:
            raise Stopped(self._number)


@contextmanager
def _without_lost_stops() -> Iterator[None]:
    """Keep Python from printing that a Stopped was lost; it prints whatever else is lost."""
    previous = sys.unraisablehook

    def hook(lost: "sys.UnraisableHookArgs") -> None:
        if not isinstance(lost.exc_value, Stopped):
            previous(lost)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = previous


@contextmanager
def _handling(handler: _Handler, signals: Sequence[signal.Signals]) -> Iterator[None]:
    """Handle signals inside by a function, where that is possible: they reach the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, handler)) for number in signals]
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)
