"""What a study's own data look like where they come from: a folder of pictures, arrays in a file, a function's result.

Each kind is brought to arrays as they are given, by part; what they mean is regular.py's to say. Called by
importing.py, in the process that leads the search. Knows Pillow, and torch where a function has brought it.

Shapes: N examples, C channels, H height, W width.
"""

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.errors import UserError
from models.origin import Folder, Npz, Origin, OwnData, Table
from models.tables import read_table

Arrays = tuple[NDArray[Any], NDArray[Any]]  # inputs and labels, as given


@dataclass(frozen=True, eq=False)
class Gathered:
    """The parts of a data set as they were given."""

    train: Arrays
    test: Arrays | None = None
    names: tuple[str, ...] | None = None  # of labels 0, 1, ..., where the data set has them
    columns: tuple[str, ...] = ()  # a table's features


def gather(word: Origin, find: Callable[[Path], Path]) -> Gathered:
    """Read what the word points to; `find` says where a path is meant. Raises UserError where it cannot be read."""
    match word:
        case Folder():
            return _folder(word, find(word.path))
        case Npz():
            return _npz(find(word.path))
        case Table():
            parts, columns = read_table(word, find(word.path), None if word.test is None else find(word.test))
            made = [(inputs, np.array(labels)) for inputs, labels in parts]
            return Gathered(made[0], made[1] if len(made) > 1 else None, columns=tuple(columns))
        case OwnData():
            return _function(word)


def seen(word: Origin, find: Callable[[Path], Path]) -> list[tuple[str, int, int]]:
    """Names, sizes and times of the files that the word points to."""
    if isinstance(word, Folder):
        root = find(word.path)
        return [(os.path.relpath(file, root), *_state(file)) for _, file in _pictures(root)]
    return [("", *_state(find(path))) for path in paths(word)]


def paths(word: Origin) -> list[Path]:
    """The paths that the word has."""
    match word:
        case Table():
            return [path for path in (word.path, word.test) if path is not None]
        case Folder() | Npz():
            return [word.path]
        case OwnData():
            return []


def _state(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise UserError(
            f"{file} cannot be read: {error.strerror}", "check the path, which is looked for beside the study file too"
        ) from None
    return found.st_size, found.st_mtime_ns


# --- a folder of pictures ---------------------------------------------------------------------------------------------

_ENDINGS = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}  # as torchvision's ImageFolder
_SIDES = {"train": "train", "test": "test", "val": "train", "valid": "train", "validation": "train"}
_GREY = {"1", "L", "I", "I;16", "I;16B", "F", "LA", "La"}


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(it for it in path.iterdir() if it.is_dir() and not it.name.startswith((".", "__")))
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise UserError(
            f"the folder {path} {reason}",
            "it should hold a folder of pictures for each class, as pets/cat and pets/dog",
        ) from None


def _pictures(root: Path) -> list[tuple[tuple[str, str], Path]]:
    """Part and class of every picture, and its file; sorted."""
    folders = _folders(root)
    if {it.name for it in folders} <= _SIDES.keys() and any(it.name == "train" for it in folders):
        classes = [(_SIDES[side.name], folder) for side in folders for folder in _folders(side)]
    else:
        classes = [("train", folder) for folder in folders]
    found = []
    for side, folder in classes:
        files = sorted(it for it in folder.rglob("*") if it.suffix.lower() in _ENDINGS and not it.name.startswith("."))
        if not files:
            raise UserError(
                f"the folder {folder} holds no pictures",
                f"put some there ({', '.join(sorted(_ENDINGS))}), or remove it",
            )
        found += [((side, folder.name), file) for file in files]
    if not found:
        raise UserError(
            f"{root} holds no folder of pictures", "it should hold one for each class, as pets/cat and pets/dog"
        )
    return found


