"""Imported data: a folder of plain .npy files, which every engine of a machine maps into its memory.

`about.json` holds the classes and the hash of every file; its own hash is that of the data set. Knows numpy alone.

Shapes: N examples, C channels, H height, W width; a table's F features are F channels of one pixel each.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.base import SplitName
from models.datasets.test_part import Part, allowed_split
from models.errors import UserError

# (N, C, H, W): bytes are pictures, 0 to 255; numbers are a table's, (N, F, 1, 1).
Inputs = NDArray[np.uint8] | NDArray[np.float32]
Labels = NDArray[np.int64] | NDArray[np.float64]  # (N,), classes or numbers

ABOUT = "about.json"
IMPORTS_FOLDER = "_data"  # holds all imports, beside the studies of a database: no study can be called so


class ArrayStore:
    """Data that have been imported: a `NamedDataset` by the name of the study's own data."""

    expected_files = "the data that were imported"

    def locate(self, folders: Sequence[Path], imports: Path | None) -> tuple[str, str] | None:
        """Return the first folder that holds imported data, with their hash."""
        for folder in folders:
            if (sha256 := hash_of(folder)) is not None:
                return str(folder), sha256
        return None

    def download(self, folder: Path) -> None:
        """Raise LookupError: nobody publishes a study's own data."""
        raise LookupError("data of your own are imported by a search, not downloaded")

    def check(self, folder: Path, sha256: str, split: SplitName) -> None:
        """Raise UserError if the files of a part are not there. Reads none of them."""
        _read_about(folder, sha256)
        for name in part_files(split):
            if not (folder / name).is_file():
                raise _damaged(folder / name)

    def read(self, folder: Path, sha256: str, part: Part) -> tuple[Inputs, Labels, tuple[str, ...]]:
        """Return inputs and labels of one part, mapped, and the classes.

        Raises:
            UserError: If the files are not as they were imported.
            RuntimeError: If the test part is asked for without the ledger's signature.
        """
        split = allowed_split(part, sha256)
        about = _read_about(folder, sha256)
        arrays = []
        for name in part_files(split):
            path = folder / name
            try:
                if _file_sha256(path) != about["sha256"][name]:
                    raise _damaged(path)
                # Copy-on-write: never written, it is shared as a read-only map is, and torch takes it without a copy.
                arrays.append(np.asarray(np.load(path, mmap_mode="c", allow_pickle=False)))
            except (OSError, ValueError):
                raise _damaged(path) from None
        return arrays[0], arrays[1], tuple(about["classes"])

    def columns(self, folder: Path, sha256: str) -> tuple[str, ...]:
        """Return the names of a table's features, like `width` or `colour=red`; none where it has none."""
        return tuple(_read_about(folder, sha256).get("columns", ()))

    def fills(self, folder: Path, sha256: str) -> bool:
        """Return whether medians stand for a table's missing values, which are NaN."""
        return bool(_read_about(folder, sha256).get("fills", False))

    def target(self, folder: Path, sha256: str) -> str:
        """Return what the number that is predicted is called; "" where classes are."""
        return str(_read_about(folder, sha256).get("target", ""))


IMPORTED = ArrayStore()


def write_arrays(folder: Path, parts: dict[SplitName, tuple[Inputs, Labels]], about: dict[str, Any]) -> str:
    """Write both parts and about.json into an empty folder. Returns the data set's sha256."""
    hashes = {}
    for split, arrays in parts.items():
        for name, array in zip(part_files(split), arrays, strict=True):
            np.save(folder / name, np.ascontiguousarray(array), allow_pickle=False)
            hashes[name] = _file_sha256(folder / name)
    text = json.dumps({**about, "sha256": hashes}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / ABOUT).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def part_files(split: SplitName) -> tuple[str, str]:
    """Return the names of one part's two files, inputs and labels."""
    return f"{split}-inputs.npy", f"{split}-labels.npy"


def folder_name(title: str, sha256: str) -> str:
    """Return what the folder of imported data is called: title and hash."""
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', title.rstrip('/()')).lstrip('.') or 'data'}-{sha256[:16]}"


def hash_of(folder: Path) -> str | None:
    """Return the data set's sha256 as the folder stands, that of its about.json; None if there is none."""
    try:
        return hashlib.sha256((folder / ABOUT).read_bytes()).hexdigest()
    except OSError:
        return None


def is_undamaged(folder: Path, sha256: str) -> bool:
    """Return whether all files of a folder are as they were imported."""
    try:
        about = _read_about(folder, sha256)
        return all(_file_sha256(folder / name) == expected for name, expected in about["sha256"].items())
    except (OSError, UserError):
        return False


def _read_about(folder: Path, sha256: str) -> dict[str, Any]:
    if hash_of(folder) != sha256:
        raise _damaged(folder / ABOUT)
    about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return about


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: Path) -> UserError:
    return UserError(
        f"{path} is gone, or is not as it was imported",
        f"remove the folder {path.parent} and search again: the data are then imported anew",
    )
