"""python -m search.run: search a study. See `--help`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from models.console import bounded_int, int_list, start
from search.cli.console import Interrupt, command, err, out

if TYPE_CHECKING:
    from search.config.study_files import NamedStudy
    from search.launch import Options

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

  begin a study of your own: a file to read and to change
  python -m search.run --new my_study

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
        typer.Option(parser=bounded_int(0), metavar="N", help=f"Of everything random. {OWN}", rich_help_panel=WHAT),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            parser=bounded_int(1),
            metavar="N",
            help=f"In all, however often it is started. {OWN}",
            rich_help_panel=BUDGET,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            parser=bounded_int(1), metavar="N", help=f"Of a trial that is not cut. {OWN}", rich_help_panel=BUDGET
        ),
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
            parser=bounded_int(0, 4096),
            metavar="N",
            help="Processes; 0 trains in this one. Whatever their number, the result is the same. "
            "Default: one an engine, while there are cores.",
            rich_help_panel=HOW,
        ),
    ] = None,
    engines: Annotated[
        int | None,
        typer.Option(parser=bounded_int(1), metavar="N", help=f"Fused groups of trials. {OWN}", rich_help_panel=HOW),
    ] = None,
    lanes: Annotated[
        Any,  # a number or several, of which typer knows no type
        typer.Option(
            parser=int_list(1),
            metavar="N[,N...]",
            help=f"Trials per engine; a number each for machines of unequal speed. {OWN}",
            rich_help_panel=HOW,
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on a Ray cluster: auto, HOST:PORT or ray://HOST:PORT. The result is the same.",
            rich_help_panel=HOW,
        ),
    ] = None,
    engine_cpus: Annotated[
        float | None,
        typer.Option(metavar="N", help="CPUs of an engine there. Default: its threads.", rich_help_panel=HOW),
    ] = None,
    engine_gpus: Annotated[
        float | None,
        typer.Option(metavar="N", help="GPUs of an engine there, like 0.5. Default: none.", rich_help_panel=HOW),
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
            parser=bounded_int(0), metavar="TRIAL", help="Train that trial again and compare.", rich_help_panel=ELSE
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE.py", help="Write a study file to start from.", rich_help_panel=ELSE),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            metavar="",
            help="Show what would be searched, and about how long it takes.",
            rich_help_panel=ELSE,
        ),
    ] = False,
    list_: Annotated[
        bool,
        typer.Option("--list", metavar="", help="Show all studies, and how far each is.", rich_help_panel=ELSE),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", metavar="", help="Show the summary only.", rich_help_panel=ELSE)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", metavar="", help="Show tracebacks.", rich_help_panel=ELSE)] = False,
) -> None:
    """Search a study: many trials train together, weak ones are cut, and the same command goes on after a stop."""
    with command(debug):
        from models.errors import UserError
        from search.cli.session import checked
        from search.launch import Options

        asked = {"--new": new is not None, "--check": check, "--list": list_, "--reproduce": reproduce is not None}
        both = [option for option, given in asked.items() if given]
        if len(both) > 1:
            raise UserError(f"{both[0]} and {both[1]} are two things to do", "give one of them at a time")
        if new is not None:
            _new(new)
            return
        options = checked(
            Options(
                storage=storage,
                name=name,
                dataset=dataset,
                data_dir=None if data_dir is None else str(data_dir),
                workers=workers,
                cluster=cluster,
                engine_cpus=engine_cpus,
                engine_gpus=engine_gpus,
                device=device,
                timeout=timeout,
                restart=restart,
            ),
            "--",
        )
        if list_:
            from search.cli.listing import show

            show(storage, out)
            return
        if study is None:
            raise UserError("no study is named", "give one with --study, like --study mlp; --list shows all")
        changes = {"trials": trials, "seed": seed, "epochs": epochs, "engines": engines, "lanes": lanes}
        named = _named(study, changes)
        if check:
            _check(named, options)
            return
        if reproduce is not None:
            sys.exit(_reproduce(named, options, reproduce))
        sys.exit(_search(named, options, quiet=quiet, tensorboard=tensorboard))


def _named(study: str, changes: dict[str, object]) -> "NamedStudy":
    """Return the study with what was given on the command line."""
    from dataclasses import replace

    from search.config.study_files import load, override

    named = load(study)
    return replace(named, study=override(named.study, **changes))


def _search(named: "NamedStudy", options: "Options", *, quiet: bool, tensorboard: bool) -> int:
    """Search, show it, say what comes next, and return the exit code."""
    from search.fleet.local import Machine, worker_count

    engines, interrupt = named.study.engines, Interrupt()
    with Machine(0 if options.cluster else worker_count(options.workers, engines)) as machine:
        machine.begin(engines)

        import optuna

        from search.cli import session
        from search.record.store import DEFAULT_URL

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        ran = session.run(
            named,
            options,
            interrupt=interrupt,
            console=out,
            note=lambda text: err.print(f"[yellow]note:[/] {escape(text)}"),
            quiet=quiet,
            tensorboard=tensorboard,
            machine=machine,
        )
    name = ran.prepared.record.name
    if ran.ended is None:
        done = len(ran.prepared.record.trials())
        out.print(f"`{name}` is finished: nothing to train; --trials N with N above {done} adds trials")
    out.print(ran.summary)
    if ran.curves:
        out.print(f"curves: tensorboard --logdir {ran.curves}", markup=False)
    if ran.finished:
        where = "" if options.storage == DEFAULT_URL else f" --storage {ran.prepared.storage}"
        out.print(f"next: python -m reports.export --study {name}{where}", markup=False)
        return 0
    out.print("paused, with a snapshot; the same command goes on from here")
    return interrupt.exit_code if interrupt.signal else 0


def _new(file: str) -> None:
    """Write a study file, and say what to do with it."""
    from search.cli.new import write

    path = write(file)
    out.print(f"{path} is a study to read and to change; it runs as it is", markup=False)
    out.print(f"next: python -m search.run --study {path} --check", markup=False)
    out.print(f"then: python -m search.run --study {path}", markup=False)


def _check(named: "NamedStudy", options: "Options") -> None:
    """Show what a search would be, and how to begin it."""
    from search.cli.check import check

    check(named, options, out)
    given = [word for word in sys.argv[1:] if word != "--check"]
    out.print(f"next: python -m search.run {shlex.join(given)}", markup=False)


def _reproduce(named: "NamedStudy", options: "Options", number: int) -> int:
    """Train a recorded trial again, show both curves, and return the exit code."""
    from search import launch
    from search.cli.reproduce import comparison, reproduce

    prepared = launch.prepare(named, options)
    recorded, again = reproduce(prepared, number)
    text, same = comparison(number, recorded, again)
    out.print(text)
    return 0 if same else 1


if __name__ == "__main__":
    start(app)
