"""How sure a figure is, and whether two can be told apart. Called by tables.py and the report; knows arrays only.

Letters: S seeds, N test images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

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


class _Crossed(NamedTuple):
    """The mean over seeds and images, and how sure it is."""

    mean: float
    std: float  # between seeds
    error: float  # of the mean, its standard deviation
    freedom: float  # degrees of it


def interval(values: NDArray[np.float64]) -> Interval:
    """Return the interval of what a recipe comes to on new images: `values` (S, N), one number per seed and image.

    Two things would come out otherwise another time: the seeds and the images, which are crossed. The variance of the
    mean is taken as the sum of both parts, each seed's mean over S and each image's mean over N, as for crossed random
    effects (Owen 2007, "The pigeonhole bootstrap", arXiv 0712.1111, where this sum is shown to err on the safe side).
    The interval is Student's with the degrees of freedom of Satterthwaite (1946). With one seed the first part is
    unknown and left out.
    """
    mean, std, error, freedom = _crossed(values)
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * error if error else 0.0
    return Interval(mean, std, mean - half, mean + half)


def compare(first: NDArray[np.float64], second: NDArray[np.float64]) -> Comparison:
    """Compare two recipes on the same images under the same seeds, both (S, N).

    Paired: what is looked at is the difference under each seed on each image, which is surer than two intervals side by
    side, because an image that is hard for one is mostly hard for the other. `gap` is `interval`'s of those
    differences, `p` comes from the same Student's distribution. With one seed this is the paired t test over images;
    for two trained models, `mcnemar` is the exact one.
    """
    differences = first - second
    mean, _, error, freedom = _crossed(differences)
    if error == 0.0:
        return Comparison(interval(differences), 1.0 if mean == 0.0 else 0.0)
    return Comparison(interval(differences), float(2 * stats.t.sf(abs(mean) / error, freedom)))


def _crossed(values: NDArray[np.float64]) -> _Crossed:
    seeds, images = values.shape
    by_image = float(values.mean(0).var(ddof=1)) / images
    std = float(values.mean(1).std(ddof=1)) if seeds > 1 else float("nan")
    by_seed = std**2 / seeds if seeds > 1 else 0.0
    total = by_image + by_seed
    if total == 0.0:
        return _Crossed(float(values.mean()), std, 0.0, float("inf"))
    freedom = total**2 / (by_image**2 / (images - 1) + (by_seed**2 / (seeds - 1) if seeds > 1 else 0.0))
    return _Crossed(float(values.mean()), std, total**0.5, freedom)


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
