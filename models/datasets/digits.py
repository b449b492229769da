"""The embedded digits: scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, shown as MNIST shows its own.

They are always there. The file is read beside scikit-learn, not by it: to import that takes as long as to import torch,
in this process and in every worker.

Shapes: N examples.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from models.datasets.array_store import Inputs, Labels
from models.datasets.base import SplitName
from models.datasets.idx_datasets import DIGIT_CLASSES, check_unchanged
from models.datasets.readers.idx import Bytes, sha256_of
from models.datasets.split import split as split_indices
from models.datasets.test_part import Part, allowed_split


class Digits:
    """A `NamedDataset` without files."""

    expected_files = "nothing, for scikit-learn brings the digits along"

    def locate(self, folders: Sequence[Path], imports: Path | None) -> tuple[str, str]:
        """Return no folder, and the hash of the training part."""
        return "", sha256_of(*_read_digits("train"))

    def download(self, folder: Path) -> None:
        """Do nothing."""

    def check(self, folder: Path, sha256: str, split: SplitName) -> None:
        """Do nothing."""

    def read(self, folder: Path, sha256: str, part: Part) -> tuple[Inputs, Labels, tuple[str, ...]]:
        """Return inputs (N, 1, 28, 28), labels (N,) and classes of one part.

        Raises:
            UserError: If this scikit-learn has other digits than those that were located.
            RuntimeError: If the test part is asked for without the ledger's signature.
        """
        split = allowed_split(part, sha256)
        images, labels = _read_digits(split)
        if split == "train":
            check_unchanged("digits", folder, sha256, images, labels)
        return images[:, np.newaxis], labels.astype(np.int64), DIGIT_CLASSES


DIGITS = Digits()


def _read_digits(split: SplitName) -> tuple[Bytes, Bytes]:
    """Return (N, 28, 28) and (N,); one fixed, stratified fifth of all digits is the test part."""
    spec = find_spec("sklearn")
    assert spec is not None  # a dependency
    assert spec.origin is not None
    rows = np.loadtxt(Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    pixels, labels = rows[:, :-1], rows[:, -1].astype(np.uint8)  # (N, 64) from 0 to 16, and (N,)
    chosen = split_indices(labels, 1 / 5, seed=0)[split == "test"]
    grey = np.rint(pixels[chosen].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    enlarged = grey.repeat(3, axis=1).repeat(3, axis=2)  # (N, 24, 24)
    return np.pad(enlarged, ((0, 0), (2, 2), (2, 2))), labels[chosen]
