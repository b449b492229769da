"""Snapshots: all lanes of a run at the end of a tick, in a folder that appears whole or not at all.

Two are kept, because the newest may be ahead of the record (a power failure can take the database's last commits). They
are taken no more often than costs a fiftieth of the time, and removed when there is nothing left to resume.
"""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from search.fleet import Fleet

SHARE = 1 / 50  # of wall time that snapshots may cost
KEPT = 2


class Snapshots:
    """The snapshots of one run, in a folder of their own."""

    def __init__(self, folder: Path, fleet: Fleet, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._fleet, self._clock = folder, fleet, clock
        self._due = clock() + 1.0  # seconds: nothing is worth keeping before

    def newest(self, not_after: int) -> dict[str, Any] | None:
        """Load the newest snapshot up to a tick into the fleet; returns what was kept with it."""
        for folder in reversed(self._all()):
            if _tick(folder) <= not_after:
                self._fleet.load(folder)
                kept: dict[str, Any] = json.loads((folder / "coordinator.json").read_text())
                return kept
        return None

    def keep_if_due(self, tick: int, state: Callable[[], dict[str, Any]]) -> None:
        """Take a snapshot, unless the last one was too expensive to take another so soon."""
        if self._clock() >= self._due:
            self.keep(tick, state())

    def keep(self, tick: int, state: dict[str, Any]) -> None:
        """Take a snapshot of the end of a tick, with what the coordinator must know; removes all but the newest."""
        began = self._clock()
        whole = self._folder / f"tick-{tick:08d}"
        partial = self._folder / f"partial-{tick:08d}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        self._fleet.save(partial.resolve())
        (partial / "coordinator.json").write_text(json.dumps(state))
        shutil.rmtree(whole, ignore_errors=True)
        partial.rename(whole)
        for old in self._all()[:-KEPT]:
            shutil.rmtree(old)
        now = self._clock()
        self._due = now + (now - began) / SHARE

    def clear(self) -> None:
        """Remove all: there is nothing left to resume."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _all(self) -> list[Path]:
        return sorted(self._folder.glob("tick-*"))


def _tick(folder: Path) -> int:
    return int(folder.name.removeprefix("tick-"))
