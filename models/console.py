"""What all commands share: their consoles, options and help, errors in two lines, and exit codes.

0 is done (or paused as asked), 1 a mistake of Studyhall's, 2 something the user can put right. Knows nothing of what
the commands do.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperCommand

from models.errors import UserError, as_user_error
from studyhall.importing import COMMANDS, ON_TOP

WHERE, SHOWN = "Where things are", "What is shown"  # groups of options


def option(group: str, metavar: str, text: str, parser: Callable[[str | int], Any] | None = None) -> Any:
    """Return an option with a value, as a group of the help shows it."""
    return typer.Option(metavar=metavar, help=text, rich_help_panel=group, parser=parser)


def flag(group: str, name: str, text: str) -> Any:
    """Return an option without a value, as a group of the help shows it."""
    return typer.Option(name, metavar="", help=text, rich_help_panel=group)


DataDir = Annotated[Path | None, option(WHERE, "DIR", "Where the data set lies. Default: STUDYHALL_DATA, then ./data.")]
Debug = Annotated[bool, flag(SHOWN, "--debug", "Show tracebacks.")]

_BY_MODULE = re.compile(f"python -m ({'|'.join(map(re.escape, COMMANDS))})( --study| --model)?")


def as_given(text: str) -> str:
    """Return a text whose commands are spelled as this program was begun: `studyhall search mlp` in place of
    `python -m search.run --study mlp`.
    """
    return text if ON_TOP else _BY_MODULE.sub(lambda found: f"studyhall {COMMANDS[found[1]]}", text)


class _Console(Console):
    """A console that spells commands as this program was begun, and is silent once nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Say nothing from now on: the reader has gone, as `head` does; the command goes on to its own exit code."""
        self.quiet = True
        _silence(self.file)

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(as_given(it) if isinstance(it, str) else it for it in objects), **options)


out = _Console(highlight=False, soft_wrap=True)
err = _Console(highlight=False, soft_wrap=True, stderr=True)


def _silence(stream: IO[str]) -> None:
    """Let a stream lead nowhere: else Python would complain once more when it flushes what is left in it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def new_app() -> typer.Typer:
    """Return a program without commands yet."""
    return typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


class UngroupedCommand(TyperCommand):
    """A command with few options: its help shows them in one group."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for parameter in self.params:
            parameter.rich_help_panel = None  # type: ignore[attr-defined]


@contextmanager
def command(debug: bool = False) -> Iterator[None]:
    """Run a command's body: translate what it raises into two lines and an exit code, and a traceback to debug.

    Raises:
        SystemExit: With code 2 after a `UserError`, and with code 1 after any other exception.
    """
    try:
        yield
    except BrokenPipeError:  # of what was printed past the consoles, at the command's end
        _silence(sys.stdout)
    except Exception as error:
        told = error if isinstance(error, UserError) else as_user_error(error)
        if told is not None:
            if debug:
                err.print_exception()
            err.print(f"[bold red]error:[/] {escape(told.what)}\n  {escape(told.remedy)}")
            sys.exit(2)
        if debug:
            raise
        first = (str(error).splitlines() or [""])[0]
        err.print(f"[bold red]error:[/] {escape(f'{type(error).__name__}: {first}')}")
        err.print("  this is a mistake of Studyhall's; nothing recorded is lost. Give the command again with --debug")
        sys.exit(1)


def start(app: typer.Typer, arguments: list[str] | None = None) -> None:
    """Run a program.

    Args:
        app: The program.
        arguments: Its arguments; those of the command line unless given.

    Raises:
        SystemExit: With code 2 after an error in the command line itself, which is shown in two lines.
    """
    try:
        app(arguments, standalone_mode=False)
    except typer.TyperException as error:
        message = getattr(error, "format_message", error.__str__)()
        if message:  # a command that was given nothing has shown its help
            err.print(f"[bold red]error:[/] {escape(message)}\n  --help shows all options and their values")
        sys.exit(2)


def bounded_int(low: int, high: int | None = None) -> Callable[[str | int], int]:
    """Return a parser of whole numbers from `low` to `high`, both included.

    Typer's own `min=` would write `<int range> [x>=1]` into the help.
    """

    def parse(text: str | int) -> int:
        try:
            number = int(text)
        except ValueError:
            raise typer.BadParameter(f"{text} is no whole number") from None
        if number < low:
            raise typer.BadParameter(f"{number} is below {low}")
        if high is not None and number > high:
            raise typer.BadParameter(f"{number} is above {high}")
        return number

    return parse


def int_list(low: int) -> Callable[[str | int], int | tuple[int, ...]]:
    """Return a parser of one whole number from `low`, or of several with commas between them."""
    parse_one = bounded_int(low)

    def parse(text: str | int) -> int | tuple[int, ...]:
        numbers = tuple(parse_one(part) for part in str(text).split(","))
        return numbers if len(numbers) > 1 else numbers[0]

    return parse
