"""Reads arrays from an .npz file by their usual names. Never unpickles."""

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.base import SPLITS, RawDataset
from models.errors import UserError

INPUTS = {"x", "inputs", "images", "features", "data"}
LABELS = {"y", "labels", "label", "targets"}

_UNREADABLE = (
    *(OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error),
    *(SyntaxError, tokenize.TokenError),  # numpy reads an array's header as Python
)


def read_npz(path: Path) -> RawDataset:
    """Read the inputs and labels of the training part and, if there is one, of the test part.

    Raises:
        UserError: If the file is no .npz file, or a part has not exactly one array of inputs and one of labels.
    """
    parts: dict[str, dict[str, list[NDArray[Any]]]] = {}
    names: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                names.append(name := member.filename.removesuffix(".npy"))
                if member.filename != name and (meaning := _meaning(name)) is not None:
                    part, role = meaning
                    parts.setdefault(part, {}).setdefault(role, []).append(_array(archive, member))
    except _UNREADABLE as error:
        raise UserError(
            f"{path} is no .npz file that can be read: {error}", "write it with numpy.savez, of plain arrays"
        ) from None
    for part in ("train", *parts):
        if {role: len(arrays) for role, arrays in parts.get(part, {}).items()} != {"inputs": 1, "labels": 1}:
            raise UserError(
                f"{path} holds {', '.join(names) or 'nothing'}, which is not inputs and labels",
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


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """Read an array, if its header and the archive agree on its size, and memory has room for it.

    Raises:
        ValueError: They do not, or it is no plain array.
    """
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(file)
        size = math.prod(shape) * dtype.itemsize
        if dtype.hasobject or size != member.file_size - file.tell():
            raise ValueError(f"{member.filename} is not the array of {dtype} that it says it is")
    if size > free_memory():
        raise ValueError(f"{member.filename} takes {size / 2**30:.1f} GiB, more than the memory that is free")
    with archive.open(member) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def free_memory() -> float:
    """Return how many bytes of memory can be used; infinity where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return math.inf


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
