"""What a study's own data look like where they come from: a folder of pictures, arrays in a file, a function's result.

Each kind is brought to arrays as they are given, by part; what they mean is regular.py's to say. Called by
importing.py, in the process that leads the search. Knows Pillow, and torch where a function has brought it.

Shapes: N examples, C channels, H height, W width.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from models.datasets.dataset_config import CallableDataset
from models.datasets.readers.base import Arrays, Gathered, _array, _arrays, _kind, _line
from models.datasets.readers.folder import _GREY, _pixels
from models.errors import UserError

# --- what a function returns ------------------------------------------------------------------------------------------

_FORMS = "return (inputs, labels), (inputs, labels, test inputs, test labels), a torch Dataset, or two: training, test"


def _function(word: CallableDataset) -> Gathered:
    if word.function is None:
        raise UserError(
            f"the data of {word.title} are not imported here, and its function is in {word.file}",
            "search with that study file: the data are then imported anew",
        )
    try:
        result = word.function()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(
            f"{word.title} raised {type(error).__name__}: {_line(error)}", f"correct the function in {word.file}"
        ) from error
    match result:
        case (inputs, labels) if not (_is_part(inputs) and _is_part(labels)):
            return Gathered(_arrays(inputs, labels, word))
        case (train, test):
            return _parts(train, test, word)
        case (inputs, labels, test_inputs, test_labels):
            return Gathered(_arrays(inputs, labels, word), _arrays(test_inputs, test_labels, word))
        case _ if _is_part(result):
            return _parts(result, None, word)
    raise UserError(f"{word.title} returned {_kind(result)}", _FORMS)


def _is_part(thing: object) -> bool:
    """Whether it is a part of a data set in itself: a torch Dataset, or a pair of inputs and labels."""
    return _is_dataset(thing) or isinstance(thing, tuple)


def _is_dataset(thing: object) -> bool:
    from torch.utils.data import Dataset

    return isinstance(thing, Dataset)


def _dataset(dataset: Any, word: CallableDataset) -> Arrays:
    """Every example of a map-style Dataset, in its order: pictures of Pillow or arrays, with their labels."""
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise UserError(f"{word.title} returned a Dataset without a length", "return one of map style, or tensors")
    pictures, labels = [], []
    try:
        for example in _examples(dataset):
            picture, label = example
            pictures.append(picture)
            labels.append(label.item() if hasattr(label, "item") else label)
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{word.title}: example {len(labels)} of its Dataset raised {type(error).__name__}: {_line(error)}",
            "let each example be a pair of a picture (or features) and its label",
        ) from error
    grey = all(it.mode in _GREY for it in pictures if isinstance(it, Image.Image))
    arrays = [_pixels(it, grey) if isinstance(it, Image.Image) else _array(it) for it in pictures]
    for place, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise UserError(
                f"{word.title}: example {place} has the shape {array.shape}, example 0 has {arrays[0].shape}",
                "give all the same, as by transforms.v2.Resize((height, width))",
            )
    if not arrays:
        raise UserError(f"{word.title} returned an empty Dataset", "return one that has examples")
    return np.stack(arrays), np.array(labels)


def _examples(dataset: Any) -> Iterator[Sequence[Any]]:
    for place in range(len(dataset)):
        yield dataset[place]


def _parts(train: Any, test: Any, word: CallableDataset) -> Gathered:
    made: list[Arrays] = []
    for part in (train, test):
        if _is_dataset(part):
            made.append(_dataset(part, word))
        elif part is not None:
            if len(part) != 2:
                raise UserError(f"{word.title} returned {_kind(part)} for a part", _FORMS)
            made.append(_arrays(part[0], part[1], word))
    names = getattr(train, "classes", None)
    if not (isinstance(names, list | tuple) and all(isinstance(it, str) for it in names)):
        names = None
    return Gathered(made[0], made[1] if test is not None else None, None if names is None else tuple(names))
