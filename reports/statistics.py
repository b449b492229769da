"""How sure a figure is. Called by tables.py and the report; knows arrays only.

Letters: S seeds, N test images.
"""

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


def interval(values: NDArray[np.float64]) -> Interval:
    """Return the interval of what a recipe comes to on new images: `values` (S, N), one number per seed and image.

    Two things would come out otherwise another time: the seeds and the images, which are crossed. The variance of the
    mean is taken as the sum of both parts, each seed's mean over S and each image's mean over N, as for crossed random
    effects (Owen 2007, "The pigeonhole bootstrap", arXiv 0712.1111, where this sum is shown to err on the safe side).
    The interval is Student's with the degrees of freedom of Satterthwaite (1946). With one seed the first part is
    unknown and left out.
    """
    seeds, images = values.shape
    mean = float(values.mean())
    by_image = float(values.mean(0).var(ddof=1)) / images
    std = float(values.mean(1).std(ddof=1)) if seeds > 1 else float("nan")
    by_seed = std**2 / seeds if seeds > 1 else 0.0
    total = by_image + by_seed
    if total == 0.0:
        return Interval(mean, std, mean, mean)
    freedom = total**2 / (by_image**2 / (images - 1) + (by_seed**2 / (seeds - 1) if seeds > 1 else 0.0))
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * total**0.5
    return Interval(mean, std, mean - half, mean + half)
