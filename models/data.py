"""The data sets: where they are, what is in them, and the one door to their test parts.

Commands locate a data set and may download it, engines read its training part, and only `reports` opens its test part.
Sets of IDX files (named.py) are read where they lie; own data are read from where importing.py has put them.
A `Source` is plain data and travels to engines as JSON; the arrays never travel: every engine opens the files itself,
and as plain files are memory-mapped, all engines of a machine share one copy. This module knows numpy alone. It
imports torch (for torchvision's download) and scikit-learn (for the digits) only where they are needed, so that a
command finds its data in milliseconds, and it must not know studies, databases or devices.

Shapes: N examples, C channels, H height, W width.
"""

import contextlib
import hashlib
import io
import math
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from models import imported
from models.errors import UserError
from models.idx import Bytes, magic, read_images
from models.imported import Inputs
from models.named import DIGITS, IDX_SETS
from models.seeds import derive

Numbers = NDArray[np.int64]

Part = Literal["train", "test"]

PATIENCE = 5.0  # seconds without an answer before a download is given up


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


@dataclass(frozen=True)
class Normalisation:
    """What is subtracted from inputs / 255, and what the difference is divided by: one number per channel.

    The numbers of a table are not divided by 255; its features are its channels.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


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


def download(name: str, root: str) -> Source:
    """Have torchvision download a data set into `root`, which it checks by MD5.

    Raises UserError where that fails, after `PATIENCE` seconds per attempt at most where nobody answers.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)  # torchvision sets none of its own, and would wait for ever
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # where torchvision draws a progress bar per file
            wanted = IDX_SETS[name]
            getattr(import_torchvision().datasets, wanted.folder)(
                os.path.expanduser(root), download=True, **wanted.options
            )
    except Exception as error:  # a foreign library, a network and a disk can fail in any manner
        raise _unobtainable(name, error) from error
    finally:
        socket.setdefaulttimeout(before)
    if (source := locate(name, root)) is None:
        raise _unobtainable(name, FileNotFoundError(f"nothing arrived in {root}"))
    return source


def _unobtainable(name: str, error: Exception) -> UserError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1]  # torchvision's last line is the cause
    return UserError(
        f"{name} is not on this machine and could not be downloaded: {reason}",
        f"name a folder that holds {files_of(name)} (or .gz) with --data-dir, or take --dataset digits",
    )


def files_of(name: str) -> str:
    """What a folder should hold that is said to have a named set, in words."""
    if name not in IDX_SETS:
        return "cifar-10-batches-py, as torchvision leaves it"
    wanted = IDX_SETS[name]
    return f"{wanted.folder}/{wanted.prefix}train-images-idx3-ubyte and its three companions"


def import_torchvision() -> ModuleType:
    """Import torchvision, also where its build does not fit torch's.

    torchvision from PyPI is built for CUDA. Beside a CPU-only torch its compiled operators cannot be loaded, and its
    import stops at registering Python companions for two of them. Nothing here calls either: declared, they do no harm.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        import torch

        for operator in ("nms", "qnms"):
            torch.library.define(
                f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )
        import torchvision
    return cast(ModuleType, torchvision)


def _find(name: str, root: str, part: Part) -> tuple[Path, Path] | None:
    """The image and the label file of one part, or None where a folder with both is nowhere under `root`."""
    wanted = IDX_SETS[name]
    begins = _begins(name, part)
    for folder in (Path(root, wanted.folder, "raw"), Path(root, wanted.folder)):
        images = _plain_or_gz(folder / f"{begins}-images-idx3-ubyte")
        labels = _plain_or_gz(folder / f"{begins}-labels-idx1-ubyte")
        if images and labels:
            return images, labels
    return None


def _begins(name: str, part: Part) -> str:
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


def _reader(source: Source, part: Part) -> Callable[[], tuple[Bytes, Bytes]]:
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


def _read_digits(part: Part) -> tuple[Bytes, Bytes]:
    """scikit-learn's 1,797 digits as (N, 28, 28) and (N,); one fixed, stratified fifth of them is the test part."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    labels = digits.target.astype(np.uint8)
    chosen = split(labels, 1 / 5, seed=0)[part == "test"]
    grey = np.rint(digits.images[chosen] * (255 / 16)).astype(np.uint8)  # (N, 8, 8), from 0 to 16
    enlarged = grey.repeat(3, axis=1).repeat(3, axis=2)  # (N, 24, 24)
    return np.pad(enlarged, ((0, 0), (2, 2), (2, 2))), labels[chosen]


