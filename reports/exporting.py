"""An export: retrain the best trials, test them once, and write tables, page and shelf.

What `python -m reports.export` and `export_study` have in common. Knows neither of them: what is said, where it stops
and what is returned is theirs. Nothing heavy is imported before it is called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.datasets.source import Source
    from reports.frames import Final, Findings
    from search.fleet.base import HostProvider
    from search.interrupt import Interrupt
    from search.options import Options
    from search.record.record import Record
    from search.record.store import Store


@dataclass(frozen=True, eq=False)
class Exported:
    """What was found, and where it was written."""

    found: "Findings"
    folder: Path


def export(
    store: "Store",
    url: str,
    name: str,
    *,
    top: int,
    seeds: int,
    audit: int,
    retrain: bool,
    retest: bool,
    folder: Path | None,
    csv: Path,
    data_dir: str | None,
    where: "Options",
    interrupt: "Interrupt",
    say: Callable[[str], None],
) -> Exported:
    """Train what is to be trained, and write everything. `url` is the address that `store` was opened with.

    Of `where` counts what it says of workers and of a cluster.

    Raises `reports.finalists.Paused` where a signal stops it, with a snapshot.
    """
    record = _record(store, name)
    folder = folder or record.folder
    _writable(folder)
    final = None
    if audit or retrain:
        from search.launch import hosts

        source, device = _source(record, data_dir), str(record.fingerprint["device"])
        with hosts(record.study, device, where, say) as places, record.lease(), interrupt.watched():
            training = _Training(record, source, device, places, interrupt=interrupt, say=say)
            if audit:
                training.audit(audit)
            if retrain:
                final = training.finalists(top, seeds, retest)
    found = _write(record, final, folder, csv, {"top": top, "seeds": seeds} | ({"audit": audit} if audit else {}))
    if final is not None:
        _shelve(store, url, found, final, folder)
    return Exported(found, folder)


class _Training:
    """What needs engines and the study's lease; a signal pauses it, with a snapshot and `finalists.Paused`."""

    def __init__(
        self,
        record: "Record",
        source: "Source",
        device: str,
        site: "int | HostProvider",
        *,
        interrupt: "Interrupt",
        say: Callable[[str], None],
    ) -> None:
        self._record, self._source, self._device, self._site = record, source, device, site
        self._interrupt, self._say = interrupt, say

    def finalists(self, top: int, seeds: int, retest: bool) -> "Final":
        """Rank, retrain and test, in this order."""
        from reports import finalists, frames

        retraining = finalists.Retraining(
            self._record,
            self._source,
            site=self._site,
            device=self._device,
            pause=self._asked_to_stop,
            say=self._say,
        )
        ranked = retraining.rank(finalists.choose(self._record, top), seeds)
        retraining.retrain(ranked, seeds)
        tested = finalists.test(self._record, self._source, ranked, seeds, again=retest, say=self._say)
        return frames.final(self._record, ranked, seeds, tested)

    def audit(self, number: int) -> None:
        """Run pruned trials to their end."""
        from reports import audit, finalists

        drawn = audit.draw(self._record.study, self._record.trials(), number)
        if not drawn:
            self._say("audit: no trial was pruned")
        elif not audit.run(
            self._record,
            self._source,
            drawn,
            site=self._site,
            device=self._device,
            pause=self._asked_to_stop,
            say=self._say,
        ):
            raise finalists.Paused

    def _asked_to_stop(self) -> bool:
        return self._interrupt.signal is not None


def _write(record: "Record", final: "Final | None", folder: Path, csv: Path, again: dict[str, int]) -> "Findings":
    """Write tables, figures and page."""
    import gc

    from reports import frames, page

    collecting = gc.isenabled()
    gc.disable()  # what is read here stays until the end: looking through it again and again takes a second of ten
    try:
        found = frames.findings(record, final)
        found.trials.drop(columns="fate").to_csv(folder / "trials.csv", index=False)
        if final is not None:
            final.results.to_csv(folder / csv, index=False)
        page.write(found, folder, again)
    finally:
        if collecting:
            gc.enable()
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


def _record(store: "Store", name: str) -> "Record":
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


def _source(record: "Record", data_dir: str | None) -> "Source":
    """Return the data set that the study was searched on, and no other."""
    from models.errors import UserError
    from reports.searched import find

    name, sha256 = record.study.dataset, str(record.fingerprint["data.sha256"])
    source = find(record, name, sha256, data_dir)
    if source is None:
        raise UserError(f"{name} is not on this machine any more", "name the folder that holds it with --data-dir")
    if source.sha256 != sha256:
        raise UserError(
            f"{name} in {source.root} is not the data set that `{record.name}` was searched on",
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
