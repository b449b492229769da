"""The trials of a search and their metrics, read once: for the choice of finalists and for the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from models.config.messages import EpochMetrics
from search.record.record import Record
from search.record.scores import curves_of
from search.trial import TrialRow


@dataclass(frozen=True, eq=False)
class RecordedSearch:
    """What the record has of a search."""

    trials: list[TrialRow]  # by number
    scores: Sequence[tuple[int, EpochMetrics]]  # each with its tick

    @cached_property
    def curves(self) -> Mapping[int, list[EpochMetrics]]:
        """Each trial's metrics by epoch, of those that have some."""
        return curves_of(self.scores)


def read_search(record: Record) -> RecordedSearch:
    """Read all trials of a study and their metrics."""
    return RecordedSearch(record.trials(), record.scores())
