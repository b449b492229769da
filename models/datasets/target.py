"""A number that is to be predicted: how it is scaled for training, split, and predicted without any model.

Shapes: N examples.
"""

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from models.errors import UserError

STRATA = 10  # at most: groups of even size, from the lowest targets to the highest, that are split alike

Numbers = NDArray[np.float64]  # (N,), in the target's own unit


@dataclass(frozen=True)
class TargetScale:
    """Models are trained on (target - mean) / std."""

    mean: float
    std: float  # never 0


class ConstantAnswers(TypedDict):
    """What always answering the same number would come to; all in the target's unit."""

    mean: float  # the answer with the lowest root mean square error ...
    rmse: float  # ... which is this
    median: float  # the answer with the lowest mean absolute error ...
    mae: float  # ... which is this


def is_number(labels: NDArray[Any]) -> bool:
    """Return whether labels are numbers to be predicted, not classes."""
    return labels.dtype.kind == "f"


def target_scale(labels: NDArray[Any], chosen: NDArray[np.integer]) -> TargetScale | None:
    """Return mean and standard deviation (of the population) of the `chosen` targets; None where labels are classes."""
    if not is_number(labels):
        return None
    numbers = labels[chosen]
    return TargetScale(float(numbers.mean()), float(numbers.std()) or 1.0)


def constant_answers(labels: NDArray[Any]) -> ConstantAnswers:
    """Return what the mean and the median would come to."""
    mean, median = float(labels.mean()), float(np.median(labels))
    return {"mean": mean, "rmse": float(labels.std()), "median": median, "mae": float(np.abs(labels - median).mean())}


def strata(labels: NDArray[Any], share: float) -> NDArray[Any]:
    """Return the group of each example for a stratified split: its class, or which quantiles its number lies between.

    There are as many groups of numbers, up to STRATA, as have two examples or more for either part.

    Args:
        labels: (N,)
        share: Of the second part.
    """
    if not is_number(labels):
        return labels
    groups = min(STRATA, max(1, int(len(labels) * min(share, 1.0 - share) / 2)))
    ranks = labels.argsort(kind="stable").argsort(kind="stable")
    return np.asarray(ranks * groups // len(labels), np.int64)


def canonical_targets(train: NDArray[Any], test: NDArray[Any] | None, title: str) -> tuple[Numbers, Numbers | None]:
    """Convert the targets of both parts into float64.

    Args:
        train: (N,) or (N, 1) numbers, or texts that are numbers.
        test: The same for the test part; None if there is none.
        title: What a message calls the data.

    Raises:
        UserError: A target is no finite number, or all of them are the same.
    """
    numbers = [None if targets is None else _numbers(targets, title) for targets in (train, test)]
    assert numbers[0] is not None
    if len(numbers[0]) and numbers[0].min() == numbers[0].max():
        raise UserError(f"{title}: all targets are {numbers[0][0]:g}", "give numbers that differ from each other")
    return numbers[0], numbers[1]


def _numbers(targets: NDArray[Any], title: str) -> Numbers:
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1:
        shape = " x ".join(map(str, targets.shape))
        raise UserError(f"{title}: targets have the shape {shape}", "give one number for each example")
    for row, target in enumerate(targets.tolist()):
        try:
            if np.isfinite(float(target)):
                continue
        except (TypeError, ValueError):
            pass
        raise UserError(
            f"{title}: the target of example {row} is {target!r}, which is no finite number",
            "fill it or drop the example; to predict classes, write Table(label=...) or leave loss= out",
        )
    return targets.astype(np.float64)
