"""python -m search.run: search a study. See `--help`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.console import start, whole
from search.console import Interrupt, command, err, out

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.catalog import Named
    from search.fleet import Facts
    from search.launch import Options
    from search.work import Search

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

WHAT, BUDGET, WHERE, HOW, ELSE = (
    "What is searched",
    "Budget",
    "Where it is kept",
    "How it is trained",
    "Instead, or besides",
)

OWN = "Default: the study's own."

EXAMPLES = """
[bold]Examples[/]

  the study studies/mlp.py: 60 trials on MNIST, about a minute on two cores
  python -m search.run --study mlp

  80 trials from another seed, kept apart from those
  python -m search.run --study mlp --trials 80 --seed 3 --name mlp-3

  a study and a database of your own, on eight cores
  python -m search.run --study my.py --engines 8 --storage sqlite:///my.db
"""


@app.command(epilog=EXAMPLES)
def main(
    study: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.py", help="The study to search.", rich_help_panel=WHAT)
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Another data set: mnist, fashion_mnist, digits.", rich_help_panel=WHAT),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the data set lies. Else: STUDYHALL_DATA, ./data, a download.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(parser=whole(0), metavar="N", help=f"Of everything random. {OWN}", rich_help_panel=WHAT),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            parser=whole(1),
            metavar="N",
            help=f"In all, however often it is started. {OWN}",
            rich_help_panel=BUDGET,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(parser=whole(1), metavar="N", help=f"Of a trial that is not cut. {OWN}", rich_help_panel=BUDGET),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Pause after so long; the same command goes on.", rich_help_panel=BUDGET),
    ] = None,
    storage: Annotated[
        str, typer.Option(metavar="URL", help="The database.", rich_help_panel=WHERE)
    ] = "sqlite:///runs/studies.db",
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The study's name there. Default: its file's.", rich_help_panel=WHERE),
    ] = None,
    tensorboard: Annotated[
        bool,
        typer.Option(
            "--tensorboard",
            metavar="",
            help="Write every trial's curves and parameters for TensorBoard as well.",
            rich_help_panel=WHERE,
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            parser=whole(0, 4096),
            metavar="N",
            help="Processes; 0 trains in this one. Whatever their number, the result is the same. "
            "Default: one an engine, while there are cores.",
            rich_help_panel=HOW,
        ),
    ] = None,
    engines: Annotated[
        int | None,
        typer.Option(parser=whole(1), metavar="N", help=f"Fused groups of trials. {OWN}", rich_help_panel=HOW),
    ] = None,
    lanes: Annotated[
        int | None,
        typer.Option(parser=whole(1), metavar="N", help=f"Trials per engine. {OWN}", rich_help_panel=HOW),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda", help="What engines run on.", rich_help_panel=HOW)
    ] = "auto",
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", metavar="", help="Begin anew; what is there is kept under another name.", rich_help_panel=ELSE
        ),
    ] = False,
    reproduce: Annotated[
        int | None,
        typer.Option(
            parser=whole(0), metavar="TRIAL", help="Train that trial again and compare.", rich_help_panel=ELSE
        ),
    ] = None,
    list_: Annotated[
        bool,
        typer.Option("--list", metavar="", help="Show all studies, and what is known of them.", rich_help_panel=ELSE),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", metavar="", help="Show the summary only.", rich_help_panel=ELSE)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", metavar="", help="Show tracebacks.", rich_help_panel=ELSE)] = False,
) -> None:
    """Search a study: many trials train together, weak ones are cut, and the same command goes on after a stop."""
    with command(debug):
        from models.errors import UserError
        from search.launch import Options

        if device not in ("auto", "cpu", "cuda"):
            raise UserError(f"--device is {device}", "choose auto, cpu or cuda")
        if timeout is not None and not timeout >= 0:
            raise UserError(f"--timeout is {timeout:g} seconds", "give a number that is not below 0")
        options = Options(
            storage=storage,
            name=name,
            dataset=dataset,
            data_dir=None if data_dir is None else str(data_dir),
            workers=workers,
            device=device,
            timeout=timeout,
            restart=restart,
        )
        if list_:
            from search.listing import table

            out.print(table(storage))
            return
        if study is None:
            raise UserError("no study is named", "give one with --study, like --study mlp; --list shows all")
        changes = {"trials": trials, "seed": seed, "epochs": epochs, "engines": engines, "lanes": lanes}
        named = _named(study, changes)
        if reproduce is not None:
            sys.exit(_reproduce(named, options, reproduce))
        sys.exit(_search(named, options, quiet=quiet, tensorboard=tensorboard))


def _named(study: str, changes: dict[str, int | None]) -> "Named":
    """Return the study with what was given on the command line."""
    from dataclasses import replace

    from search.catalog import load, override

    named = load(study)
    return replace(named, study=override(named.study, **changes))


def _search(named: "Named", options: "Options", *, quiet: bool, tensorboard: bool) -> int:
    """Search, show it, and return the exit code."""
    import optuna

    from search import launch
    from search.progress import Progressing, summary
    from search.storage import DEFAULT_URL
    from search.tensorboard import Board

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    prepared = launch.prepare(named, options)
    study, record = prepared.study, prepared.record
    if prepared.note:
        err.print(f"[yellow]note:[/] {prepared.note}")
    export = f"python -m reports.export --study {record.name}"
    if options.storage != DEFAULT_URL:
        export += f" --storage {prepared.storage}"
    board = Board(record) if tensorboard else None
    curves = f"curves: tensorboard --logdir {board.folder}" if board else None
    done = record.trials()
    if len(done) >= study.trials and all(row.state != "running" for row in done):
        out.print(f"`{record.name}` is finished: nothing to train; --trials N with N above {len(done)} adds trials")
        out.print(summary(record, None))
        if board:
            board.catch_up()
            out.print(curves, markup=False)
        out.print(f"next: {export}")
        return 0
    interrupt = Interrupt()
    with Progressing(prepared, out, quiet) as shown:

        def begun(search: "Search", facts: "Facts") -> "Callable[[], None]":
            told = [watcher.begin(search, facts) for watcher in (shown, board) if watcher]

            def after_tick() -> None:
                for tell in told:
                    tell()

            return after_tick

        ended = launch.search(prepared, options, interrupt=interrupt, begun=begun)
    out.print(summary(record, ended))
    if curves:
        out.print(curves, markup=False)
    if ended.finished:
        out.print(f"next: {export}")
        return 0
    out.print("paused, with a snapshot; the same command goes on from here")
    return interrupt.exit_code if interrupt.signal else 0


def _reproduce(named: "Named", options: "Options", number: int) -> int:
    """Train a recorded trial again, show both curves, and return the exit code."""
    from search import launch
    from search.reproduce import comparison, reproduce

    prepared = launch.prepare(named, options)
    recorded, again = reproduce(prepared, number)
    text, same = comparison(number, recorded, again)
    out.print(text)
    return 0 if same else 1


if __name__ == "__main__":
    start(app)
