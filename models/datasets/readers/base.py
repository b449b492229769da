"""What a study's own data look like where they come from: a folder of pictures, arrays in a file, a function's result.

Each kind is brought to arrays as they are given, by part; what they mean is regular.py's to say. Called by
importing.py, in the process that leads the search. Knows Pillow, and torch where a function has brought it.

Shapes: N examples, C channels, H height, W width.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset_config import CallableDataset
from models.errors import UserError

Arrays = tuple[NDArray[Any], NDArray[Any]]  # inputs and labels, as given


@dataclass(frozen=True, eq=False)
class Gathered:
    """The parts of a data set as they were given."""

    train: Arrays
    test: Arrays | None = None
    names: tuple[str, ...] | None = None  # of labels 0, 1, ..., where the data set has them
    columns: tuple[str, ...] = ()  # a table's features


def _arrays(inputs: Any, labels: Any, word: CallableDataset) -> Arrays:
    made = []
    for what, given in (("inputs", inputs), ("labels", labels)):
        try:
            made.append(_array(given))
        except (TypeError, ValueError, RuntimeError) as error:
            raise UserError(
                f"{word.title}: its {what} make no array: {_line(error)}",
                "return tensors or arrays, all examples of one shape",
            ) from None
    return made[0], made[1]


def _array(given: Any) -> NDArray[Any]:
    """A tensor, an array, a frame or a list as numpy has it."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
        given = (
            given.float() if given.is_floating_point() and given.element_size() < 4 else given
        )  # bfloat16 is no numpy type
        return np.asarray(given.numpy())
    if isinstance(given, list) and given and hasattr(given[0], "detach"):
        return np.stack([_array(it) for it in given])
    return np.asarray(given)


def _kind(thing: object) -> str:
    return f"of type {type(thing).__name__}" if not isinstance(thing, tuple) else f"{len(thing)} things"


def _line(error: object) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
