"""The data sets: where they are, what is in them, and the one door to their test parts.

Commands locate a data set and may download it, engines read its training part, and only `reports` opens its test part.
Sets of IDX files (named.py) are read where they lie; own data are read from where importing.py has put them.
A `Source` is plain data and travels to engines as JSON; the arrays never travel: every engine opens the files itself,
and as plain files are memory-mapped, all engines of a machine share one copy. This module knows numpy alone. It
imports torch (for torchvision's download) and scikit-learn (for the digits) only where they are needed, so that a
command finds its data in milliseconds, and it must not know studies, databases or devices.

Shapes: N examples, C channels, H height, W width.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.array_store import Inputs
from models.errors import UserError
from models.seeds import derive

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Normalisation:
    """What is subtracted from inputs / 255, and what the difference is divided by: one number per channel.

    The numbers of a table are not divided by 255; its features are its channels.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


# --- dividing and measuring -------------------------------------------------------------------------------------------


def split(labels: NDArray[np.integer], share: float, seed: int) -> tuple[Numbers, Numbers]:
    """Indices (sorted) of the training and of the validation part, drawn from the study's seed alone.

    The validation part has round(share * N) examples, and of every class the same share as near as whole numbers
    allow, by largest remainder. Raises UserError where a class would be missing from either part.
    """
    classes, counts = np.unique(labels, return_counts=True)
    quotas = share * counts
    taken = np.floor(quotas).astype(np.int64)
    left_over = round(share * len(labels)) - int(taken.sum())
    taken[np.argsort(taken - quotas, kind="stable")[:left_over]] += 1  # the lower class first where remainders tie
    for name, count, validating in zip(classes.tolist(), counts.tolist(), taken.tolist(), strict=True):
        if not 0 < validating < count:
            part = "training" if validating else "validation"
            raise UserError(
                f"a validation share of {share:g} leaves no {part} example of class {name}, which has {count} in all",
                f"make validation_share {'smaller' if validating else 'larger'}, or bring more examples of that class",
            )
    shuffled = np.random.Generator(np.random.PCG64(derive(seed, "split"))).permutation(len(labels))
    validation = np.zeros(len(labels), dtype=bool)
    for name, validating in zip(classes, taken, strict=True):
        validation[shuffled[labels[shuffled] == name][:validating]] = True
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def scale_of(inputs: Inputs) -> float:
    """What inputs are divided by before they are normalised: 255 for pictures, 1 for a table."""
    return 255.0 if inputs.dtype == np.uint8 else 1.0


def normalisation(inputs: Inputs, chosen: NDArray[np.integer]) -> Normalisation:
    """Mean and standard deviation (of the population) of inputs / 255 per channel, over the chosen examples.

    Of a table they are those of its numbers as they are, summed in float64 in the order of the examples.

    Sums of bytes and of their squares are whole numbers: the result is exact up to its last rounding, and does not
    depend on how the examples are gathered. A channel that never varies has std 1, so that it can be divided by.
    """
    if inputs.dtype != np.uint8:
        numbers = inputs[chosen].reshape(len(chosen), -1).astype(np.float64)  # (N, F)
        deviations = numbers.std(0)
        return Normalisation(tuple(numbers.mean(0).tolist()), tuple(np.where(deviations > 0, deviations, 1.0).tolist()))
    count = len(chosen) * math.prod(inputs.shape[2:])  # of each channel's values
    channels = inputs.shape[1]
    totals, squares = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for start in range(0, len(chosen), 1024):  # small enough for the cache, and for any memory
        values = inputs[chosen[start : start + 1024]].astype(np.uint16)  # (1024, C, H, W); 255 squared still fits
        totals += values.sum(axis=(0, 2, 3), dtype=np.int64)
        squares += (values * values).sum(axis=(0, 2, 3), dtype=np.int64)
    # As Python's integers, which do not overflow: std = sqrt(n * sum(x^2) - sum(x)^2) / n.
    pairs = list(zip(totals.tolist(), squares.tolist(), strict=True))
    return Normalisation(
        mean=tuple(total / (255 * count) for total, _ in pairs),
        std=tuple(math.sqrt(count * square - total * total) / (255 * count) or 1.0 for total, square in pairs),
    )
