"""python -m search.run: search a study. See `--help`."""

import shlex
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from models.console import DataDir, Debug, err, new_app, out, start
from models.errors import UserError
from search.cli import options as cli
from search.interrupt import Interrupt, command
from search.options import DEFAULT_STORAGE, WORKER_TIMEOUT, Options

if TYPE_CHECKING:
    from search.config.study_files import NamedStudy

app = new_app()

EXAMPLES = """
[bold]Examples[/]

  the study studies/mlp.py: 60 trials on MNIST, about a minute on two cores
  python -m search.run --study mlp

  80 trials from another seed, kept apart from those
  python -m search.run --study mlp --trials 80 --seed 3 --name mlp-3

  begin a study of your own: a file to read and to change
  python -m search.run --new my_study

  the same, with a page in the browser that shows it while it runs
  python -m search.run --study mlp --live

  a study and a database of your own, on eight cores
  python -m search.run --study my.py --engines 8 --storage sqlite:///my.db
"""


@app.command(epilog=EXAMPLES)
def main(
    context: typer.Context,
    study: cli.Study = None,
    dataset: cli.Dataset = None,
    seed: cli.Seed = None,
    trials: cli.Trials = None,
    until_settled: cli.UntilSettled = False,
    learn_from: cli.LearnFrom = None,
    epochs: cli.Epochs = None,
    timeout: cli.Timeout = None,
    storage: cli.Storage = DEFAULT_STORAGE,
    name: cli.Name = None,
    data_dir: DataDir = None,
    log: cli.Log = None,
    tensorboard: cli.TensorBoard = False,
    live: cli.Live = False,
    port: cli.Port = 0,
    workers: cli.Workers = None,
    engines: cli.Engines = None,
    lanes: cli.Lanes = None,
    cluster: cli.Cluster = None,
    engine_cpus: cli.EngineCpus = None,
    engine_gpus: cli.EngineGpus = None,
    worker_timeout: cli.WorkerTimeout = WORKER_TIMEOUT,
    device: cli.Device = "auto",
    restart: cli.Restart = False,
    reproduce: cli.Reproduce = None,
    new: cli.New = None,
    check: cli.Check = False,
    list_: cli.List = False,
    quiet: cli.Quiet = False,
    json: cli.Json = False,
    debug: Debug = False,
) -> None:
    """Search a study: many trials train together, weak ones are pruned, and the same command goes on after a stop."""
    with command(debug):
        actions = {"--new": new is not None, "--check": check, "--list": list_, "--reproduce": reproduce is not None}
        given = [option for option, is_given in actions.items() if is_given]
        if len(given) > 1:
            raise UserError(f"{given[0]} and {given[1]} are two things to do", "give one of them at a time")
        if new is not None:
            write_study(new)
            return
        if json and not (list_ or check):
            raise UserError("--json goes with --list and --check", "give one of them")
        # Each is an argument of this function, and so a parameter of the command.
        options = Options(**{field.name: context.params[field.name] for field in fields(Options)}).checked("--")
        if list_:
            show_list(storage, json=json)
            return
        if study is None:
            raise UserError("no study is named", "give one with --study, like --study mlp; --list shows all")
        changes = {"trials": trials, "seed": seed, "epochs": epochs, "engines": engines, "lanes": lanes}
        changes |= {"until_settled": until_settled or None, "learn_from": tuple(learn_from or ()) or None}
        named = _load(study, changes)
        if check:
            _check(named, options, json=json)
            return
        if reproduce is not None:
            sys.exit(_reproduce(named, options, reproduce))
        if port and not live:
            raise UserError("--port goes with --live", "give --live as well, or leave it out")
        loggers = list(dict.fromkeys([*(log or ()), *(["tensorboard"] if tensorboard else [])]))
        sys.exit(_search(named, options, quiet=quiet, loggers=loggers, live_port=port if live else None))


def _load(study: str, changes: dict[str, object]) -> "NamedStudy":
    from search.config.study_files import load, override

    named = load(study)
    return replace(named, study=override(named.study, **changes))


def _search(named: "NamedStudy", options: Options, *, quiet: bool, loggers: list[str], live_port: int | None) -> int:
    """Search, show it, say what comes next, and return the exit code."""
    from search.cli.live import LivePage
    from search.fleet.local import Machine, worker_count
    from search.machine.device import may_have_gpu

    engines, interrupt = named.study.engines, Interrupt()
    workers = 0 if options.cluster else worker_count(options.workers, engines)
    page = LivePage(options.storage, live_port or 0, lambda line: out.print(line, markup=False))
    with page, Machine(workers, options.host_timeout) as machine:
        # How many there should be on GPUs only torch can tell; one is needed in any case.
        machine.begin(1 if options.device != "cpu" and may_have_gpu() else engines)

        import optuna

        from search.cli import session

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        result = session.run(
            named,
            options,
            interrupt=interrupt,
            console=out,
            note=lambda text: err.print(f"[yellow]note:[/] {escape(text)}"),
            quiet=quiet,
            loggers=loggers,
            machine=machine,
            watchers=[] if live_port is None else [page.begin],
        )
    record = result.prepared.record
    storage = "" if options.storage == DEFAULT_STORAGE else f" --storage {result.prepared.storage}"
    if result.outcome is None:
        done = sum(row.is_planned for row in record.trials())
        out.print(f"`{record.name}` is finished: nothing to train; --trials N with N above {done} adds trials")
        if live_port is not None:
            out.print(f"its page: python -m reports.live --study {shlex.quote(record.name)}{storage}", markup=False)
    out.print(result.summary)
    for line in result.logged:
        out.print(line, markup=False)
    if result.finished:
        out.print(f"next: python -m reports.export --study {shlex.quote(record.name)}{storage}", markup=False)
        return 0
    out.print("paused, with a snapshot; the same command goes on from here")
    return interrupt.exit_code if interrupt.signal else 0


def show_list(storage: str, *, json: bool) -> None:
    """Show all studies, as a table or as JSON."""
    from search.cli.listing import show, study_rows

    if json:
        out.print_json(data=[vars(row) for row in study_rows(storage)])
    else:
        show(storage, out)


def write_study(file: str, table: Path | None = None, *, label: str | None = None, target: str | None = None) -> None:
    """Write a study file, of a table if one is given, and say what to do with it."""
    from search.cli.new import write

    path = write(file, table, label=label, target=target)
    out.print(f"{path} is a study to read and to change; it runs as it is", markup=False)
    out.print(f"next: python -m search.run --study {path} --check", markup=False)
    out.print(f"then: python -m search.run --study {path}", markup=False)


def _check(named: "NamedStudy", options: Options, *, json: bool) -> None:
    from search.cli.check import check, make_plan

    if json:
        out.print_json(data=make_plan(named, options).as_data())
        return
    check(named, options, out)
    given = sys.argv[2:] if sys.argv[1:2] in (["check"], ["search"]) else sys.argv[1:]  # behind `studyhall search`
    arguments = [argument for argument in given if argument != "--check"]
    out.print(f"next: python -m search.run {shlex.join(arguments)}", markup=False)


def _reproduce(named: "NamedStudy", options: Options, number: int) -> int:
    """Train a recorded trial again, show both curves, and return the exit code."""
    from search import launch
    from search.cli.reproduce import comparison, reproduce

    prepared = launch.prepare(named, options)
    recorded, again = reproduce(prepared, number)
    text, same = comparison(number, recorded, again, prepared.study.objective.metric)
    out.print(text)
    return 0 if same else 1


if __name__ == "__main__":
    start(app)
