"""How every command speaks: its lines, its errors in two halves, its exit codes, and what it understands as a number.

0 is done (or paused as asked), 1 our mistake, 2 something the user can put right. Used by every command, of whichever
room; knows nothing of what they do.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
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


def start(app: typer.Typer) -> None:
    """Run a program on its command line. What the line itself has wrong is told in two lines, as all errors are."""
    try:
        app(standalone_mode=False)
    except typer.TyperException as error:
        told = getattr(error, "format_message", error.__str__)()
        err.print(f"[bold red]error:[/] {escape(told)}\n  --help shows all options, with what they take")
        sys.exit(2)


def bounded_int(least: int, most: int | None = None) -> Callable[[str | int], int]:
    """Return what reads an option as a whole number within bounds.

    Typer's own `min=` would put `<int range> [x>=1]` into the help, where `N` says as much.
    """

    def read(text: str | int) -> int:
        try:
            number = int(text)
        except ValueError:
            raise typer.BadParameter(f"{text} is no whole number") from None
        if number < least:
            raise typer.BadParameter(f"{number} is below {least}")
        if most is not None and number > most:
            raise typer.BadParameter(f"{number} is above {most}")
        return number

    return read


def int_list(least: int) -> Callable[[str | int], int | tuple[int, ...]]:
    """Return what reads an option as a whole number, or as several with commas between."""
    one = bounded_int(least)

    def read(text: str | int) -> int | tuple[int, ...]:
        several = tuple(one(part) for part in str(text).split(","))
        return several if len(several) > 1 else several[0]

    return read
