"""What a search had found after so many epochs, so many ticks, and so much time."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

NOTHING = 3.0  # the largest regret that is counted, also where nothing was found yet


@dataclass
class Trace:
    """Counts the epochs of one search, and keeps when its best score improved.

    Args:
        limit: Epochs after which the search is over, once a median configuration's would have cost as much.
    """

    limit: int
    spent: int = 0
    cost: float = 0.0
    ticks: int = 0
    best: float = -1.0
    _by_epoch: list[tuple[int, float]] = field(default_factory=list)
    _by_tick: list[tuple[int, float]] = field(default_factory=list)
    _by_cost: list[tuple[float, float]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether the budget is spent, also by those whose epochs cost less than a median configuration's."""
        return self.spent >= self.limit and self.cost >= self.limit

    def epoch(self, accuracy: float, cost: float) -> None:
        """Count one epoch of one trial in the tick that goes on."""
        self.spent += 1
        self.cost += cost
        if accuracy > self.best:
            self.best = accuracy
            self._by_epoch.append((self.spent, accuracy))
            self._by_cost.append((self.cost, accuracy))

    def tick(self) -> None:
        """End a tick."""
        self.ticks += 1
        self._by_tick.append((self.ticks, self.best))

    def after_epochs(self, epochs: int) -> float | None:
        """Return the best accuracy after so many epochs, None if there was no score."""
        return _last(self._by_epoch, epochs)

    def after_cost(self, cost: float) -> float | None:
        """Return the best accuracy after so many median configurations' epochs, None if there was no score."""
        return _last(self._by_cost, cost)

    def reached(self, accuracy: float) -> int | None:
        """Return after how many epochs an accuracy was reached, None if it was not."""
        return next((spent for spent, found in self._by_epoch if found >= accuracy), None)

    def after_ticks(self, ticks: int) -> float | None:
        """Return the best accuracy after so many ticks, None if there was no score."""
        return _last(self._by_tick, ticks)


def _last(history: Sequence[tuple[float, float]], moment: float) -> float | None:
    place = bisect_right(history, (moment, float("inf")))
    return history[place - 1][1] if place else None
