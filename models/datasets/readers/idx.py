"""IDX files, the form in which MNIST and its kin are published (http://yann.lecun.com/exdb/mnist).

Our own reader, because torchvision's opens a .gz plainly and trusts headers. Bad files cannot harm this one: they
become a `UserError` that names the file, and no memory is taken because of what a header says. Knows no data set.

Shapes: N examples, H height, W width.
"""

import gzip
import hashlib
import math
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from models.errors import UserError

Bytes = NDArray[np.uint8]

MAX_EXAMPLES = 1 << 24  # of one file: far above any set of ours, and its labels still take 128 MiB as int64
MAX_BYTES = 1 << 30  # of one file, decompressed
CHUNK_BYTES = 1 << 20  # bytes decompressed at a time


def magic(dimensions: int) -> int:
    """Return the number that a file of bytes with so many dimensions begins with."""
    return 0x0800 | dimensions  # 08 says unsigned bytes


def read_images(image_file: Path, label_file: Path, labels_allowed: range) -> tuple[Bytes, Bytes]:
    """Return the images (N, H, W) and labels (N,) of one part.

    Args:
        image_file: Plain, or compressed with the ending .gz; so is `label_file`.
        label_file: One label for each image.
        labels_allowed: The labels of the classes, like `range(10)`.

    Raises:
        UserError: If a file is damaged, or the two do not belong together.
    """
    images, labels = _read_idx(image_file, 3), _read_idx(label_file, 1)
    if len(labels) != len(images):
        raise _damaged(label_file, f"has {len(labels)} labels for the {len(images)} images of {image_file.name}")
    if (highest := int(labels.max())) not in labels_allowed:
        raise _damaged(label_file, f"has a label {highest}, where the classes end at {labels_allowed[-1]}")
    if (lowest := int(labels.min())) not in labels_allowed:
        raise _damaged(label_file, f"has a label {lowest}, where the classes begin at {labels_allowed[0]}")
    return images, labels


def sha256_of(images: Bytes, labels: Bytes) -> str:
    """Return the hash of both arrays as plain IDX files, one after the other, whatever form they were stored in."""
    digest = hashlib.sha256()
    for array in (images, labels):
        digest.update(np.array([magic(array.ndim), *array.shape], ">u4").tobytes())
        digest.update(array.data)
    return digest.hexdigest()


def _read_idx(path: Path, dimensions: int) -> Bytes:
    """Map a plain file, or decompress a .gz; no memory is taken because of what the header says."""
    try:
        with _open(path) as file:
            header = file.read(4 + 4 * dimensions)
            shape = _shape(path, header, dimensions)
            size = math.prod(shape)
            if path.suffix != ".gz":
                _check_size(path, os.fstat(file.fileno()).st_size - len(header), size)
                # Copy-on-write: never written, it is shared as a read-only map is, and torch takes it without a copy.
                return np.asarray(np.memmap(file, np.uint8, "c", len(header), shape))
            content = bytearray()
            for chunk in _chunks(file, size + 1):  # one more than there should be, to see that there is no more
                content += chunk
            _check_size(path, len(content), size)
            return np.frombuffer(content, np.uint8).reshape(shape)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _chunks(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Yield what is left of a file, but no more than `most` bytes: a small .gz can hold a huge file."""
    while most > 0 and (chunk := file.read(min(CHUNK_BYTES, most))):
        most -= len(chunk)
        yield chunk


def _shape(path: Path, header: bytes, dimensions: int) -> tuple[int, ...]:
    if len(header) < 4 + 4 * dimensions:
        raise _damaged(path, f"ends within its header, after {len(header)} bytes")
    begins, *shape = np.frombuffer(header, ">u4").tolist()
    if begins != magic(dimensions):
        raise _damaged(path, f"begins with {begins:#010x}, where its kind of IDX file has {magic(dimensions):#010x}")
    if 0 in shape:
        raise _damaged(path, f"is empty: its header says {_times(shape)}")
    if shape[0] > MAX_EXAMPLES or math.prod(shape) > MAX_BYTES:
        raise _damaged(path, f"is too large: its header says {_times(shape)} bytes")
    return tuple(shape)


def _check_size(path: Path, size: int, promised: int) -> None:
    if size < promised:
        raise _damaged(path, f"is cut short: it has {size} of the {promised} bytes that its header promises")
    if size > promised:
        raise _damaged(path, f"goes on after the {promised} bytes that its header promises")


def _times(shape: list[int]) -> str:
    return " x ".join(map(str, shape))


def _damaged(path: Path, wrong: str) -> UserError:
    return UserError(f"{path} {wrong}", "put a good copy in its place, or remove it so that it can be downloaded anew")
