"""A trial's score at a rung, and the sorted list of all scores there."""

import math
from bisect import insort
from collections.abc import Sequence
from itertools import takewhile
from operator import attrgetter
from typing import NamedTuple, Self

from models.config.messages import EpochMetrics
from search.front import Point, standing
from search.objective import Key, Objective


class RungScore(NamedTuple):
    """One trial's score after one epoch. Scores sort by `key`, the best first.

    Attributes:
        key: The objective, turned so that lower is better; the loss; the trial's number. Infinite where it diverged.
        value: The objective's value.
        point: Of two objectives: what both are compared by. The key is then what `by_front` makes of all points.
    """

    key: Key
    value: float
    point: Point | None = None

    @classmethod
    def of(cls, metrics: EpochMetrics, objective: Objective) -> Self:
        """Return the score that a lane's metrics give its trial."""
        key, value = objective.key(metrics.validation, metrics.lane), objective.value(metrics.validation)
        return cls(key, value, None if objective.beside is None else objective.point(metrics.validation))

    @property
    def number(self) -> int:
        """The trial's number."""
        return self.key[2]


def by_front(scores: Sequence[RungScore]) -> list[RungScore]:
    """Return the scores of one epoch, of two objectives, best first, keyed by how they stand to each other."""
    stand = standing([score.point or (math.inf, math.inf) for score in scores])
    keyed = [score._replace(key=(*of, score.number)) for score, of in zip(scores, stand, strict=True)]
    return sorted(keyed, key=attrgetter("key"))


def rung_epochs(first: int, factor: int, epochs: int) -> list[int]:
    """Return the epochs `first` times 1, `factor`, its square ... below the last one."""
    return list(takewhile(lambda rung: rung < epochs, (first * factor**power for power in range(epochs))))


def kept_of(share: float, trials: int) -> int:
    """Return how many of so many trials are a share of them, rounded up."""
    # 0.07 * 100 is 7.000000000000001 in binary, which does not let an eighth trial go on.
    return math.ceil(share * trials - 1e-9)


def insert_sorted(score: RungScore, scores: list[RungScore]) -> None:
    """Insert a score among those of the same epoch, which stay sorted, best first."""
    insort(scores, score, key=attrgetter("key"))
