"""Where a trial stands at an epoch among all trials that have reached it."""

from bisect import insort
from typing import NamedTuple, Self

from models.config.messages import EpochMetrics
from search.objective import Key, Objective


class RungScore(NamedTuple):
    """One trial's score after one epoch. Scores sort by `key`, the best first."""

    key: Key  # `Objective.key` of the epoch's validation metrics
    value: float  # the objective's value

    @classmethod
    def of(cls, metrics: EpochMetrics, objective: Objective) -> Self:
        """Return the score that a lane's metrics give its trial."""
        key = objective.key(metrics.validation, metrics.lane)
        return cls(key, objective.value(metrics.validation))

    @property
    def number(self) -> int:
        """The trial's."""
        return self.key[2]


def insert_sorted(score: RungScore, scores: list[RungScore]) -> None:
    """Insert a score among those of the same epoch, which stay sorted, best first."""
    insort(scores, score, key=lambda other: other.key)
