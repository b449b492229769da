"""Follows a search's trials at a cost that does not grow with their number. Knows no console and no file."""

from search.loop.scheduler import TrialScheduler
from search.trial import TrialRow


class ChangedTrials:
    """Tells which trials have changed from one look to the next."""

    def __init__(self, scheduler: TrialScheduler) -> None:
        self._scheduler = scheduler
        self._open: list[int] = []  # trials that were running at the last look
        self._seen = 0  # trials that were there at the last look
        self._tick = 0

    @property
    def went_back(self) -> bool:
        """Whether the search has gone back to a snapshot since the last look: then every trial may have changed."""
        return self._scheduler.tick <= self._tick and self._seen > 0

    def rows(self) -> list[TrialRow]:
        """Return the trials that are running, or have begun or ended since the last look, by number."""
        if self.went_back:
            self._open, self._seen = [], 0
        rows = self._scheduler.rows
        changed = [rows[number] for number in (*self._open, *range(self._seen, len(rows)))]
        self._open = [row.number for row in changed if row.state == "running"]
        self._seen, self._tick = len(rows), self._scheduler.tick
        return changed
