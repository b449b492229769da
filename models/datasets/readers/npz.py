"""What a study's own data look like where they come from: a folder of pictures, arrays in a file, a function's result.

Each kind is brought to arrays as they are given, by part; what they mean is regular.py's to say. Called by
importing.py, in the process that leads the search. Knows Pillow, and torch where a function has brought it.

Shapes: N examples, C channels, H height, W width.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.readers.base import Gathered
from models.datasets.readers.folder import _SIDES
from models.errors import UserError

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
