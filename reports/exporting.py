"""An export: retrain the best trials, test them once, and write tables, page and artifacts.

What `python -m reports.export` and `export_study` have in common: what is printed, what pauses it and what is returned
is theirs. Imports nothing heavy before it is called.
"""

import gc
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.finalists.training import Training
    from reports.page.data import ReportData
    from search.interrupt import Interrupt
    from search.options import Options
    from search.record.record import Record
    from search.record.store import Store


ROOM_BYTES = 64 << 20  # what predictions, tables, figures and artifacts of a report may take


@dataclass(frozen=True)
class ExportOptions:
    """What an export does, and where it writes."""

    top: int  # how many of the best trials are finalists; baselines are added
    seeds: int  # how many each is trained under
    audit: int  # how many pruned trials are run to their end
    retrain: bool  # whether there are finalists at all
    retest: bool  # whether the test set is opened again for models that are tested
    folder: Path | None  # where page and tables go; the study's own unless given
    csv: Path  # the name of the finalists' table
    data_dir: str | None  # the only folder to look for the data in
    ensemble: bool = False  # whether trials of the search are tested together as well

    def command(self, study: str) -> str:
        """Return the command that does it, as the ledger names it."""
        words = ["python", "-m", "reports.export", "--study", study]
        words += [word for option, number in self.to_repeat.items() for word in (f"--{option}", str(number))]
        return shlex.join(words + ["--ensemble"] * self.ensemble + ["--retest"] * self.retest)

    @property
    def to_repeat(self) -> dict[str, int]:
        """The options that the page names, to get it again."""
        return {"top": self.top, "seeds": self.seeds} | ({"audit": self.audit} if self.audit else {})


def export(
    store: "Store",
    url: str,
    name: str,
    options: ExportOptions,
    hosts_options: "Options",  # of these, what they say of workers and of a cluster counts
    interrupt: "Interrupt",  # its signals pause the training
    say: Callable[[str], None],
    progress: Callable[[str, int, int], None] = lambda phase, done, total: None,  # of training, after a tick
) -> tuple["ReportData", Path]:
    """Train what is to be trained, write everything, and return what was found and the folder of page and tables.

    Raises:
        UserError: The study, its data, or a folder to write to is missing.
        Paused: A signal stopped it; a snapshot is kept.
    """
    record = find_record(store, name)
    folder = options.folder or record.folder
    _check_possible(record, options)
    _check_writable(folder, options.csv)
    if options.audit or options.retrain:
        from reports.finalists.find_data import find_data
        from reports.finalists.training import Training
        from search.launch import hosts

        dataset, sha256, device = record.study.dataset, record.fingerprint["data.sha256"], record.fingerprint["device"]
        source = find_data(record, dataset, sha256, options.data_dir, f"`{record.name}` was searched on")
        with hosts(record.study, device, hosts_options, say) as provider, record.lease(), interrupt.watched():
            training = Training(record, source, provider, device, lambda: interrupt.signal is not None, say, progress)
            report = _train_and_read(training, options, folder)
    else:
        from reports.page.data import read_report
        from reports.page.recorded_search import read_search

        with _no_collection():
            report = read_report(record, read_search(record))
    _write(store, url, record, report, folder, options)
    return report, folder


def _train_and_read(training: "Training", options: ExportOptions, folder: Path) -> "ReportData":
    """Audit, rank, retrain and test, in this order, and read what came out."""
    from reports.finalists.audit import audit
    from reports.finalists.audit_sample import draw
    from reports.finalists.choose import choose, retrained_for
    from reports.finalists.ensemble import select, write
    from reports.finalists.testing import predict_test_set
    from reports.finalists.training import finalist_rows, rank_finalists, retrain
    from reports.page.data import read_report
    from reports.page.recorded_search import read_search

    record, seeds = training.record, options.seeds
    _remove_leftovers(record.folder / "finalists")
    search = read_search(record)
    if options.audit:
        epochs = {trial: len(curve) for trial, curve in search.curves.items()}
        seconds = {trial: sum(score.seconds for score in curve) / len(curve) for trial, curve in search.curves.items()}
        audit(training, draw(record.study, search.trials, epochs, options.audit), seconds)
    if not options.retrain:
        return read_report(record, search)
    chosen = choose(record, search.trials, search.curves, options.top)
    ensemble = select(record, search.trials) if options.ensemble else None
    ranked, numbers = rank_finalists(training, chosen, seeds), {row.number for row in chosen}
    if record.study.family.external:
        return read_report(record, search, ranked, seeds)
    kept = [*ranked, *(row for row in search.trials if ensemble and row.number in ensemble.weights.keys() - numbers)]
    finalists = finalist_rows(record)
    trained = [(row, retrained_for(record.study, row, seeds, finalists, search.curves[row.number])) for row in kept]
    retrain(training, trained, seeds)
    if ensemble is not None:
        write(record, record.study, ensemble)
    _check_room(record.folder, folder)
    command = options.command(record.name)
    predictions = predict_test_set(
        record,
        training.source,
        ranked,
        seeds,
        again=options.retest,
        command=command,
        say=training.say,
        ensemble=ensemble,
    )
    with _no_collection():
        return read_report(record, search, ranked, seeds, predictions, ensemble)


