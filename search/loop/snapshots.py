"""Snapshots: all lanes of a run at the end of a tick, kept whole or not at all, where the record is.

Beside a database that is a file they are folders; a server's database has them itself, so that a run whose machine is
lost goes on from any other. Two are kept, because the newest may be ahead of the record: a power failure can take the
database's last commits. They cost at most a fiftieth of the time, and are removed when there is nothing left to resume.
A snapshot that cannot be read counts as none: what it held is trained again.
"""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from models.errors import UserError
from search.fleet.base import EngineError
from search.fleet.fleet import Fleet
from search.record.lease import LeaseHeld
from search.record.record import Record
from search.record.snapshot_table import SnapshotTable

COST_SHARE = 1 / 50  # of wall time that snapshots may take
KEPT = 2  # snapshots
SUMS = "sha256.json"  # the hash of every other file of a snapshot: one wrong bit of a weight is another result


def snapshots_of(
    record: Record, fleet: Fleet, run: str = "", clock: Callable[[], float] = time.monotonic
) -> "Snapshots":
    """Return the snapshots of a study's search, or of another of its runs by name."""
    folder = record.folder / "snapshots" / run
    if record.in_a_file:
        return Snapshots(folder, fleet, clock)
    return ServerSnapshots(folder, fleet, SnapshotTable(record, run), clock)


def clear_all(record: Record) -> None:
    """Remove what a kill between the last trial's end and the removal of its snapshots has left.

    Where another process has the study, an export say, they are its own, and stay.
    """
    with contextlib.suppress(LeaseHeld), record.lease():
        shutil.rmtree(record.folder / "snapshots", ignore_errors=True)
        if not record.in_a_file:
            SnapshotTable(record, "").clear()


def clear_runs(record: Record, kind: str) -> None:
    """Remove the snapshots of all runs that are called `kind-...` and have ended: a kill may have left some."""
    for folder in (record.folder / "snapshots").glob(f"{kind}-*"):
        shutil.rmtree(folder, ignore_errors=True)
    if not record.in_a_file:
        SnapshotTable(record, kind).clear_runs()


class Snapshots:
    """The snapshots of one run, in a folder of their own."""

    def __init__(self, folder: Path, fleet: Fleet, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._fleet, self._clock = folder, fleet, clock
        self._due = clock() + 1.0  # seconds: nothing is worth a snapshot before

    def newest(self, not_after: int) -> dict[str, Any] | None:
        """Load the newest snapshot up to a tick into the fleet.

        Later ones, and those that cannot be read, are removed.

        Returns:
            The workload's state that was kept with it; None where there is no snapshot.
        """
        for partial in self._folder.glob("partial-*"):
            shutil.rmtree(partial, ignore_errors=True)
        for tick in reversed(self._ticks()):
            if tick <= not_after:
                try:
                    with self._opened(tick) as folder:
                        _check_sums(folder)
                        state: dict[str, Any] = json.loads((folder / "coordinator.json").read_text())
                        self._fleet.load(folder)
                except (OSError, ValueError, EngineError) as error:
                    self._fleet.rebuild()
                    if isinstance(error, EngineError) and error.lost:  # a machine was lost, and the snapshot is whole
                        return self.newest(not_after)
                else:
                    return state
            self.forget(tick)
        return None

    def keep_if_due(self, tick: int, state: Callable[[], dict[str, Any]]) -> None:
        """Take a snapshot, unless the last one took too long to take another so soon."""
        if self._clock() >= self._due:
            self.keep(tick, state())

    def keep(self, tick: int, state: dict[str, Any]) -> None:
        """Take a snapshot of the end of a tick, and remove all but the newest ones.

        Args:
            tick: The tick.
            state: The workload's state, as JSON can hold it.

        Raises:
            UserError: It cannot be written.
        """
        began = self._clock()
        partial = self._partial(tick)
        try:
            partial.mkdir(parents=True)
            self._fleet.save(partial.resolve())
            (partial / "coordinator.json").write_text(json.dumps(state))
            (partial / SUMS).write_text(json.dumps({file.name: _sum(file) for file in partial.iterdir()}))
            self._put(tick, partial)
        except OSError as error:
            raise UserError(
                f"no snapshot can be written to {self._folder}: {error.strerror}",
                "make room there, or give yourself the right to write; then give the same command again, it goes on",
            ) from error
        now = self._clock()
        self._due = now + (now - began) / COST_SHARE

    def forget(self, tick: int) -> None:
        """Remove the snapshot of a tick, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._path(tick))

    def clear(self) -> None:
        """Remove all: there is nothing left to resume."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _partial(self, tick: int) -> Path:
        # Named after this process: what another one's workers still write, who were killed, goes elsewhere.
        return self._folder / f"partial-{os.getpid()}-{tick:08d}"

    def _put(self, tick: int, partial: Path) -> None:
        """Make the files of a folder the snapshot of a tick, and remove the oldest."""
        for file in partial.iterdir():
            to_disk(file)
        self.forget(tick)
        partial.rename(self._path(tick))
        to_disk(self._folder)
        for old in self._ticks()[:-KEPT]:
            shutil.rmtree(self._path(old))

    @contextlib.contextmanager
    def _opened(self, tick: int) -> Iterator[Path]:
        """Give access to a snapshot as a folder."""
        yield self._path(tick)

    def _ticks(self) -> list[int]:
        return sorted(int(folder.name.removeprefix("tick-")) for folder in self._folder.glob("tick-*"))

    def _path(self, tick: int) -> Path:
        return self._folder / f"tick-{tick:08d}"


class ServerSnapshots(Snapshots):
    """The snapshots of one run, in a server's database; their files only pass through the folder."""

    def __init__(self, folder: Path, fleet: Fleet, table: SnapshotTable, clock: Callable[[], float]) -> None:
        super().__init__(folder, fleet, clock)
        self._table = table

    def forget(self, tick: int) -> None:
        """Remove the snapshot of a tick, if there is one."""
        self._table.remove(tick)

    def clear(self) -> None:
        """Remove all: there is nothing left to resume."""
        self._table.clear()
        super().clear()

    def _put(self, tick: int, partial: Path) -> None:
        self._table.put(tick, partial, KEPT)
        shutil.rmtree(partial)

    @contextlib.contextmanager
    def _opened(self, tick: int) -> Iterator[Path]:
        partial = self._partial(tick)
        partial.mkdir(parents=True)
        try:
            self._table.get(tick, partial)
            yield partial.resolve()
        finally:
            shutil.rmtree(partial)

    def _ticks(self) -> list[int]:
        return self._table.ticks()


def _check_sums(folder: Path) -> None:
    """Raise ValueError where a file is not as it was written. Snapshots of earlier versions have no sums."""
    file = folder / SUMS
    sums = json.loads(file.read_text()) if file.exists() else {}
    if damaged := [name for name, expected in sums.items() if _sum(folder / name) != expected]:
        raise ValueError(f"{damaged[0]} is damaged")


def _sum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def to_disk(path: Path) -> None:
    """Wait until a file, or a folder's list of names, would survive a power failure."""
    if os.name == "nt":
        return  # which can do neither through a descriptor that only reads
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
