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
    try:
        with console.command(debug), _handling(_stop, (signal.SIGINT, signal.SIGTERM)):
            yield
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
        """Catch the signals inside."""
        with _handling(self._caught, self._signals):
            yield

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        for each in self._signals:
            signal.signal(each, self._afterwards)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


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
