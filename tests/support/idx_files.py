"""A small data set in IDX files, written independently of the reader."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets import source as data

LABELS = np.arange(40) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5), dtype=np.uint8)


def write(folder: Path, part: str = "train", *, images: Any = IMAGES, labels: Any = LABELS, gz: bool = False) -> Path:
    """One part of a small data set; arrays are written as IDX, bytes as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
        content = content if isinstance(content, bytes) else idx(content)
        if gz:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1))
        else:
            (folder / name).write_bytes(content)
    return folder


def located(root: Path, name: str = "mnist") -> data.Source:
    """Find a data set that must be there."""
    source = data.locate(name, str(root), {})
    assert source is not None
    return source


def idx(array: NDArray[Any]) -> bytes:
    """An array as the content of an IDX file."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
