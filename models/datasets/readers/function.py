"""Reads what a function of the study file returns: arrays, tensors, or torch Datasets.

Imports torch, which a function that returns a Dataset has imported already.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.datasets.base import RawDataset
from models.datasets.dataset_config import CallableDataset
from models.datasets.readers.pictures import GREY_MODES, to_pixels
from models.errors import UserError, first_line

FORMS = "return (inputs, labels), (inputs, labels, test inputs, test labels), a torch Dataset, or two: training, test"

Arrays = tuple[NDArray[Any], NDArray[Any]]  # inputs and labels


def read_function(config: CallableDataset) -> RawDataset:
    """Call the function, and return what it returned as arrays.

    Raises:
        UserError: If this process has not run the study file, the function raises, or it returns something else.
    """
    if config.function is None:
        raise UserError(
            f"the data of {config.title} are not imported here, and its function is in {config.file}",
            "search with that study file: the data are then imported anew",
        )
    try:
        result = config.function()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(
            f"{config.title} raised {type(error).__name__}: {first_line(error)}",
            f"correct the function in {config.file}",
        ) from error
    title = config.title
    match result:
        case (inputs, labels) if not (_is_part(inputs) and _is_part(labels)):
            return RawDataset(_to_arrays(inputs, labels, title))
        case (train, test):
            return RawDataset(_read_part(train, title), _read_part(test, title), _class_names(train))
        case (inputs, labels, test_inputs, test_labels):
            return RawDataset(_to_arrays(inputs, labels, title), _to_arrays(test_inputs, test_labels, title))
        case _ if _is_part(result):
            return RawDataset(_read_part(result, title), None, _class_names(result))
    raise UserError(f"{title} returned {_kind(result)}", FORMS)


def _is_part(thing: object) -> bool:
    """Return whether this is a part of a data set in itself: a torch Dataset, or a pair of inputs and labels."""
    return _is_dataset(thing) or isinstance(thing, tuple)


def _is_dataset(thing: object) -> bool:
    from torch.utils.data import Dataset

    return isinstance(thing, Dataset)


def _read_part(part: Any, title: str) -> Arrays:
    if _is_dataset(part):
        return _read_torch_dataset(part, title)
    if len(part) != 2:
        raise UserError(f"{title} returned {_kind(part)} for a part", FORMS)
    return _to_arrays(part[0], part[1], title)


def _class_names(part: object) -> tuple[str, ...] | None:
    names = getattr(part, "classes", None)
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        return tuple(names)
    return None


def _read_torch_dataset(dataset: Any, title: str) -> Arrays:
    """Return every example of a map-style Dataset, in its order: Pillow's pictures or arrays, with their labels."""
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise UserError(f"{title} returned a Dataset without a length", "return one of map style, or tensors")
    pictures, labels = [], []
    try:
        for index in range(len(dataset)):
            picture, label = dataset[index]
            pictures.append(picture)
            labels.append(label.item() if hasattr(label, "item") else label)
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{title}: example {len(labels)} of its Dataset raised {type(error).__name__}: {first_line(error)}",
            "let each example be a pair of a picture (or features) and its label",
        ) from error
    if not pictures:
        raise UserError(f"{title} returned an empty Dataset", "return one that has examples")
    grey = all(picture.mode in GREY_MODES for picture in pictures if isinstance(picture, Image.Image))
    arrays = [to_pixels(one, grey=grey) if isinstance(one, Image.Image) else _to_array(one) for one in pictures]
    for index, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise UserError(
                f"{title}: example {index} has the shape {array.shape}, example 0 has {arrays[0].shape}",
                "give all the same, as by transforms.v2.Resize((height, width))",
            )
    return np.stack(arrays), np.array(labels)


def _to_arrays(inputs: Any, labels: Any, title: str) -> Arrays:
    arrays = []
    for role, given in (("inputs", inputs), ("labels", labels)):
        try:
            arrays.append(_to_array(given))
        except (TypeError, ValueError, RuntimeError) as error:
            raise UserError(
                f"{title}: its {role} make no array: {first_line(error)}",
                "return tensors or arrays, all examples of one shape",
            ) from None
    return arrays[0], arrays[1]


def _to_array(given: Any) -> NDArray[Any]:
    """Return a tensor, an array, a frame or a list as an array."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
        if given.is_floating_point() and given.element_size() < 4:  # numpy has no bfloat16
            given = given.float()
        return np.asarray(given.numpy())
    if isinstance(given, list) and given and hasattr(given[0], "detach"):
        return np.stack([_to_array(one) for one in given])
    return np.asarray(given)


def _kind(thing: object) -> str:
    return f"of type {type(thing).__name__}" if not isinstance(thing, tuple) else f"{len(thing)} things"
