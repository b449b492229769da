"""What people call inputs and labels, brought into the one form that engines train on; what is ambiguous is refused.

Pictures become bytes, (N, C, H, W): bytes stay as they are, numbers from 0 to 1 are multiplied by 255 and rounded,
whole numbers from 0 to 255 are taken as bytes, anything else is refused. Tables become float32, (N, F, 1, 1). Labels
become indices into sorted classes. Called by importing.py; knows numpy alone.

Shapes: N examples, C channels, H height, W width, F features.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.array_store import Inputs, Labels
from models.errors import UserError

MOST_CHANNELS = 4  # of a picture whose axes have to be guessed


def regular_inputs(given: NDArray[Any], whose: str) -> Inputs:
    """Return one part's inputs in their form. Raises UserError where they are neither pictures nor a table."""
    if given.dtype.kind not in "buif":
        raise UserError(f"{whose}: inputs are of type {given.dtype}", "give numbers, all examples of one shape")
    if 0 in given.shape:
        raise UserError(
            f"{whose}: inputs of shape {_times(given.shape)} are empty", "give at least two classes' examples"
        )
    match given.ndim:
        case 2:
            return _table(given, whose)[:, :, np.newaxis, np.newaxis]
        case 3:
            return _bytes(given, whose)[:, np.newaxis]
        case 4:
            return np.ascontiguousarray(_channels_first(_bytes(given, whose), whose))
        case _:
            raise UserError(
                f"{whose}: inputs have the shape {_times(given.shape)}",
                "give pictures as (N, C, H, W), (N, H, W, C) or (N, H, W), or a table as (N, features)",
            )


def _table(given: NDArray[Any], whose: str) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        numbers = given.astype(np.float32)
    if not np.isfinite(numbers).all():
        row, column = (int(it[0]) for it in np.nonzero(~np.isfinite(numbers)))
        raise UserError(
            f"{whose}: example {row} has {given[row, column]} as its feature {column}",
            "fill it or drop the example: a model can learn from finite numbers only",
        )
    return numbers


def _bytes(given: NDArray[Any], whose: str) -> NDArray[np.uint8]:
    if given.dtype == np.uint8:
        return given
    if given.dtype == np.bool_:
        return given.astype(np.uint8) * np.uint8(255)
    low, high = given.min(), given.max()
    if not np.isfinite(low) or not np.isfinite(high):
        raise UserError(
            f"{whose}: pictures have {low if not np.isfinite(low) else high} in them", "repair those pictures"
        )
    if given.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(given * np.float64(255) if given.dtype == np.float64 else given * np.float32(255)).astype(
            np.uint8
        )
    if low >= 0 and high <= 255 and (given.dtype.kind in "iu" or bool((given == np.rint(given)).all())):
        return given.astype(np.uint8)
    raise UserError(
        f"{whose}: pictures have values from {low:g} to {high:g}",
        "give bytes (0 to 255) or numbers from 0 to 1; they are normalised here, by the training part's own figures",
    )


def _channels_first(given: NDArray[np.uint8], whose: str) -> NDArray[np.uint8]:
    first, last = given.shape[1] <= MOST_CHANNELS, given.shape[3] <= MOST_CHANNELS
    if first and last and given.shape[1] != given.shape[3]:
        raise UserError(
            f"{whose}: in pictures of shape {_times(given.shape)} the channels could stand first or last",
            "give larger pictures, or none at all but a table of shape (N, features)",
        )
    return given.transpose(0, 3, 1, 2) if last and not first else given


def regular_labels(
    train: NDArray[Any], test: NDArray[Any] | None, names: Sequence[str] | None, whose: str
) -> tuple[Labels, Labels | None, tuple[str, ...]]:
    """Return the labels of both parts as indices into the classes, and the classes, sorted.

    `names`, where a data set has them, are what its labels 0, 1, ... are called. Raises UserError where labels are no
    classes, a part has a class of its own, or there is one class only.
    """
    parts = [_values(labels, whose) for labels in (train, test) if labels is not None]
    if len({labels.dtype.kind for labels in parts}) > 1:  # numbers in one part, texts in the other
        parts = [labels.astype(np.str_) for labels in parts]
    known = np.unique(parts[0])
    if names is not None and known.dtype.kind != "U":
        wrong = [int(it) for it in known if not 0 <= it < len(names)]
        if wrong:
            raise UserError(
                f"{whose}: there is a label {wrong[0]}, and names for 0 to {len(names) - 1}",
                "let each label have a name",
            )
        if lacking := sorted(set(range(len(names))) - {int(it) for it in known}):
            raise UserError(
                f"{whose}: the class {names[lacking[0]]} has no training example", "add some, or leave its name out"
            )
    if len(known) < 2:
        raise UserError(
            f"{whose}: all examples are of one class, {known[0]}", "a classifier needs two classes at least"
        )
    found = [np.searchsorted(known, labels).clip(max=len(known) - 1) for labels in parts]
    for values, indices in zip(parts, found, strict=True):
        if (strange := values[known[indices] != values]).size:
            raise UserError(
                f"{whose}: the test part has the label {strange[0]}, the training part has not",
                "add training examples of that class, or drop it from the test part",
            )
    classes = (
        tuple(map(str, names)) if names is not None and known.dtype.kind != "U" else tuple(map(str, known.tolist()))
    )
    return found[0].astype(np.int64), found[1].astype(np.int64) if test is not None else None, classes


def _values(labels: NDArray[Any], whose: str) -> NDArray[Any]:
    """Labels as whole numbers where they all are, else as texts."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise UserError(
            f"{whose}: labels have the shape {_times(labels.shape)}",
            "give one label for each example: one-hot as argmax(1)",
        )
    if labels.dtype.kind in "OSU":
        if labels.dtype.kind == "O" and not all(isinstance(it, str) for it in labels.tolist()):
            raise UserError(f"{whose}: labels are neither all numbers nor all texts", "make them one or the other")
        texts = labels.astype(np.str_)
        try:
            labels = texts.astype(np.float64)  # "10" comes after "9"
        except ValueError:
            return texts
        if len(np.unique(labels)) < len(np.unique(texts)):  # "1" and "01" are two
            return texts
    if labels.dtype.kind == "b":
        return labels.astype(np.str_)
    if labels.dtype.kind not in "iuf" or not np.isfinite(labels).all() or bool((labels != np.rint(labels)).any()):
        raise UserError(
            f"{whose}: labels are measurements, not classes: {labels[0]}, ...",
            "put them into groups: Studyhall trains classifiers",
        )
    return labels.astype(np.int64)


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
