"""The data sets: where they are, what is in them, and the one door to their test parts.

Commands locate a data set and may download it, engines read its training part, and only `reports` opens its test part.
Sets of IDX files (named.py) are read where they lie; own data are read from where importing.py has put them.
A `Source` is plain data and travels to engines as JSON; the arrays never travel: every engine opens the files itself,
and as plain files are memory-mapped, all engines of a machine share one copy. This module knows numpy alone. It
imports torch (for torchvision's download) and scikit-learn (for the digits) only where they are needed, so that a
command finds its data in milliseconds, and it must not know studies, databases or devices.

Shapes: N examples, C channels, H height, W width.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from models.datasets import array_store as imported
from models.datasets.array_store import Inputs
from models.datasets.builtin_datasets import DIGITS, IDX_SETS
from models.datasets.readers.idx import Bytes, magic, read_images
from models.datasets.split import Numbers, split
from models.errors import UserError

SplitName = Literal["train", "test"]


@dataclass(frozen=True)
class Source:
    """A data set that was found: enough to open it, and to know it again.

    `sha256` is that of the training images and labels as plain IDX files, one after the other:
    `cat train-images-idx3-ubyte train-labels-idx1-ubyte | sha256sum`. Compressed files have the same. That of imported
    data is `sha256sum about.json`, which has the hashes of all their files in it.
    """

    name: str  # a named set's, or what own data are called: `pets/`, `iris.csv`, `spirals()`
    root: str  # absolute folder that holds the set's own, or the imported files; "" for the embedded digits
    sha256: str


@dataclass(frozen=True, eq=False)
class Examples:
    """One part of a data set, not to be written to: the inputs may be memory that every engine of a machine shares."""

    inputs: Inputs  # (N, C, H, W), 0 to 255; or a table's numbers, (N, F, 1, 1)
    labels: Numbers  # (N,), each an index into classes
    classes: tuple[str, ...]


# --- finding ----------------------------------------------------------------------------------------------------------


def locate(name: str, data_dir: str | None, environ: Mapping[str, str] = os.environ) -> Source | None:
    """Look for a data set in `data_dir` if that is given, else in STUDYHALL_DATA, then in ./data.

    The training files are read and hashed, so that a study never starts on bad ones. None where they are nowhere; the
    digits are always found, and imported data only where `data_dir` is the folder they were imported into. Raises
    UserError where files are there but damaged.
    """
    if name == "digits":
        return Source(name, "", _sha256(*_read_digits("train")))
    if name not in IDX_SETS:
        root = os.path.abspath(data_dir or "")
        found = imported.hash_of(Path(root)) if data_dir else None
        return Source(name, root, found) if found else None
    roots = [environ.get("STUDYHALL_DATA", ""), "data"] if data_dir is None else [data_dir]
    for root in (os.path.abspath(os.path.expanduser(root)) for root in roots if root):
        if files := _find(name, root, "train"):
            return Source(name, root, _sha256(*_read_idx(name, *files)))
    return None


def files_of(name: str) -> str:
    """What a folder should hold that is said to have a named set, in words."""
    if name not in IDX_SETS:
        return "cifar-10-batches-py, as torchvision leaves it"
    wanted = IDX_SETS[name]
    return f"{wanted.folder}/{wanted.prefix}train-images-idx3-ubyte and its three companions"


def _find(name: str, root: str, part: SplitName) -> tuple[Path, Path] | None:
    """The image and the label file of one part, or None where a folder with both is nowhere under `root`."""
    wanted = IDX_SETS[name]
    begins = _begins(name, part)
    for folder in (Path(root, wanted.folder, "raw"), Path(root, wanted.folder)):
        images = _plain_or_gz(folder / f"{begins}-images-idx3-ubyte")
        labels = _plain_or_gz(folder / f"{begins}-labels-idx1-ubyte")
        if images and labels:
            return images, labels
    return None


def _begins(name: str, part: SplitName) -> str:
    """What the names of one part's files begin with."""
    wanted = IDX_SETS[name]
    return wanted.prefix + ("train" if part == "train" else wanted.test or "t10k")


