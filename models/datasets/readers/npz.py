"""Reads arrays from an .npz file by their usual names. Never unpickles."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.base import SPLITS, RawDataset
from models.errors import UserError

INPUTS = {"x", "inputs", "images", "features", "data"}
LABELS = {"y", "labels", "label", "targets"}


def read_npz(path: Path) -> RawDataset:
    """Read the inputs and labels of the training part and, if there is one, of the test part.

    Raises:
        UserError: If the file is no .npz file, or a part has not exactly one array of inputs and one of labels.
    """
    parts: dict[str, dict[str, list[NDArray[Any]]]] = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("it holds a single array")
            for name in file.files:
                if (meaning := _meaning(name)) is not None:
                    part, role = meaning
                    parts.setdefault(part, {}).setdefault(role, []).append(file[name])
            names = ", ".join(file.files)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path} is no .npz file that can be read: {error}", "write it with numpy.savez, of plain arrays"
        ) from None
    for part in ("train", *parts):
        if {role: len(arrays) for role, arrays in parts.get(part, {}).items()} != {"inputs": 1, "labels": 1}:
            raise UserError(
                f"{path} holds {names or 'nothing'}, which is not inputs and labels",
                "call them x and y, or x_train, y_train, x_test and y_test",
            )
    pairs = {part: (arrays["inputs"][0], arrays["labels"][0]) for part, arrays in parts.items()}
    train = pairs["train"]
    if "val" in pairs:
        try:
            train = (np.concatenate([train[0], pairs["val"][0]]), np.concatenate([train[1], pairs["val"][1]]))
        except ValueError as error:
            raise UserError(
                f"{path}: train and val do not go together: {error}", "give both arrays of the same shape"
            ) from None
    return RawDataset(train, pairs.get("test"))


def _meaning(name: str) -> tuple[str, str] | None:
    """Return ("train", "inputs") for x_train, train_images and the like; None for an array of another name."""
    part, role = "train", ""
    for piece in name.lower().replace("-", "_").split("_"):
        if piece in SPLITS:
            part = piece if SPLITS[piece] == piece else "val"
        elif piece in INPUTS | LABELS and not role:
            role = "inputs" if piece in INPUTS else "labels"
        else:
            return None
    return (part, role) if role else None
