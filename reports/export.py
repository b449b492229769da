"""python -m reports.export: retrain the best trials, test them once, and write the tables. See `--help`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.console import Interrupt, command, out

if TYPE_CHECKING:
    from models.data import Source
    from search.storage import Record, Store

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EXAMPLES = """
[bold]Examples[/]

  python -m reports.export --study mlp                        the three best trials and the baseline, five seeds each

  python -m reports.export --study mlp --top 5 --seeds 10     more finalists, more certainty

  python -m reports.export --study mlp --no-retrain           trials.csv only; the test set stays shut
"""


@app.command(epilog=EXAMPLES)
def main(
    study: Annotated[str, typer.Option(metavar="NAME", help="A study in the database.")],
    storage: Annotated[str, typer.Option(metavar="URL", help="The database.")] = "sqlite:///runs/studies.db",
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many of the best trials; baselines are added.")] = 3,
    seeds: Annotated[int, typer.Option(min=1, max=999, help="How often each is retrained.")] = 5,
    csv: Annotated[Path, typer.Option(metavar="FILE", help="The finalists' table, in the output folder.")] = Path(
        "results.csv"
    ),
    output: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where tables go. Default: the study's own folder.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the data set lies.")] = None,
    workers: Annotated[int | None, typer.Option(min=0, max=4096, help="Processes; the result is the same.")] = None,
    no_retrain: Annotated[bool, typer.Option("--no-retrain", help="Write trials.csv only.")] = False,
    retest: Annotated[bool, typer.Option("--retest", help="Open the test set again.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show the outcome only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Retrain the best trials over several seeds, open the test set once, and write what came out."""
    with command(debug):
        import optuna

        from reports import finalists, tables
        from search.launch import worker_count
        from search.storage import Store

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        store = Store(storage, create=False)
        record = _record(store, study)
        folder = output or record.folder
        _writable(folder)
        trials = tables.trials_frame(record, finalists.curves_of(record))
        trials.to_csv(folder / "trials.csv", index=False)
        if no_retrain:
            out.print(f"{folder / 'trials.csv'}: {len(trials)} trials")
            return
        source = _source(record, None if data_dir is None else str(data_dir))
        interrupt = Interrupt()
        with record.lease(), interrupt.watched():
            retraining = finalists.Retraining(
                record,
                source,
                workers=worker_count(workers, record.study.engines),
                device=str(record.fingerprint["device"]),
                pause=lambda: interrupt.signal is not None,
                say=(lambda line: None) if quiet else out.print,
            )
            try:
                ranked = retraining.rank(finalists.choose(record, top), seeds)
                retraining.retrain(ranked, seeds)
            except finalists.Paused:
                out.print("paused, with a snapshot; the same command goes on from here")
                sys.exit(interrupt.exit_code)
            tested = finalists.test(record, source, ranked, seeds, again=retest, say=out.print)
        results = tables.results_frame(record, ranked, seeds, tested)
        results.to_csv(folder / csv, index=False)
        for row in results.to_dict("records"):
            name = f"trial {row['trial']}" + (
                f" (baseline {row['baseline']})" if isinstance(row["baseline"], str) else ""
            )
            out.print(
                f"{row['rank']}. {name}: test accuracy {row['test_accuracy_mean']:.4f} "
                f"[{row['test_accuracy_low']:.4f}, {row['test_accuracy_high']:.4f}] over {row['seeds']} seeds, "
                f"validation {row['validation_accuracy']:.4f}",
                markup=False,
            )
        out.print(f"{folder / csv}, {folder / 'trials.csv'}, models in {record.folder / 'finalists'}")
        out.print(f"next: optuna-dashboard {store.masked}")


def _record(store: "Store", name: str) -> "Record":
    """Return the study's record. Raises UserError, with what there is instead, where there is none."""
    from models.errors import UserError
    from search.catalog import did_you_mean

    record = store.find(name)
    if record is None:
        names = store.names()
        elsewhere = next((other for other in names if other.startswith(f"{name}@")), None)
        like = f' (did you mean "{elsewhere}"?)' if elsewhere else did_you_mean(name, names)
        raise UserError(
            f'no study named "{name}" in {store.masked}{like}',
            f"studies there: {', '.join(names)}" if names else f"search it first: python -m search.run --study {name}",
        )
    return record


def _source(record: "Record", data_dir: str | None) -> "Source":
    """Return the data set that the study was searched on, and no other."""
    from models.data import locate
    from models.errors import UserError

    source = locate(record.study.data, data_dir)
    if source is None and data_dir is None and (root := record.environment.get("data")):
        source = locate(record.study.data, root)
    if source is None:
        raise UserError(
            f"{record.study.data} is not on this machine any more", "name the folder that holds it with --data-dir"
        )
    if source.sha256 != record.fingerprint["data.sha256"]:
        raise UserError(
            f"{record.study.data} in {source.root} is not the data set that `{record.name}` was searched on",
            "name the folder that holds that one with --data-dir",
        )
    return source


def _writable(folder: Path) -> None:
    """Raise UserError where the folder cannot be written to: now, not after minutes of training."""
    from models.errors import UserError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written to: {error.strerror}", "choose another folder with --out"
        ) from None


if __name__ == "__main__":
    app()
