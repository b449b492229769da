"""Intervals of figures, and comparisons of two. Knows arrays only.

A figure is a mean over images of a number per seed and image: whether it was classified correctly, its loss, or
another metric. Where the numbers have bounds, as 0 and 1 for accuracy, say so: see `interval`.

Letters: S seeds, N test images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

LEVEL = 0.95  # of confidence
Bounds = tuple[float, float]
ACCURACY: Bounds = (0.0, 1.0)


class Interval(NamedTuple):
    """A mean with its confidence interval."""

    mean: float
    std: float  # between seeds, divided by S - 1; NaN for one seed
    low: float
    high: float


class Comparison(NamedTuple):
    """How far a first configuration lies above a second one, and the two-sided p value of that gap.

    Both are adjusted alike: p is below 1 - LEVEL where the interval leaves out 0, and nowhere else.
    """

    gap: Interval
    p: float


class Part(NamedTuple):
    """One of the two sources of variance: seeds, or images."""

    error: float  # standard error of the mean
    freedom: int  # its degrees of freedom

    def half_width(self, p: float) -> float:
        """Return the half width of Student's interval at level 1 - p."""
        return -float(special.stdtrit(self.freedom, p / 2)) * self.error if self.error else 0.0


def interval(values: NDArray[np.float64], bounds: Bounds | None = None) -> Interval:
    """Return the interval of a configuration's mean over new seeds and new images.

    Seeds and images are crossed random effects: each seed meets every image. The variance of the mean is the sum of
    both parts, that of the seeds' means over S and that of the images' means over N (Owen 2007, "The pigeonhole
    bootstrap", arXiv 0712.1111, where this sum is shown to err on the safe side). Each part has Student's interval of
    its own, and the half widths add as squares (the method of variance estimates recovery, Zou and Donner 2008):
    Satterthwaite's degrees of freedom for the sum, tried first, covered too little with few seeds. With one seed the
    first part is unknown and left out.

    Near a bound a few images vary too little to show how much others would. So two images at each bound are added for
    the interval, not for the mean (Agresti and Coull 1998, who do so for one binomial share).

    Args:
        values: (S, N), one number per seed and image.
        bounds: Between which every number lies, if there are such.
    """
    held = _with(values, 2 * bounds if bounds else ())
    low, high = _ends(float(held.mean()), _parts(held), 1 - LEVEL)
    if bounds:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Interval(float(values.mean()), _std(values), low, high)


def positive_interval(values: NDArray[np.float64]) -> Interval:
    """Return the same for a figure that is positive and has no upper bound, as a root mean square error.

    Such figures scatter to the right. So the half width is taken around the figure's reciprocal, as a share of it: of
    the figure itself, its logarithm and its reciprocal, the last holds the truth most often
    (tests/benchmarks/honesty/coverage_of_errors.py).

    Args:
        values: (S, N), as `root_mean_square` returns them.
    """
    mean, half = float(values.mean()), half_width(_parts(values), 1 - LEVEL)
    if mean == 0.0:
        return Interval(0.0, _std(values), 0.0, 0.0)
    share = half / mean
    return Interval(mean, _std(values), mean / (1 + share), mean / (1 - share) if share < 1 else float("inf"))


