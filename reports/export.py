"""python -m reports.export: retrain the best trials, test them once, and write the report. See `--help`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.console import start, whole
from search.console import Interrupt, command, out

if TYPE_CHECKING:
    from models.data import Source
    from reports.frames import Final, Findings
    from search.record import Record
    from search.storage import Store

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

FINALISTS, WHERE, HOW = "Finalists", "Where things are", "How"

EXAMPLES = """
[bold]Examples[/]

  the three best trials and the baseline, five seeds each
  python -m reports.export --study mlp

  more finalists, more certainty
  python -m reports.export --study mlp --top 5 --seeds 10

  also run ten pruned trials on: was it right to cut them?
  python -m reports.export --study mlp --audit 10

  the page of the search alone; the test set stays shut
  python -m reports.export --study mlp --no-retrain
"""


@app.command(epilog=EXAMPLES)
def main(
    study: Annotated[str, typer.Option(metavar="NAME", help="A study in the database.", rich_help_panel=WHERE)],
    storage: Annotated[
        str, typer.Option(metavar="URL", help="The database.", rich_help_panel=WHERE)
    ] = "sqlite:///runs/studies.db",
    top: Annotated[
        int,
        typer.Option(
            parser=whole(1, 1000),
            metavar="N",
            help="How many of the best trials; baselines are added.",
            rich_help_panel=FINALISTS,
        ),
    ] = 3,
    seeds: Annotated[
        int,
        typer.Option(parser=whole(1, 999), metavar="N", help="How often each is retrained.", rich_help_panel=FINALISTS),
    ] = 5,
    audit: Annotated[
        int,
        typer.Option(
            parser=whole(0),
            metavar="N",
            help="Run N pruned trials, drawn at random, to their end: would one have won?",
            rich_help_panel=FINALISTS,
        ),
    ] = 0,
    no_retrain: Annotated[
        bool, typer.Option("--no-retrain", metavar="", help="The page of the search alone.", rich_help_panel=FINALISTS)
    ] = False,
    retest: Annotated[
        bool, typer.Option("--retest", metavar="", help="Open the test set again.", rich_help_panel=FINALISTS)
    ] = False,
    csv: Annotated[
        Path, typer.Option(metavar="FILE", help="The finalists' table, in the output folder.", rich_help_panel=WHERE)
    ] = Path("results.csv"),
    output: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Where page and tables go. Default: the study's folder.", rich_help_panel=WHERE
        ),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the data set lies.", rich_help_panel=WHERE)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            parser=whole(0, 4096), metavar="N", help="Processes; the result is the same.", rich_help_panel=HOW
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", metavar="", help="Show the outcome only.", rich_help_panel=HOW)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", metavar="", help="Show tracebacks.", rich_help_panel=HOW)] = False,
) -> None:
    """Retrain the best trials over several seeds, open the test set once, and write what to believe."""
    with command(debug):
        import optuna

        from search.storage import DEFAULT_URL, Store

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        store = Store(storage, create=False)
        record = _record(store, study)
        folder = output or record.folder
        _writable(folder)
        interrupt = Interrupt()
        say: Callable[[str], None] = (lambda line: None) if quiet else _say
        final = None
        if audit or not no_retrain:
            from search.launch import worker_count

            training = _Training(
                record,
                _source(record, None if data_dir is None else str(data_dir)),
                workers=worker_count(workers, record.study.engines),
                interrupt=interrupt,
                say=say,
            )
            with record.lease(), interrupt.watched():
                if audit:
                    training.audit(audit)
                if not no_retrain:
                    final = training.finalists(top, seeds, retest)
        found = _write(record, final, folder, csv, {"top": top, "seeds": seeds} | ({"audit": audit} if audit else {}))
        if final is not None:
            _shelve(store, storage, found, final, folder)
        _tell(found, folder, csv)
        where = "" if storage == DEFAULT_URL else f" --storage {store.masked}"
        out.print(f"next: python -m reports.dashboard{where}", markup=False)


def _say(line: str) -> None:
    out.print(line, markup=False)


class _Training:
    """What needs engines and the study's lease; a signal pauses it, with a snapshot."""

    def __init__(
        self, record: "Record", source: "Source", *, workers: int, interrupt: Interrupt, say: Callable[[str], None]
    ) -> None:
        self._record, self._source, self._workers = record, source, workers
        self._interrupt, self._say = interrupt, say
        self._device = str(record.fingerprint["device"])

    def finalists(self, top: int, seeds: int, retest: bool) -> "Final":
        """Rank, retrain and test, in this order."""
        from reports import finalists, frames

        retraining = finalists.Retraining(
            self._record,
            self._source,
            workers=self._workers,
            device=self._device,
            pause=self._asked_to_stop,
            say=self._say,
        )
        try:
            ranked = retraining.rank(finalists.choose(self._record, top), seeds)
            retraining.retrain(ranked, seeds)
        except finalists.Paused:
            self._leave()
        tested = finalists.test(self._record, self._source, ranked, seeds, again=retest, say=self._say)
        return frames.final(self._record, ranked, seeds, tested)

    def audit(self, number: int) -> None:
        """Run pruned trials to their end."""
        from reports import audit

        drawn = audit.draw(self._record.study, self._record.trials(), number)
        if not drawn:
            self._say("audit: no trial was pruned")
        elif not audit.run(
            self._record,
            self._source,
            drawn,
            workers=self._workers,
            device=self._device,
            pause=self._asked_to_stop,
            say=self._say,
        ):
            self._leave()

    def _asked_to_stop(self) -> bool:
        return self._interrupt.signal is not None

    def _leave(self) -> None:
        out.print("paused, with a snapshot; the same command goes on from here")
        sys.exit(self._interrupt.exit_code)


