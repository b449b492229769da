"""The writes of one step of the loop, which go to the record in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from optuna.distributions import BaseDistribution

from models.config.messages import EpochMetrics
from search.record.record import Record
from search.trial import TrialRow


@dataclass
class PendingWrites:
    """What a step of the loop changes: it goes to the record in one transaction, however many trials there are.

    A kill before that undoes the whole step, which comes out again.
    """

    begun: list[TrialRow] = field(default_factory=list)
    scores: list[EpochMetrics] = field(default_factory=list)
    ended: list[TrialRow] = field(default_factory=list)

    def write(self, record: Record, tick: int, distributions: Mapping[str, BaseDistribution]) -> None:
        """Write it to the record, and be empty."""
        record.write(tick, begun=self.begun, scores=self.scores, ended=self.ended, distributions=distributions)
        self.begun, self.scores, self.ended = [], [], []