def _folder(word: Folder, root: Path) -> Gathered:
    found = _pictures(root)
    heads = [_head(file) for _, file in found]
    grey = all(mode in _GREY for _, mode in heads)
    size = word.size or heads[0][0]
    if word.size is None:
        for (other, _), (_, file) in zip(heads, found, strict=True):
            if other != size:
                raise UserError(
                    f"{found[0][1]} has {size[0]} x {size[1]} pixels, {file} has {other[0]} x {other[1]}",
                    f'resize them all: Folder("{word.path}", size=({size[0]}, {size[1]})), height before width',
                )
    parts: dict[str, Arrays] = {}
    for side in ("train", "test"):
        mine = [(told, file) for (of, told), file in found if of == side]
        inputs = np.empty((len(mine), 1 if grey else 3, *size), np.uint8)
        for place, (_, file) in enumerate(mine):
            with _opened(file) as picture:
                inputs[place] = _pixels(picture, grey, size)
        parts[side] = inputs, np.array([told for told, _ in mine])
    return Gathered(parts["train"], parts["test"] if len(parts["test"][0]) else None)


class _opened:  # noqa: N801 - a function to its callers
    """A picture file; UserError where it is none."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Image.Image:
        try:
            self._picture = Image.open(self._file)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise self._unreadable(error) from None
        return self._picture

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._picture.close()
        if isinstance(error, OSError | SyntaxError | ValueError | Image.DecompressionBombError):
            raise self._unreadable(error) from None

    def _unreadable(self, error: BaseException) -> UserError:
        return UserError(f"{self._file} is no picture that can be read: {error}", "replace the file, or remove it")


def _head(file: Path) -> tuple[tuple[int, int], str]:
    """Height and width, and Pillow's mode, from the first bytes of a picture."""
    with _opened(file) as picture:
        return (picture.height, picture.width), picture.mode


def _pixels(picture: Image.Image, grey: bool, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """A picture as (C, H, W), on white where it is transparent."""
    if picture.mode.startswith("I") or picture.mode == "F":  # of 16 bits and more, which Pillow itself would clip
        picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("L" if grey else "RGB")
    if size is not None and (picture.height, picture.width) != size:
        picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture, np.uint8)
    return pixels[np.newaxis] if grey else pixels.transpose(2, 0, 1)


# --- arrays in one file -----------------------------------------------------------------------------------------------

_INPUTS = {"x", "inputs", "images", "features", "data"}
_LABELS = {"y", "labels", "label", "targets"}


def _npz(path: Path) -> Gathered:
    parts: dict[str, dict[str, list[NDArray[Any]]]] = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("it holds a single array")
            for key in file.files:
                if (place := _place(key)) is not None:
                    parts.setdefault(place[0], {}).setdefault(place[1], []).append(file[key])
            keys = ", ".join(file.files)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path} is no .npz file that can be read: {error}", "write it with numpy.savez, of plain arrays"
        ) from None
    for side in ("train", *parts):
        if {kind: len(arrays) for kind, arrays in parts.get(side, {}).items()} != {"x": 1, "y": 1}:
            raise UserError(
                f"{path} holds {keys or 'nothing'}, which is not inputs and labels",
                "call them x and y, or x_train, y_train, x_test and y_test",
            )
    train = parts["train"]["x"][0], parts["train"]["y"][0]
    if "val" in parts:
        try:
            train = (np.concatenate([train[0], parts["val"]["x"][0]]), np.concatenate([train[1], parts["val"]["y"][0]]))
        except ValueError as error:
            raise UserError(
                f"{path}: train and val do not go together: {error}", "give both arrays of the same shape"
            ) from None
    return Gathered(train, (parts["test"]["x"][0], parts["test"]["y"][0]) if "test" in parts else None)


def _place(key: str) -> tuple[str, str] | None:
    """("train", "x") for x_train, train_images and the like; None for an array of another name."""
    side, kind = "train", ""
    for word in key.lower().replace("-", "_").split("_"):
        if word in _SIDES:
            side = word if _SIDES[word] == word else "val"
        elif word in _INPUTS | _LABELS and not kind:
            kind = "x" if word in _INPUTS else "y"
        else:
            return None
    return (side, kind) if kind else None


# --- what a function returns ------------------------------------------------------------------------------------------

_FORMS = "return (inputs, labels), (inputs, labels, test inputs, test labels), a torch Dataset, or two: training, test"


def _function(word: OwnData) -> Gathered:
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


def _parts(train: Any, test: Any, word: OwnData) -> Gathered:
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


def _arrays(inputs: Any, labels: Any, word: OwnData) -> Arrays:
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


def _dataset(dataset: Any, word: OwnData) -> Arrays:
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


def _kind(thing: object) -> str:
    return f"of type {type(thing).__name__}" if not isinstance(thing, tuple) else f"{len(thing)} things"


def _line(error: object) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