def _write(record: "Record", final: "Final | None", folder: Path, csv: Path, again: dict[str, int]) -> "Findings":
    """Write tables, figures and page."""
    import gc

    from reports import frames, page

    gc.disable()  # what is read here stays until the end: looking through it again and again takes a second of ten
    found = frames.findings(record, final)
    found.trials.drop(columns="fate").to_csv(folder / "trials.csv", index=False)
    if final is not None:
        final.results.to_csv(folder / csv, index=False)
    page.write(found, folder, again)
    return found


def _shelve(store: "Store", url: str, found: "Findings", final: "Final", folder: Path) -> None:
    """Put the report where optuna-dashboard shows it."""
    from reports import page, shelf

    items = [shelf.Item(folder / "report.html")]
    for row in final.ranked:
        items += [shelf.Item(file, row.number) for file in page.write_trial(found, row.number, folder)]
        items.append(shelf.Item(found.record.folder / "finalists" / str(final.rows[row.number, 0].model), row.number))
    notes: dict[int | None, str] = {row.number: page.note_of_trial(final, row) for row in final.ranked}
    with found.record.lease():
        shelf.put(store, url, found.record, notes | {None: page.note(found)}, items)


def _tell(found: "Findings", folder: Path, csv: Path) -> None:
    """Print what came out."""
    from reports.verdict import verdict

    told = verdict(found)
    out.print(told.headline, markup=False)
    if found.final is None:
        out.print(f"{folder / 'report.html'}, {folder / 'trials.csv'}: {len(found.trials)} trials", markup=False)
        return
    for row in found.final.results.to_dict("records"):
        name = f"trial {row['trial']}" + (f" (baseline {row['baseline']})" if isinstance(row["baseline"], str) else "")
        out.print(
            f"{row['rank']}. {name}: test accuracy {row['test_accuracy_mean']:.4f} "
            f"[{row['test_accuracy_low']:.4f}, {row['test_accuracy_high']:.4f}] over {row['seeds']} seeds, "
            f"validation {row['validation_accuracy']:.4f}",
            markup=False,
        )
    tables = f"{folder / csv}, {folder / 'trials.csv'}"
    out.print(f"{folder / 'report.html'}, {tables}, models in {found.record.folder / 'finalists'}", markup=False)


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
    start(app)
