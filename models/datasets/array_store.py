"""Data that were imported: a folder of plain .npy files, which every engine of a machine maps into its memory.

`about.json` says what is in them and has the hash of each; the hash of `about.json` itself is the data set's. Written
by importing.py, read by data.py, which keeps the door to the test part. Knows numpy alone.

Shapes: N examples, C channels, H height, W width; a table's F features are F channels of one pixel each.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.errors import UserError

# (N, C, H, W): bytes are pictures, 0 to 255; numbers are a table's, (N, F, 1, 1).
Inputs = NDArray[np.uint8] | NDArray[np.float32]
Labels = NDArray[np.int64]  # (N,)

ABOUT = "about.json"
ROOM = "_data"  # the folder of all imports, beside the studies of a database: no study can be called so
Side = Literal["train", "test"]


def files(side: Side) -> tuple[str, str]:
    """The names of one part's two files, inputs and labels."""
    return f"{side}-inputs.npy", f"{side}-labels.npy"


def folder_name(title: str, sha256: str) -> str:
    """What the folder of imported data is called: name and hash."""
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', title.rstrip('/()')).lstrip('.') or 'data'}-{sha256[:16]}"


def hash_of(folder: Path) -> str | None:
    """The data set's sha256 as the folder stands, that of its about.json; None where there is none."""
    try:
        return hashlib.sha256((folder / ABOUT).read_bytes()).hexdigest()
    except OSError:
        return None


def describe(folder: Path, sha256: str) -> dict[str, Any]:
    """What about.json says. Raises UserError where it is gone or has another hash."""
    if hash_of(folder) != sha256:
        raise _damaged(folder / ABOUT)
    about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return about


def intact(folder: Path, sha256: str) -> bool:
    """Whether all files of a folder are as they were imported: what an import, which makes the same, can spare."""
    try:
        about = describe(folder, sha256)
        return all(_sha256(folder / name) == found for name, found in about["sha256"].items())
    except (OSError, UserError):
        return False


def look(folder: Path, sha256: str, side: Side) -> None:
    """Raise UserError where one part's files are not there; reads none of them."""
    describe(folder, sha256)
    for name in files(side):
        if not (folder / name).is_file():
            raise _damaged(folder / name)


def read(folder: Path, sha256: str, side: Side) -> tuple[Inputs, Labels, tuple[str, ...]]:
    """One part's inputs and labels, mapped, and the classes. Raises UserError where the files are not as imported."""
    about = describe(folder, sha256)
    arrays = []
    for name in files(side):
        path = folder / name
        try:
            if _sha256(path) != about["sha256"][name]:
                raise _damaged(path)
            # Copy-on-write: never written, it is shared as a read-only map is, and torch takes it without a copy.
            arrays.append(np.asarray(np.load(path, mmap_mode="c", allow_pickle=False)))
        except (OSError, ValueError):
            raise _damaged(path) from None
    return arrays[0], arrays[1], tuple(about["classes"])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: Path) -> UserError:
    return UserError(
        f"{path} is gone, or is not as it was imported",
        f"remove the folder {path.parent} and search again: the data are then imported anew",
    )
