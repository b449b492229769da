"""What a study's own data look like where they come from: a folder of pictures, arrays in a file, a function's result.

Each kind is brought to arrays as they are given, by part; what they mean is regular.py's to say. Called by
importing.py, in the process that leads the search. Knows Pillow, and torch where a function has brought it.

Shapes: N examples, C channels, H height, W width.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.datasets.dataset_config import CallableDataset, Folder, Npz, Origin, Table
from models.datasets.readers.base import Gathered
from models.datasets.readers.csv_table import read_table
from models.datasets.readers.folder import _folder, _pictures
from models.datasets.readers.function import _function
from models.datasets.readers.npz import _npz
from models.errors import UserError


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
        case CallableDataset():
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
        case CallableDataset():
            return []


def _state(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise UserError(
            f"{file} cannot be read: {error.strerror}", "check the path, which is looked for beside the study file too"
        ) from None
    return found.st_size, found.st_mtime_ns
