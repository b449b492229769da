"""Intervals of figures, and tests of whether two can be told apart. Knows arrays only.

Letters: S seeds, N test images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

LEVEL = 0.95  # of confidence


class Interval(NamedTuple):
    """A mean with its confidence interval."""

    mean: float
    std: float  # between seeds, divided by S - 1; NaN for one seed
    low: float
    high: float


class Comparison(NamedTuple):
    """How far a first configuration lies above a second one, and the two-sided p value of that gap."""

    gap: Interval
    p: float


class McNemar(NamedTuple):
    """McNemar's test of two models: the images that only one of them classifies correctly, and the p value."""

    only_first: int
    only_second: int
    p: float


class _Part(NamedTuple):
    """One of the two sources of variance: seeds, or images."""

    error: float  # standard error of the mean
    freedom: int  # its degrees of freedom

    def half_width(self, p: float) -> float:
        """Return the half width of Student's interval at level 1 - p."""
        return float(stats.t.isf(p / 2, self.freedom)) * self.error if self.error else 0.0


def interval(values: NDArray[np.float64]) -> Interval:
    """Return the interval of a configuration's mean over new seeds and new images.

    Seeds and images are crossed random effects: each seed meets every image. The variance of the mean is the sum of
    both parts, that of the seeds' means over S and that of the images' means over N (Owen 2007, "The pigeonhole
    bootstrap", arXiv 0712.1111, where this sum is shown to err on the safe side). Each part has Student's interval of
    its own, and the half widths add as squares (the method of variance estimates recovery, Zou and Donner 2008):
    Satterthwaite's degrees of freedom for the sum, tried first, covered too little with few seeds. With one seed the
    first part is unknown and left out.

    Args:
        values: (S, N), one number per seed and image.
    """
    mean, half = float(values.mean()), _half_width(_parts(values), 1 - LEVEL)
    std = float(values.mean(1).std(ddof=1)) if len(values) > 1 else float("nan")
    return Interval(mean, std, mean - half, mean + half)


def compare(first: NDArray[np.float64], second: NDArray[np.float64]) -> Comparison:
    """Compare two configurations on the same images under the same seeds.

    Paired: `gap` is the `interval` of the differences under each seed on each image, which is narrower than two
    intervals side by side suggest, because an image that is hard for one is mostly hard for the other. `p` is 1 less
    the level at which that interval would just touch zero. With one seed this is the paired t test over images; for two
    trained models, `mcnemar` is the exact test.

    Args:
        first: (S, N)
        second: (S, N)
    """
    differences = first - second
    parts, distance = _parts(differences), abs(float(differences.mean()))
    if distance == 0.0 or not any(part.error for part in parts):
        return Comparison(interval(differences), 1.0 if distance == 0.0 else 0.0)

    def beyond(logarithm: float) -> float:
        return _half_width(parts, float(np.exp(logarithm))) - distance

    least = -700.0  # of a logarithm whose exponential is still a number
    p = float(np.exp(optimize.brentq(beyond, least, 0.0))) if beyond(least) > 0 else 0.0
    return Comparison(interval(differences), p)


def _parts(values: NDArray[np.float64]) -> list[_Part]:
    """Return the part of the seeds, unless there is one seed, and that of the images."""
    means = (values.mean(1), values.mean(0))
    return [_Part(float(of.std(ddof=1)) / len(of) ** 0.5, len(of) - 1) for of in means if len(of) > 1]


def _half_width(parts: Sequence[_Part], p: float) -> float:
    return float(np.hypot.reduce([part.half_width(p) for part in parts]))


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Compare two trained models by McNemar's exact test (McNemar 1947).

    Images on which both are correct, or both wrong, do not count; of the others half should fall to either side
    (Dietterich 1998, who recommends it where each model is trained once). It compares these two models, not their
    configurations.

    Args:
        first: (N,), where the first is correct.
        second: (N,), where the second is.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    return McNemar(only_first, only_second, float(stats.binomtest(only_first, differing).pvalue) if differing else 1.0)


def holm(values: Sequence[float]) -> list[float]:
    """Return p values adjusted for there being several (Holm 1979): below 1 - LEVEL, all of them hold at that level."""
    adjusted = [1.0] * len(values)
    highest = 0.0
    for smaller, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - smaller) * values[index]))
        adjusted[index] = highest
    return adjusted


def share(hits: int, of: int) -> tuple[float, float]:
    """Return the exact interval of a share, seen `hits` times in `of` draws (Clopper and Pearson 1934)."""
    exact = stats.binomtest(hits, of).proportion_ci(LEVEL, "exact")
    return float(exact.low), float(exact.high)
