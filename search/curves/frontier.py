"""What is best so far: one score, or of two objectives the front; and what one more end is expected to add to it.

Of two objectives the second is an axis of levels, from the best to the worst that is known of. At each level stands the
best score of the first objective that is had for no more; what an end adds is how far it lifts this staircase, as a
mean over the levels: the hypervolume that it adds, of scores and levels (Emmerich, Deutz and Klinkenberg 2011). Where
the second objective is a cost known beforehand this is exact in it, and as cheap as one objective times the levels.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.special import ndtr

from search.curves.kernels import Array

LEVELS = 24
BEYOND = 0.25  # of the axis, by which it goes on: the costliest trial, too, is worth what it is better by


class Incumbent(Protocol):
    """What is best so far, in each of D joint draws of what is not known for certain."""

    def gains(self, ends: Array, costs: Array) -> Array:
        """Return what ends (M, D), at costs (M, D) or (M, 1), are expected to add, (M,)."""

    def add(self, end: Array, cost: Array) -> None:
        """Take in one end, (D,), at a cost (D,) or (1,)."""


class BestScore:
    """The best score of one objective; costs do not count."""

    def __init__(self, best: Array) -> None:
        self._best = best

    def gains(self, ends: Array, costs: Array) -> Array:
        """Return the expected improvement of each end, (M,)."""
        gains: Array = np.maximum(ends - self._best, 0).mean(1)
        return gains

    def add(self, end: Array, cost: Array) -> None:
        """Take in one end."""
        self._best = np.maximum(self._best, end)


class Frontier:
    """The front of two objectives, as a staircase over levels.

    Args:
        scores: (T,), what is known of the first objective.
        costs: (T,), the second, the lower the better.
        axis: Costs between which levels lie: those of the trials, and of all models of the space where costs are known.
        draws: D.
        numbers: (T,), the trials', for those who ask who they are.
    """

    def __init__(
        self, scores: Array, costs: Array, axis: tuple[float, float], draws: int, numbers: Sequence[int] = ()
    ) -> None:
        low, high = axis
        self.scores, self.costs, self.numbers = scores, costs, numbers
        self._levels = np.linspace(low, high + BEYOND * (high - low), LEVELS)
        self._had = self._at_levels(scores, costs)  # (T, G)
        self.stairs: Array = np.maximum(self._had.max(0), scores.min())  # (G,)
        self._best = np.repeat(self.stairs[:, None], draws, 1)  # (G, D)

    def gains(self, ends: Array, costs: Array) -> Array:
        """Return the expected lift of the staircase by each end, (M,)."""
        gains = np.zeros(len(ends))
        for level, best in zip(self._levels, self._best, strict=True):
            gains += (np.maximum(ends - best, 0) * (costs <= level)).mean(1)
        return gains / LEVELS

    def add(self, end: Array, cost: Array) -> None:
        """Take in one end."""
        self._best = np.maximum(self._best, np.where(cost <= self._levels[:, None], end, -math.inf))

    def changes(self, members: Sequence[int], place: int, scores: Array, costs: Array) -> Array:
        """Return how much higher the staircase stood, as a mean over levels, had one configuration come out otherwise.

        Args:
            members: The rows of the configuration's trials, of which one counts.
            place: That one's row, as it came out.
            scores: (K,), to which it might have come.
            costs: (K,), at these.
        """
        others = np.maximum(np.delete(self._had, members, 0).max(0, initial=-math.inf), self.scores.min())
        changes: Array = (
            np.maximum(others, self._at_levels(scores, costs)).mean(1) - np.maximum(others, self._had[place]).mean()
        )
        return changes

    def _at_levels(self, scores: Array, costs: Array) -> Array:
        """Return what each of K scores counts for at each level, (K, G): nothing where it costs more."""
        had: Array = np.where(costs[:, None] <= self._levels, scores[:, None], -math.inf)
        return had

    def improvement(self, mean: Array, deviation: Array, cost: Array, cost_deviation: Array | None) -> Array:
        """Return the lift that ends are expected to give the staircase as it is known for certain, in closed form.

        Args:
            mean: (M,), of the ends.
            deviation: (M,), theirs.
            cost: (M,), the second objective, or its mean.
            cost_deviation: (M,), its deviation where it is not known for certain.
        """
        total = np.zeros(len(mean))
        for level, best in zip(self._levels, self.stairs, strict=True):
            reaches = cost <= level if cost_deviation is None else ndtr((level - cost) / cost_deviation)
            total += reaches * expected_improvement(mean - best, deviation)
        return total / LEVELS


def expected_improvement(above: Array, deviation: Array) -> Array:
    """Return the mean of what normal numbers exceed 0 by, (M,)."""
    ratio = above / deviation
    density = np.exp(-0.5 * ratio**2) / math.sqrt(2 * math.pi)
    improvement: Array = deviation * (ratio * ndtr(ratio) + density)
    return improvement