# --- dividing and measuring -------------------------------------------------------------------------------------------


def split(labels: NDArray[np.integer], share: float, seed: int) -> tuple[Numbers, Numbers]:
    """Indices (sorted) of the training and of the validation part, drawn from the study's seed alone.

    The validation part has round(share * N) examples, and of every class the same share as near as whole numbers
    allow, by largest remainder. Raises UserError where a class would be missing from either part.
    """
    classes, counts = np.unique(labels, return_counts=True)
    quotas = share * counts
    taken = np.floor(quotas).astype(np.int64)
    left_over = round(share * len(labels)) - int(taken.sum())
    taken[np.argsort(taken - quotas, kind="stable")[:left_over]] += 1  # the lower class first where remainders tie
    for name, count, validating in zip(classes.tolist(), counts.tolist(), taken.tolist(), strict=True):
        if not 0 < validating < count:
            part = "training" if validating else "validation"
            raise UserError(
                f"a validation share of {share:g} leaves no {part} example of class {name}, which has {count} in all",
                f"make validation_share {'smaller' if validating else 'larger'}, or bring more examples of that class",
            )
    shuffled = np.random.Generator(np.random.PCG64(derive(seed, "split"))).permutation(len(labels))
    validation = np.zeros(len(labels), dtype=bool)
    for name, validating in zip(classes, taken, strict=True):
        validation[shuffled[labels[shuffled] == name][:validating]] = True
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def scale_of(inputs: Inputs) -> float:
    """What inputs are divided by before they are normalised: 255 for pictures, 1 for a table."""
    return 255.0 if inputs.dtype == np.uint8 else 1.0


def normalisation(inputs: Inputs, chosen: NDArray[np.integer]) -> Normalisation:
    """Mean and standard deviation (of the population) of inputs / 255 per channel, over the chosen examples.

    Of a table they are those of its numbers as they are, summed in float64 in the order of the examples.

    Sums of bytes and of their squares are whole numbers: the result is exact up to its last rounding, and does not
    depend on how the examples are gathered. A channel that never varies has std 1, so that it can be divided by.
    """
    if inputs.dtype != np.uint8:
        numbers = inputs[chosen].reshape(len(chosen), -1).astype(np.float64)  # (N, F)
        deviations = numbers.std(0)
        return Normalisation(tuple(numbers.mean(0).tolist()), tuple(np.where(deviations > 0, deviations, 1.0).tolist()))
    count = len(chosen) * math.prod(inputs.shape[2:])  # of each channel's values
    channels = inputs.shape[1]
    totals, squares = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for start in range(0, len(chosen), 1024):  # small enough for the cache, and for any memory
        values = inputs[chosen[start : start + 1024]].astype(np.uint16)  # (1024, C, H, W); 255 squared still fits
        totals += values.sum(axis=(0, 2, 3), dtype=np.int64)
        squares += (values * values).sum(axis=(0, 2, 3), dtype=np.int64)
    # As Python's integers, which do not overflow: std = sqrt(n * sum(x^2) - sum(x)^2) / n.
    pairs = list(zip(totals.tolist(), squares.tolist(), strict=True))
    return Normalisation(
        mean=tuple(total / (255 * count) for total, _ in pairs),
        std=tuple(math.sqrt(count * square - total * total) / (255 * count) or 1.0 for total, square in pairs),
    )
