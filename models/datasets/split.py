"""How a training set is split and normalised: both follow from the labels, the inputs and the study's seed alone.

Shapes: N examples, C channels, H height, W width, F features.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.array_store import Inputs
from models.datasets.target import TargetScale, is_number, strata
from models.errors import UserError
from models.seeds import derive

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Normalisation:
    """How inputs are normalised: (inputs / scale - mean) / std, where `scale_of` gives the scale."""

    mean: tuple[float, ...]  # one number for each channel; the features of a table are its channels
    std: tuple[float, ...]  # the same; never 0
    target: TargetScale | None = None  # of the number that a regression predicts
    fill: tuple[float, ...] = ()  # what stands for a missing value of each channel; empty where none may be missing


def split(labels: NDArray[Any], share: float, seed: int) -> tuple[Indices, Indices]:
    """Draw a split that is stratified by class, or by quantiles of a number.

    Args:
        labels: (N,)
        share: Of the second part, which gets round(share * N) examples, and of every class the same share as near as
            whole numbers allow, by largest remainder.
        seed: From which the split is drawn.

    Returns:
        The sorted indices of the first (training) and of the second (validation) part.

    Raises:
        UserError: If a class would be missing from either part.
    """
    numbers, labels = is_number(labels), strata(labels, share)
    classes, counts = np.unique(labels, return_counts=True)
    quotas = share * counts
    taken = np.floor(quotas).astype(np.int64)
    left_over = round(share * len(labels)) - int(taken.sum())
    taken[np.argsort(taken - quotas, kind="stable")[:left_over]] += 1  # the lower class first where remainders tie
    for name, count, validating in zip(classes.tolist(), counts.tolist(), taken.tolist(), strict=True):
        if not 0 < validating < count:
            part = "training" if validating else "validation"
            if numbers:
                raise UserError(f"a share of {share:g} of {len(labels)} examples leaves no {part} part", "bring more")
            raise UserError(
                f"a validation share of {share:g} leaves no {part} example of class {name}, which has {count} in all",
                f"make validation_share {'smaller' if validating else 'larger'}, or bring more examples of that class",
            )
    shuffled = np.random.Generator(np.random.PCG64(derive(seed, "split"))).permutation(len(labels))
    validation = np.zeros(len(labels), dtype=bool)
    for name, validating in zip(classes, taken, strict=True):
        validation[shuffled[labels[shuffled] == name][:validating]] = True
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def splits(labels: NDArray[Any], share: float, folds: int, seed: int) -> list[tuple[Indices, Indices]]:
    """Return the splits that a study's trials are trained and scored by: `folds` of them, or one by a share."""
    return fold_splits(labels, folds, seed) if folds > 1 else [split(labels, share, seed)]


def fold_splits(labels: NDArray[Any], folds: int, seed: int) -> list[tuple[Indices, Indices]]:
    """Draw the splits of a cross-validation, stratified by class, or by quantiles of a number.

    Every example is in the second part of one split. Parts differ by one example at most, in all and of every class.

    Args:
        labels: (N,)
        folds: How many splits there are.
        seed: From which they are drawn.

    Returns:
        The sorted indices of the first (training) and of the second (validation) part of each split.

    Raises:
        UserError: If a class would be missing from a part.
    """
    groups = strata(labels, 1 / folds)
    classes, counts = np.unique(groups, return_counts=True)
    if (fewest := int(counts.min())) < folds:
        if is_number(labels):
            raise UserError(f"{len(labels)} examples are too few for {folds} folds", "take fewer folds, or bring more")
        raise UserError(
            f"{folds} folds leave a part without class {classes[counts.argmin()]}, which has {fewest} examples in all",
            "take fewer folds, or bring more examples of that class",
        )
    shuffled = np.random.Generator(np.random.PCG64(derive(seed, "folds"))).permutation(len(labels))
    # Dealt class by class, each going on where the last one stopped.
    dealt = shuffled[np.argsort(groups[shuffled], kind="stable")]
    fold_of = np.empty(len(labels), np.int64)
    fold_of[dealt] = np.arange(len(labels)) % folds
    return [(np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in range(folds)]


def scale_of(inputs: Inputs) -> float:
    """Return what inputs are divided by before they are normalised: 255 for pictures, 1 for a table."""
    return 255.0 if inputs.dtype == np.uint8 else 1.0


def normalisation(inputs: Inputs, chosen: NDArray[np.integer], *, fills: bool = False) -> Normalisation:
    """Return mean and standard deviation (of the population) of inputs / scale per channel, of the `chosen` examples.

    Sums of bytes and of their squares are whole numbers, so the result for pictures is exact up to its last rounding.
    A table's numbers are summed in float64 in the order of the examples. A channel that never varies gets std 1. With
    `fills`, NaN are missing values, for which the median of those that are there stands, or 0 if there is none.
    """
    if inputs.dtype != np.uint8:
        numbers = inputs[chosen].reshape(len(chosen), -1).astype(np.float64)  # (N, F)
        fill = _medians(numbers) if fills else ()
        if fills:
            numbers = np.where(np.isnan(numbers), fill, numbers)
        deviations = numbers.std(0)
        spread = np.where(deviations > 0, deviations, 1.0)
        return Normalisation(tuple(numbers.mean(0).tolist()), tuple(spread.tolist()), fill=fill)
    count = len(chosen) * math.prod(inputs.shape[2:])  # of each channel's values
    channels = inputs.shape[1]
    totals, squares = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for start in range(0, len(chosen), 1024):  # small enough for the cache
        values = inputs[chosen[start : start + 1024]].astype(np.uint16)  # (1024, C, H, W); 255 squared still fits
        totals += values.sum(axis=(0, 2, 3), dtype=np.int64)
        squares += (values * values).sum(axis=(0, 2, 3), dtype=np.int64)
    # As Python's integers, which do not overflow: std = sqrt(n * sum(x^2) - sum(x)^2) / n.
    pairs = list(zip(totals.tolist(), squares.tolist(), strict=True))
    return Normalisation(
        mean=tuple(total / (255 * count) for total, _ in pairs),
        std=tuple(math.sqrt(count * square - total * total) / (255 * count) or 1.0 for total, square in pairs),
    )


def _medians(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the median of each column of (N, F) among the values that are there."""
    present = [column[~np.isnan(column)] for column in numbers.T]
    return tuple(float(np.median(column)) if len(column) else 0.0 for column in present)
