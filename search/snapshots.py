"""Snapshots: all lanes of a run at the end of a tick, in a folder that appears whole or not at all.

Two are kept, because the newest may be ahead of the record (a power failure can take the database's last commits). They
are taken no more often than costs a fiftieth of the time, and removed when there is nothing left to resume. Called by
the coordinator. A snapshot that cannot be read is none: what it held is trained again.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.errors import UserError
from search.fleet import EngineError, Fleet

SHARE = 1 / 50  # of wall time that snapshots may cost
KEPT = 2


class Snapshots:
    """The snapshots of one run, in a folder of their own."""

    def __init__(self, folder: Path, fleet: Fleet, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._fleet, self._clock = folder, fleet, clock
        self._due = clock() + 1.0  # seconds: nothing is worth keeping before

    def newest(self, not_after: int) -> dict[str, Any] | None:
        """Load the newest snapshot up to a tick into the fleet; returns what was kept with it.

        Later ones, and those that cannot be read, are removed.
        """
        for partial in self._folder.glob("partial-*"):
            shutil.rmtree(partial, ignore_errors=True)
        for folder in reversed(self._all()):
            if _tick(folder) <= not_after:
                try:
                    kept: dict[str, Any] = json.loads((folder / "coordinator.json").read_text())
                    self._fleet.load(folder)
                except (OSError, ValueError, EngineError):
                    self._fleet.rebuild()
                else:
                    return kept
            shutil.rmtree(folder)
        return None

    def keep_if_due(self, tick: int, state: Callable[[], dict[str, Any]]) -> None:
        """Take a snapshot, unless the last one was too expensive to take another so soon."""
        if self._clock() >= self._due:
            self.keep(tick, state())

    def keep(self, tick: int, state: dict[str, Any]) -> None:
        """Take a snapshot of the end of a tick, with what the coordinator must know; removes all but the newest.

        Raises UserError where it cannot be written.
        """
        began = self._clock()
        # Named after this process: what another one's workers still write, who were killed, goes elsewhere.
        partial = self._folder / f"partial-{os.getpid()}-{tick:08d}"
        try:
            partial.mkdir(parents=True)
            self._fleet.save(partial.resolve())
            (partial / "coordinator.json").write_text(json.dumps(state))
            for file in partial.iterdir():
                _to_disk(file)
            self.forget(tick)
            partial.rename(self._path(tick))
            _to_disk(self._folder)
        except OSError as error:
            raise UserError(
                f"no snapshot can be written to {self._folder}: {error.strerror}",
                "make room there, or give yourself the right to write; then give the same command again, it goes on",
            ) from error
        for old in self._all()[:-KEPT]:
            shutil.rmtree(old)
        now = self._clock()
        self._due = now + (now - began) / SHARE

    def forget(self, tick: int) -> None:
        """Remove the snapshot of a tick, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._path(tick))

    def clear(self) -> None:
        """Remove all: there is nothing left to resume."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _all(self) -> list[Path]:
        return sorted(self._folder.glob("tick-*"))

    def _path(self, tick: int) -> Path:
        return self._folder / f"tick-{tick:08d}"


def _tick(folder: Path) -> int:
    return int(folder.name.removeprefix("tick-"))


def _to_disk(path: Path) -> None:
    """Wait until a file, or a folder's list of names, would survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
