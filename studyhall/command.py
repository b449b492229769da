"""The command `studyhall`: every command of Studyhall under one name. See `--help`.

`studyhall search mlp` is `python -m search.run --study mlp`, by the same function; it runs in folders as well that hold
a `models.py` or a `search.py` of the user's own. A command's module is imported when the command is given.
"""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from models.console import Debug, as_given, new_app, start
from models.console import command as running
from search.cli import options as cli
from search.options import DEFAULT_STORAGE
from studyhall import importing

MODULES = {"search": "search.run", "check": "search.run"} | {name: it for it, name in importing.COMMANDS.items()}
SUMMARIES = {
    "search": "Search a study: many trials train together.",
    "check": "Show what a search would be, and about how long it takes.",
    "export": "Retrain the best trials, test them once, write the report.",
    "compare": "All exported studies in one table.",
    "evaluate": "Test a model file on its data's test set.",
    "predict": "Ask a model file about pictures or rows of a table.",
    "dashboard": "Browse trials and reports.",
    "live": "Watch a search in the browser while it runs.",
}

EXAMPLES = """
[bold]Examples[/]

  studyhall search mlp
  studyhall export mlp
  studyhall dashboard

0: done, or paused as asked. 1: a mistake of Studyhall's. 2: something that you can put right.
130, 143: stopped by Ctrl-C or SIGTERM; the same command goes on from there.
"""


class _Program(typer.core.TyperGroup):
    """Lists all commands, and imports one when it is given."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*MODULES, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command for the list of all; one of `MODULES` is a name and a summary, with nothing imported."""
        if cmd_name in MODULES:
            return typer.core.TyperCommand(cmd_name, help=SUMMARIES[cmd_name])
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is given, and the arguments that are left for it."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, _command(name) if name in MODULES else found, rest


def _command(name: str) -> Any:
    """Import the module of one of `MODULES`, and return its command under our name."""
    (begun,) = importing.load(MODULES[name]).app.registered_commands
    one = new_app()
    one.command(cls=begun.cls, epilog=as_given(begun.epilog))(_by_place(begun.callback))
    command: Any = typer.main.get_command(one)
    command.name = name
    if name == "check":  # a search with --check
        command.help, command.epilog = SUMMARIES[name], ""
        (option,) = [each for each in command.params if each.name == "check"]
        option.default, option.hidden = True, True
    return command


def _by_place(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command's function that takes what it is about, a study or a model file, by its place as well."""
    parameters = {each.name: each for each in inspect.signature(function, eval_str=True).parameters.values()}
    about = next((name for name in ("study", "model") if name in parameters), None)
    if about is None:
        return function
    kind, option = parameters[about].annotation.__args__[0], parameters[about].annotation.__metadata__[0]
    required = parameters[about].default is inspect.Parameter.empty
    argument = typer.Argument(
        metavar=about.upper(), help=f"The same as --{about}.", rich_help_panel=option.rich_help_panel
    )
    named = parameters[about].replace(name="named", annotation=Annotated[kind | None, argument], default=None)
    parameters[about] = parameters[about].replace(annotation=Annotated[kind | None, option], default=None)

    def call(named: Any = None, **given: Any) -> None:
        if named is not None and given[about] is not None:
            raise typer.BadParameter(f"a {about} is named twice, {named} and {given[about]}")
        if named is None and given[about] is None and required:
            raise typer.BadParameter(f"no {about} is named")
        function(**given | ({} if named is None else {about: named}))

    listed = [it for each in parameters.values() for it in ((named, each) if each.name == about else (each,))]
    call.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in listed}
    call.__doc__ = function.__doc__
    return call


app = typer.Typer(
    cls=_Program, rich_markup_mode="rich", pretty_exceptions_enable=False, no_args_is_help=True, epilog=EXAMPLES
)


def _show_version(wanted: bool) -> None:
    if wanted:
        import studyhall

        typer.echo(f"studyhall {studyhall.__version__}")
        raise typer.Exit


@app.callback()
def _studyhall(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Hyperparameter search whose trials train together, and whose result is honest."""


@app.command("list")
def list_(storage: cli.Storage = DEFAULT_STORAGE, json: cli.Json = False, debug: Debug = False) -> None:
    """Show all studies, and how far each is."""
    with running(debug):
        from search.run import show_list

        show_list(storage, json=json)


@app.command()
def new(
    file: Annotated[str, typer.Argument(metavar="NAME|FILE.py", help="The file to write.")],
    table: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Search perceptrons for this table.")] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="Its column to predict, of classes.")] = None,
    target: Annotated[str | None, typer.Option(metavar="COLUMN", help="Its column to predict, of numbers.")] = None,
    debug: Debug = False,
) -> None:
    """Write a study file to start from, of your table if you name one; it runs as it is."""
    with running(debug):
        from search.run import write_study

        write_study(file, table, label=label, target=target)


def main() -> None:
    """Run the command line. Study files may import what lies in the current folder, as under `python -m`."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    start(app)
