"""Converts what people call inputs and labels into the one form that engines train on; refuses what is ambiguous.

Pictures become bytes, (N, C, H, W): bytes stay as they are, numbers from 0 to 1 are multiplied by 255 and rounded,
whole numbers from 0 to 255 are taken as bytes. Tables become float32, (N, F, 1, 1). Labels become indices into sorted
classes. Knows numpy alone.

Shapes: N examples, C channels, H height, W width, F features.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.array_store import Inputs, Labels
from models.errors import UserError

MAX_CHANNELS = 4  # of a picture title axes have to be guessed
MEASUREMENTS = (
    'to predict numbers, write loss="mse" in the study, or Table(target=...) for label=; to predict classes, put the '
    "numbers into groups"
)


def canonical_inputs(given: NDArray[Any], title: str, *, fills: bool = False) -> Inputs:
    """Convert the inputs of one part.

    Args:
        given: (N, C, H, W), (N, H, W, C), (N, H, W) or (N, F).
        title: What a message calls the data.
        fills: Whether a table's NaN are missing values.

    Returns:
        (N, C, H, W) uint8 for pictures, (N, F, 1, 1) float32 for a table.

    Raises:
        UserError: If they are neither, or cannot be told apart.
    """
    if given.dtype.kind not in "buif":
        raise UserError(f"{title}: inputs are of type {given.dtype}", "give numbers, all examples of one shape")
    if 0 in given.shape:
        raise UserError(
            f"{title}: inputs of shape {_times(given.shape)} are empty", "give at least two classes' examples"
        )
    match given.ndim:
        case 2:
            return _table(given, title, fills=fills)[:, :, np.newaxis, np.newaxis]
        case 3:
            return _bytes(given, title)[:, np.newaxis]
        case 4:
            return np.ascontiguousarray(_channels_first(_bytes(given, title), title))
        case _:
            raise UserError(
                f"{title}: inputs have the shape {_times(given.shape)}",
                "give pictures as (N, C, H, W), (N, H, W, C) or (N, H, W), or a table as (N, features)",
            )


def _table(given: NDArray[Any], title: str, *, fills: bool) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        numbers = given.astype(np.float32)
    unfit = ~np.isfinite(numbers) & ~(np.isnan(numbers) & fills)
    if unfit.any():
        row, column = (int(axis[0]) for axis in np.nonzero(unfit))
        raise UserError(
            f"{title}: example {row} has {given[row, column]} as its feature {column}",
            "fill it or drop the example: a model can learn from finite numbers only",
        )
    return numbers


def _bytes(given: NDArray[Any], title: str) -> NDArray[np.uint8]:
    if given.dtype == np.uint8:
        return given
    if given.dtype == np.bool_:
        return given.astype(np.uint8) * np.uint8(255)
    low, high = given.min(), given.max()
    if not np.isfinite(low) or not np.isfinite(high):
        raise UserError(
            f"{title}: pictures have {low if not np.isfinite(low) else high} in them", "repair those pictures"
        )
    if given.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(given * np.float64(255) if given.dtype == np.float64 else given * np.float32(255)).astype(
            np.uint8
        )
    if low >= 0 and high <= 255 and (given.dtype.kind in "iu" or bool((given == np.rint(given)).all())):
        return given.astype(np.uint8)
    raise UserError(
        f"{title}: pictures have values from {low:g} to {high:g}",
        "give bytes (0 to 255) or numbers from 0 to 1; they are normalised here, by the training part's own figures",
    )


def _channels_first(given: NDArray[np.uint8], title: str) -> NDArray[np.uint8]:
    first, last = given.shape[1] <= MAX_CHANNELS, given.shape[3] <= MAX_CHANNELS
    if first and last and given.shape[1] != given.shape[3]:
        raise UserError(
            f"{title}: in pictures of shape {_times(given.shape)} the channels could stand first or last",
            "give larger pictures, or none at all but a table of shape (N, features)",
        )
    return given.transpose(0, 3, 1, 2) if last and not first else given


def canonical_labels(
    train: NDArray[Any],
    test: NDArray[Any] | None,
    class_names: Sequence[str] | None,
    title: str,
    positive: str = "",
) -> tuple[Labels, Labels | None, tuple[str, ...]]:
    """Convert the labels of both parts into indices into the classes, which are sorted.

    Args:
        train: (N,) or (N, 1) whole numbers or texts.
        test: The same for the test part; None if there is none.
        class_names: The names of the labels 0, 1, ..., if the data set has them.
        title: What a message calls the data.
        positive: The one of two classes that is to be the last; "" leaves them sorted.

    Returns:
        The labels of both parts, and the names of the classes.

    Raises:
        UserError: If labels are no classes, the test part has a class of its own, there is only one class, or
            `positive` is none of two.
    """
    parts = [_label_values(labels, title) for labels in (train, test) if labels is not None]
    if len({labels.dtype.kind for labels in parts}) > 1:  # numbers in one part, texts in the other
        parts = [labels.astype(np.str_) for labels in parts]
    values = np.unique(parts[0])
    if class_names is not None and values.dtype.kind != "U":
        _check_class_names(values.tolist(), class_names, title)
        classes = tuple(map(str, class_names))
    else:
        classes = tuple(map(str, values.tolist()))
    if len(values) < 2:
        raise UserError(
            f"{title}: all examples are of one class, {values[0]}", "a classifier needs two classes at least"
        )
    indices = [np.searchsorted(values, labels).clip(max=len(values) - 1) for labels in parts]
    for labels, places in zip(parts, indices, strict=True):
        if (unknown := labels[values[places] != labels]).size:
            raise UserError(
                f"{title}: the test part has the label {unknown[0]}, the training part has not",
                "add training examples of that class, or drop it from the test part",
            )
    if positive and values.dtype.kind != "U":
        with suppress(UserError):  # what is no number is none of the classes, which is told below
            positive = str(_label_values(np.array([positive]), title)[0])  # "1.0" is called 1, as among the labels
    if positive and (len(classes) != 2 or positive not in classes):
        told = classes if len(classes) <= 5 else (*classes[:5], "...")
        raise UserError(
            f'{title}: positive="{positive}" is none of two classes; the classes are {", ".join(told)}',
            "name one of them" if len(classes) == 2 else "leave it out: of more than two, every class counts",
        )
    if positive == classes[0]:
        indices, classes = [1 - labels for labels in indices], classes[::-1]
    return indices[0].astype(np.int64), indices[1].astype(np.int64) if test is not None else None, classes


def _check_class_names(values: Sequence[int], class_names: Sequence[str], title: str) -> None:
    """Raise UserError unless every label has a name, and every name a label."""
    if unnamed := [value for value in values if not 0 <= value < len(class_names)]:
        raise UserError(
            f"{title}: there is a label {unnamed[0]}, and names for 0 to {len(class_names) - 1}",
            "let each label have a name",
        )
    if empty := sorted(set(range(len(class_names))) - set(values)):
        raise UserError(
            f"{title}: the class {class_names[empty[0]]} has no training example", "add some, or leave its name out"
        )


def _label_values(labels: NDArray[Any], title: str) -> NDArray[Any]:
    """Return labels as whole numbers if they all are, else as texts."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise UserError(
            f"{title}: labels have the shape {_times(labels.shape)}",
            "give one label for each example: one-hot as argmax(1)",
        )
    if labels.dtype.kind in "OSU":
        if labels.dtype.kind == "O" and not all(isinstance(label, str) for label in labels.tolist()):
            raise UserError(f"{title}: labels are neither all numbers nor all texts", "make them one or the other")
        try:
            texts = labels.astype(np.str_)
            "".join(texts.tolist()).encode()
        except UnicodeError:  # bytes beyond ASCII, or half a character
            raise UserError(
                f"{title}: a label is no text that can be written as UTF-8",
                "decode labels that are bytes: label.decode()",
            ) from None
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
            f"{title}: labels are measurements, not classes: {labels[0]}, ...",
            MEASUREMENTS,
        )
    return labels.astype(np.int64)


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
