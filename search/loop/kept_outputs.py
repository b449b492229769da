"""The validation outputs of complete trials, by which an ensemble is chosen: they are kept where snapshots are.

They follow from the record: a trial's are written before its end is recorded, so that after a kill in between it comes
out again, and they with it. Knows no tensors.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from search.fleet.base import EngineError
from search.fleet.fleet import Fleet
from search.loop.coordinator import Leaving
from search.loop.history import SearchHistory
from search.loop.members import lanes_of
from search.loop.snapshots import to_disk
from search.record.record import Record
from search.record.snapshot_table import OUTPUTS, SnapshotTable

MAX_TRIALS = 50  # whose outputs are kept: the best
FILE = "outputs.safetensors"  # in a folder of each trial

KeepOutputs = Callable[[Sequence[Leaving], SearchHistory], None]  # called with the lanes that leave


def keep_none(leaving: Sequence[Leaving], history: SearchHistory) -> None:
    """Keep no outputs."""


class KeptOutputs:
    """Keeps the validation outputs of a search's best trials.

    Args:
        record: The study, under its lease.
        fleet: Has the lanes.
    """

    def __init__(self, record: Record, fleet: Fleet) -> None:
        self._record, self._fleet = record, fleet
        self._deaths = Counter[tuple[str, ...]]()  # of engines that were to write such files
        self._is_external = record.study.family.external  # nobody knows what such a trial answers

    def __call__(self, leaving: Sequence[Leaving], history: SearchHistory) -> None:
        """Keep the outputs of trials that are complete, and forget those that are no longer among the best.

        Args:
            leaving: The lanes that leave, of these trials and of others.
            history: Has how they ended.

        Raises:
            UserError: They cannot be written.
        """
        members = self._record.study.members
        engines = {lane.lane // members: lane.engine for lane in leaving}
        complete = {trial for trial in engines if history.rows[trial].state == "complete"}
        if self._is_external or not complete:
            return
        ranked = history.ranking()
        best, before = ranked[:MAX_TRIALS], [trial for trial in ranked if trial not in complete][:MAX_TRIALS]
        folders = {trial: _folder(self._record, trial) for trial in best if trial in complete}
        wanted = [
            {"engine": engines[trial], "lanes": list(lanes_of(trial, members)), "path": str(folder.resolve() / FILE)}
            for trial, folder in folders.items()
        ]
        if wanted and self._wrote(wanted):
            for trial, folder in folders.items():
                self._put(trial, folder)
        for trial in sorted(set(before) - set(best)):
            self._remove(trial)

    def _wrote(self, wanted: list[dict[str, Any]]) -> bool:
        """Let the engines write files; a search does without those that they cannot make."""
        paths = tuple(trial["path"] for trial in wanted)
        if self._deaths[paths] == 2:
            return False
        try:
            self._fleet.write_outputs(wanted)
        except EngineError as error:
            if not error.died:
                return False
            self._deaths[paths] += not error.lost
            raise
        return True

    def _put(self, trial: int, folder: Path) -> None:
        if self._record.in_a_file:
            to_disk(folder / FILE)
            to_disk(folder)
        else:  # the folder may be lost with this machine
            SnapshotTable(self._record, OUTPUTS).put(trial, folder)
            shutil.rmtree(folder)

    def _remove(self, trial: int) -> None:
        if self._record.in_a_file:
            shutil.rmtree(_folder(self._record, trial), ignore_errors=True)
        else:
            SnapshotTable(self._record, OUTPUTS).remove(trial)


@contextmanager
def kept_file(record: Record, trial: int) -> Iterator[Path]:
    """Give access to the file of a trial's validation outputs; there is none where they are not kept."""
    if record.in_a_file:
        yield _folder(record, trial) / FILE
        return
    with TemporaryDirectory(prefix="studyhall-") as folder:
        SnapshotTable(record, OUTPUTS).get(trial, Path(folder))
        yield Path(folder) / FILE


def _folder(record: Record, trial: int) -> Path:
    return record.folder / "outputs" / f"trial-{trial}"