def root_mean_square(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (S, N) numbers whose mean over the examples is the root mean square error under each seed.

    r + (e^2 - r^2) / (2 r) for an error e under a seed whose root mean square error is r: the first order of the root,
    by which the variance of r is that of a mean (the delta method).

    Args:
        errors: (S, N)
    """
    squares = errors**2
    means = squares.mean(1, keepdims=True)
    roots = np.sqrt(means)
    return np.asarray(roots + (squares - means) / np.where(roots > 0, 2 * roots, 1.0))


def compare(
    first: NDArray[np.float64], second: NDArray[np.float64], bounds: Bounds | None = None, family: int = 1
) -> Comparison:
    """Compare two configurations on the same images under the same seeds.

    Paired: `gap` is the `interval` of the differences under each seed on each image, which is narrower than two
    intervals side by side suggest, because an image that is hard for one is mostly hard for the other. `p` is 1 less
    the level at which that interval would just touch zero. With one seed this is the paired t test over images.

    One of a family of comparisons, interval and p value are adjusted by Bonferroni: at LEVEL the intervals of the whole
    family hold together. Holm's p values would be smaller, but no interval belongs to them, and the two could
    contradict each other.

    Args:
        first: (S, N)
        second: (S, N)
        bounds: Between which every number lies, if there are such. Then an image that only the first gets right and
            one that only the second does are added (Bonett and Price 2012, who do so for two paired shares).
        family: How many comparisons there are, this one included.
    """
    differences = first - second
    values = _with(differences, (bounds[1] - bounds[0], bounds[0] - bounds[1]) if bounds else ())
    return comparison(float(differences.mean()), _std(differences), float(values.mean()), _parts(values), family)


def comparison(gap: float, std: float, centre: float, parts: Sequence[Part], family: int) -> Comparison:
    """Return what is known of a gap between two configurations: interval and p value, of the same parts.

    Args:
        gap: Its mean.
        std: Between seeds.
        centre: Of the interval; p is of its distance from 0.
        parts: What it varies by.
        family: How many comparisons there are, this one included.
    """
    known, distance = Interval(gap, std, *_ends(centre, parts, (1 - LEVEL) / family)), abs(centre)
    if distance == 0.0 or not any(part.error for part in parts):
        return Comparison(known, 1.0 if distance == 0.0 else 0.0)

    def beyond(logarithm: float) -> float:
        return half_width(parts, float(np.exp(logarithm))) - distance

    least = -700.0  # of a logarithm whose exponential is still a number
    p = float(np.exp(optimize.brentq(beyond, least, 0.0))) if beyond(least) > 0 else 0.0
    return Comparison(known, min(1.0, family * p))


def next_run(values: NDArray[np.float64]) -> Interval:
    """Return where one more run of a configuration would come out on the same images: Student's prediction interval.

    It knows of the seeds alone. With one seed it has no ends.

    Args:
        values: (S, N)
    """
    means = values.mean(1)
    mean, std = float(means.mean()), _std(values)
    half = float(stats.t.isf((1 - LEVEL) / 2, len(means) - 1)) * std * (1 + 1 / len(means)) ** 0.5
    return Interval(mean, std, mean - half, mean + half)


def narrowed_by_seeds(values: NDArray[np.float64]) -> float:
    """Return by which share an interval of the mean would be narrower with endless seeds; the rest is the images'.

    Args:
        values: (S, N), of two seeds or more.
    """
    return share_of_seeds(_parts(values))


def share_of_seeds(parts: Sequence[Part]) -> float:
    """Return by which share an interval would be narrower without its first part; the last one is the images'."""
    whole = half_width(parts, 1 - LEVEL)
    return 1 - parts[-1].half_width(1 - LEVEL) / whole if whole else 0.0


def _std(values: NDArray[np.float64]) -> float:
    return float(values.mean(1).std(ddof=1)) if len(values) > 1 else float("nan")


def _with(values: NDArray[np.float64], images: Sequence[float]) -> NDArray[np.float64]:
    """Add images that have the same number under every seed."""
    return np.hstack([values, np.tile(np.asarray(images, float), (len(values), 1))])


def _ends(centre: float, parts: Sequence[Part], p: float) -> tuple[float, float]:
    half = half_width(parts, p)
    return centre - half, centre + half


def _parts(values: NDArray[np.float64]) -> list[Part]:
    """Return the part of the seeds, unless there is one seed, and that of the images."""
    means = (values.mean(1), values.mean(0))
    return [Part(float(of.std(ddof=1)) / len(of) ** 0.5, len(of) - 1) for of in means if len(of) > 1]


def half_width(parts: Sequence[Part], p: float) -> float:
    """Return the half width of the interval at level 1 - p of what varies by these parts: they add as squares."""
    return float(np.hypot.reduce([part.half_width(p) for part in parts]))


def share_of_some(hits: int, drawn: int, whole: int) -> tuple[float, float]:
    """Return the exact interval of a share of `whole`, seen `hits` times in `drawn` of them.

    The shares under which neither so few nor so many hits would be rarer than half of 1 - LEVEL (hypergeometric; for a
    large whole it is Clopper and Pearson's of 1934).
    """
    possible = np.arange(hits, whole - (drawn - hits) + 1)
    counts = stats.hypergeom(whole, possible, drawn)
    rare = (1 - LEVEL) / 2
    kept = possible[(counts.cdf(hits) > rare) & (counts.sf(hits - 1) > rare)]
    return float(kept[0] / whole), float(kept[-1] / whole)