def _plain_or_gz(path: Path) -> Path | None:
    # os.path.isfile, unlike Path.is_file, takes a folder that may not be entered for one without the file.
    return next((file for file in (path, path.with_name(f"{path.name}.gz")) if os.path.isfile(file)), None)


# --- opening ----------------------------------------------------------------------------------------------------------


def training_examples(source: Source) -> Examples:
    """The official training set, of which a study's validation part is split off. Opens no test file.

    Raises UserError where the files are gone, damaged, or not the ones that were located.
    """
    if _is_imported(source):
        return Examples(*imported.read(Path(source.root), source.sha256, "train"))
    images, labels = _reader(source, "train")()
    if _sha256(images, labels) != source.sha256:
        raise UserError(
            f"the training files of {source.name} in {source.root} are not those that this run was begun with",
            "bring the earlier files back, or begin a study of its own on these with --name",
        )
    return _examples(source.name, images, labels)


def test_examples(source: Source, sign: Callable[[str], None]) -> Examples:
    """The official test set: the one door to it, for `reports` alone.

    `sign` is told what is opened, and must have returned (its ledger's line committed) before a byte is read. Raises
    UserError where the files are missing, and then nothing was signed, or damaged.
    """
    if _is_imported(source):
        imported.look(Path(source.root), source.sha256, "test")
        sign(f"test part of {source.name} (imported with sha256 {source.sha256})")
        return Examples(*imported.read(Path(source.root), source.sha256, "test"))
    read = _reader(source, "test")
    sign(f"test set of {source.name} (its training set has sha256 {source.sha256})")
    return _examples(source.name, *read())


def _is_imported(source: Source) -> bool:
    return source.name not in IDX_SETS and source.name != "digits"


def _reader(source: Source, part: SplitName) -> Callable[[], tuple[Bytes, Bytes]]:
    """Look for one part's files now, and read them when called."""
    if source.name == "digits":
        return partial(_read_digits, part)
    if (files := _find(source.name, source.root, part)) is None:
        wanted = IDX_SETS[source.name]
        begins = _begins(source.name, part)
        raise UserError(
            f"{source.root} has no {wanted.folder} with {begins}-images-idx3-ubyte and {begins}-labels-idx1-ubyte",
            "put the files (or their .gz) there, or name another folder with --data-dir",
        )
    return partial(_read_idx, source.name, *files)


def _read_idx(name: str, images: Path, labels: Path) -> tuple[Bytes, Bytes]:
    wanted = IDX_SETS[name]
    return read_images(images, labels, range(wanted.first, wanted.first + len(wanted.classes)))


def _examples(name: str, images: Bytes, labels: Bytes) -> Examples:
    if name == "digits":
        return Examples(images[:, np.newaxis], labels.astype(np.int64), DIGITS)  # (N, H, W) -> (N, 1, H, W)
    wanted = IDX_SETS[name]
    if wanted.transposed:
        images = np.ascontiguousarray(images.transpose(0, 2, 1))
    return Examples(images[:, np.newaxis], labels.astype(np.int64) - wanted.first, wanted.classes)


def _sha256(images: Bytes, labels: Bytes) -> str:
    """The hash of the two arrays as plain IDX files, headers and all, whatever form they came in."""
    digest = hashlib.sha256()
    for array in (images, labels):
        digest.update(np.array([magic(array.ndim), *array.shape], ">u4").tobytes())
        digest.update(array.data)
    return digest.hexdigest()


def _read_digits(part: SplitName) -> tuple[Bytes, Bytes]:
    """scikit-learn's 1,797 digits as (N, 28, 28) and (N,); one fixed, stratified fifth of them is the test part."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    labels = digits.target.astype(np.uint8)
    chosen = split(labels, 1 / 5, seed=0)[part == "test"]
    grey = np.rint(digits.images[chosen] * (255 / 16)).astype(np.uint8)  # (N, 8, 8), from 0 to 16
    enlarged = grey.repeat(3, axis=1).repeat(3, axis=2)  # (N, 24, 24)
    return np.pad(enlarged, ((0, 0), (2, 2), (2, 2))), labels[chosen]
