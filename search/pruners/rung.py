"""A trial's score at a rung, and the sorted list of all scores there."""

from bisect import insort
from operator import attrgetter
from typing import NamedTuple, Self

from models.config.messages import EpochMetrics
from search.objective import Key, Objective


class RungScore(NamedTuple):
    """One trial's score after one epoch. Scores sort by `key`, the best first.

    Attributes:
        key: The objective, turned so that lower is better; the loss; the trial's number. Infinite where it diverged.
        value: The objective's value.
    """

    key: Key
    value: float

    @classmethod
    def of(cls, metrics: EpochMetrics, objective: Objective) -> Self:
        """Return the score that a lane's metrics give its trial."""
        return cls(objective.key(metrics.validation, metrics.lane), objective.value(metrics.validation))

    @property
    def number(self) -> int:
        """The trial's number."""
        return self.key[2]


def insert_sorted(score: RungScore, scores: list[RungScore]) -> None:
    """Insert a score among those of the same epoch, which stay sorted, best first."""
    insort(scores, score, key=attrgetter("key"))
