"""How sure a figure is, and whether two can be told apart. Called by tables.py and the report; knows arrays only.

Letters: S seeds, N test images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

LEVEL = 0.95  # how often an interval is meant to hold the truth


class Interval(NamedTuple):
    """A mean, how the seeds scatter about it, and the interval that holds the truth at LEVEL."""

    mean: float
    std: float  # between seeds, with S - 1 below; not a number for one seed
    low: float
    high: float


class Comparison(NamedTuple):
    """How far a first recipe lies above a second one, and how readily chance would make such a gap (two-sided)."""

    gap: Interval
    p: float


class McNemar(NamedTuple):
    """Two models on the same images: those that only one of them got right, and how readily chance would do that."""

    only_first: int
    only_second: int
    p: float


class _Part(NamedTuple):
    """One of the two things that would come out otherwise another time: seeds, or images."""

    error: float  # standard deviation of the mean
    freedom: int  # degrees of it

    def half_width(self, p: float) -> float:
        """Return Student's half width that the mean exceeds by this part's chance with probability p."""
        return float(stats.t.isf(p / 2, self.freedom)) * self.error if self.error else 0.0


def interval(values: NDArray[np.float64]) -> Interval:
    """Return the interval of what a recipe comes to on new images: `values` (S, N), one number per seed and image.

    Two things would come out otherwise another time, the seeds and the images, and they are crossed: each seed meets
    every image. The variance of the mean is taken as the sum of both parts, that of the seeds' means over S and that of
    the images' means over N (Owen 2007, "The pigeonhole bootstrap", arXiv 0712.1111, where this sum is shown to err on
    the safe side). Each part has Student's interval of its own, and the half widths add as squares (the method of
    variance estimates recovery, Zou and Donner 2008): Satterthwaite's degrees of freedom for the sum, tried first,
    covered too little with few seeds. With one seed the first part is unknown and left out.
    """
    mean, half = float(values.mean()), _half_width(_parts(values), 1 - LEVEL)
    std = float(values.mean(1).std(ddof=1)) if len(values) > 1 else float("nan")
    return Interval(mean, std, mean - half, mean + half)


def compare(first: NDArray[np.float64], second: NDArray[np.float64]) -> Comparison:
    """Compare two recipes on the same images under the same seeds, both (S, N).

    Paired: what is looked at is the difference under each seed on each image, which is surer than two intervals side by
    side, because an image that is hard for one is mostly hard for the other. `gap` is `interval`'s of those
    differences, and `p` is 1 less the level at which that interval would just touch zero. With one seed this is the
    paired t test over images; for two trained models, `mcnemar` is the exact one.
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
    by_seed_by_image = (values.mean(1), values.mean(0))
    return [_Part(float(it.std(ddof=1)) / len(it) ** 0.5, len(it) - 1) for it in by_seed_by_image if len(it) > 1]


def _half_width(parts: Sequence[_Part], p: float) -> float:
    return float(np.hypot.reduce([part.half_width(p) for part in parts]))


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Compare two trained models, both (N,) of where they are right, by McNemar's exact test (McNemar 1947).

    Images that both got right or both got wrong say nothing; of the others half should fall to either side (Dietterich
    1998, who recommends it where each model is trained once). It speaks of these two models, not of their recipes.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    return McNemar(only_first, only_second, float(stats.binomtest(only_first, differing).pvalue) if differing else 1.0)


def holm(values: Sequence[float]) -> list[float]:
    """Return p values adjusted for there being several (Holm 1979): below 1 - LEVEL, all of them hold at that level."""
    adjusted = [1.0] * len(values)
    highest = 0.0
    for place, which in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - place) * values[which]))
        adjusted[which] = highest
    return adjusted


def share(hits: int, of: int) -> tuple[float, float]:
    """Return the exact interval of a share, seen `hits` times in `of` draws (Clopper and Pearson 1934)."""
    known = stats.binomtest(hits, of).proportion_ci(LEVEL, "exact")
    return float(known.low), float(known.high)
