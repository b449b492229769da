"""How a command that trains is stopped: by Ctrl-C or SIGTERM, once or twice. All else it has from models.console.

A signal while nothing is trained ends the command on its way (`Stopped`); in the middle of training it asks for a pause
(`Interrupt`). Either way the exit code is 130 or 143.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from models import console
from models.console import err, out, start

__all__ = ["Interrupt", "command", "err", "out", "start"]

_Handler = Callable[[int, FrameType | None], object]


class Stopped(BaseException):
    """A signal came while there was nothing to pause: whatever is open is closed on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def command(debug: bool = False) -> Iterator[None]:
    """Run a command's body as models.console does, and end it quietly when a signal comes."""
    stop = _Stop()
    try:
        with console.command(debug), _handling(stop, (signal.SIGINT, signal.SIGTERM)), _hushed():
            yield
            stop.insist()
    except Stopped as stopped:
        err.print("stopped; what is recorded stays, and the same command goes on from there")
        sys.exit(128 + stopped.number)


class Interrupt:
    """Ctrl-C or SIGTERM in the middle of training: the first asks for a pause, the second does what is said.

    That is, unless another handler is given, to end the process at once.
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
        """What the shell expects of a process that this signal stopped."""
        return 128 + (self.signal or 0)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Catch the signals inside, if none has come that should have ended the command before."""
        for each in self._signals:
            if isinstance(stop := signal.getsignal(each), _Stop):
                stop.insist()
        with _handling(self._caught, self._signals):
            yield

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        for each in self._signals:
            signal.signal(each, self._afterwards)


class _Stop:
    """Ends the command when a signal comes, and insists on it later.

    For what a handler raises can be lost: Python drops it in a finalizer and in the callback of a weak reference, which
    libraries have many of while they are imported.
    """

    def __init__(self) -> None:
        self._number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._number = number
        self.insist()

    def insist(self) -> None:
        """Raise Stopped if a signal came."""
        if self._number is not None:
            raise Stopped(self._number)


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep Python from telling that a Stopped was lost; whatever else is lost, it tells."""
    tell = sys.unraisablehook

    def hook(lost: "sys.UnraisableHookArgs") -> None:
        if not isinstance(lost.exc_value, Stopped):
            tell(lost)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = tell


@contextmanager
def _handling(handler: _Handler, signals: Sequence[signal.Signals]) -> Iterator[None]:
    """Let a function answer signals inside, where that can be: they reach the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, handler)) for number in signals]
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)