def _remove_leftovers(folder: Path) -> None:
    """Remove what a kill has left half written; nobody else writes there, under the study's lease."""
    for pattern in (".tmp*", "*.partial"):
        for file in folder.glob(pattern):
            file.unlink(missing_ok=True)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Collect no garbage: what is read here stays until the end, and looking through it takes a second of ten."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _write(
    store: "Store", url: str, record: "Record", report: "ReportData", folder: Path, options: ExportOptions
) -> None:
    """Write tables, figures and page, and put those of finalists where optuna-dashboard shows them."""
    from reports.page.page import write_page
    from reports.page.sections.registry import all_sections

    sections, finalists = all_sections(report.study.task), report.finalists
    with _no_collection():
        report.trials.drop(columns="fate").to_csv(folder / "trials.csv", index=False)
        if report.results is not None:
            report.results.to_csv(folder / options.csv, index=False)
        page = write_page(report, sections, folder, options.to_repeat)
    if finalists is None:
        return

    from reports import artifacts
    from reports.page.notes import save_trial_figures, study_note, trial_note

    items = [artifacts.Item(page)]
    notes: dict[int | None, str] = {None: study_note(report)}
    for row in finalists.ranked:
        model = record.folder / "finalists" / str(finalists.rows[row.number, 0].model)
        files = [*save_trial_figures(report, sections, row.number, folder), model]
        items += [artifacts.Item(file, row.number) for file in files]
        notes[row.number] = trial_note(report, finalists, row)
    with record.lease():
        artifacts.put(store, url, record, notes, items)


def find_record(store: "Store", name: str) -> "Record":
    """Return the study's record. Raises UserError, with what there is instead, where there is none."""
    from models.errors import UserError, did_you_mean

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


def _check_possible(record: "Record", options: ExportOptions) -> None:
    """Raise UserError where a study of trials that train by themselves cannot have what is asked for."""
    from models.errors import UserError
    from reports.finalists.choose import check_ensemble

    label = record.study.family.label
    asked = {"--audit": bool(options.audit), "--retest": options.retest, "--data-dir": options.data_dir is not None}
    asked["--ensemble"] = options.ensemble
    if options.ensemble:
        check_ensemble(record.study, retrains=options.retrain)
    if record.study.family.external and (given := [option for option, is_given in asked.items() if is_given]):
        raise UserError(f"{label} trains by itself, without a test set or an audit", f"leave out {given[0]}")


def _check_writable(folder: Path, csv: Path) -> None:
    """Raise UserError where the folder or its table cannot be written: now, not after minutes of training."""
    from models.errors import UserError

    table = folder / csv
    if table.is_dir() or (not table.parent.is_dir() and table.parent != folder):
        what = "is a folder" if table.is_dir() else "lies in a folder that is not there"
        raise UserError(f"{table} {what}", "name a file with --csv, like --csv results.csv")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for probe in (folder / ".writable", table.with_name(f".{table.name}.writable")):
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written to: {error.strerror}", "choose another folder with --out"
        ) from None


def _check_room(*folders: Path) -> None:
    """Raise UserError where a disk is all but full: before the test set is opened, which cannot be undone."""
    import shutil

    from models.errors import UserError

    for folder in folders:
        if (free := shutil.disk_usage(folder).free) < ROOM_BYTES:
            raise UserError(
                f"{folder} is on a disk with {free >> 20} MiB left; a report takes up to {ROOM_BYTES >> 20} MiB",
                "make room, then give the same command again; the finalists are trained, the test set is still shut",
            )
