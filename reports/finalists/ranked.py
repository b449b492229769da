"""Finalists in their rank: what those that are tested and those that are scored on validation alone share."""

from dataclasses import dataclass

from search.trial import TrialRow


@dataclass(frozen=True, eq=False)
class RankedFinalists:
    """Finalists in the rank of their means over seeds, which was fixed before anything was tested."""

    ranked: list[TrialRow]  # the best first

    @property
    def winner(self) -> TrialRow:
        """The first in rank."""
        return self.ranked[0]

    @property
    def baseline(self) -> TrialRow | None:
        """The best ranked baseline."""
        return next((row for row in self.ranked if row.baseline is not None), None)
