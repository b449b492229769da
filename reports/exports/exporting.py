"""An export: retrain the best trials, test them once, and write tables, page and artifacts.

What `python -m reports.export` and `export_study` have in common: what is printed, what pauses it and what is returned
is theirs. Imports nothing heavy before it is called.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reports.exports.options import ExportOptions, check_possible, check_room, check_writable

if TYPE_CHECKING:
    from reports.finalists.training import Training
    from reports.page.data import ReportData
    from search.interrupt import Interrupt
    from search.options import Options
    from search.record.record import Record
    from search.record.store import Store


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
    check_possible(record, options)
    check_writable(folder, options.csv)
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
        audit(training, draw(record.study, search.trials, epochs, options.audit), search.curves)
    if not options.retrain:
        return read_report(record, search)
    chosen = choose(record, search.trials, search.curves, options.top)
    ensemble = select(record, search.trials, search.curves) if options.ensemble else None
    ranked, numbers = rank_finalists(training, chosen, seeds), {row.number for row in chosen}
    if record.study.family.external:
        return read_report(record, search, ranked, seeds)
    kept = [*ranked, *(row for row in search.trials if ensemble and row.number in ensemble.weights.keys() - numbers)]
    finalists = finalist_rows(record)
    trained = [(row, retrained_for(record.study, row, seeds, finalists, search.curves[row.number])) for row in kept]
    retrain(training, trained, seeds)
    if ensemble is not None:
        write(record, record.study, ensemble)
    check_room(record.folder, folder)
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
        if (table := report.table) is not None:
            table.to_csv(folder / options.csv, index=False)
        page = write_page(report, sections, folder, options.command_to_repeat(report.name))
    if finalists is None:
        return

    from reports.page.notes import save_trial_figures, study_note, trial_note
    from reports.served import artifacts

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
    """Return the study's record; its name is also that of the file it was searched from, `folder/mlp.py`.

    Raises:
        UserError: There is none; with what there is instead.
    """
    from models.errors import UserError, did_you_mean

    if name.endswith(".py"):
        name = Path(name).stem
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
