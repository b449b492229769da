"""How every command speaks: its lines, its errors in two halves, its exit codes.

0 is done (or paused as asked), 1 our mistake, 2 something the user can put right, 130 and 143 stopped by a signal.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.markup import escape

from models.errors import UserError

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)


@contextmanager
def command(debug: bool = False) -> Iterator[None]:
    """Run a command's body: translate what it raises into two lines and an exit code."""
    try:
        yield
    except UserError as error:
        if debug:
            err.print_exception()
        err.print(f"[bold red]error:[/] {escape(error.what)}\n  {escape(error.remedy)}")
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our lines has gone; Python would complain once more when it flushes them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        first = (str(error).splitlines() or [""])[0]
        err.print(f"[bold red]error:[/] {escape(f'{type(error).__name__}: {first}')}")
        err.print("  this is a mistake of Studyhall's; nothing recorded is lost. Give the command again with --debug")
        sys.exit(1)


class Interrupt:
    """Ctrl-C or SIGTERM: the first one asks for a pause, the second one ends the process at once."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @property
    def exit_code(self) -> int:
        """What the shell expects of a process that this signal stopped."""
        return 128 + (self.signal or 0)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Catch both signals inside."""
        before = {number: signal.signal(number, self._caught) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
