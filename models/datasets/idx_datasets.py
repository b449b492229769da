"""MNIST and its kin: named data sets of grey pictures in four IDX files, as torchvision lays them out.

The files are read where they lie, plain (and then mapped into memory) or as .gz.

Shapes: N examples, H height, W width.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from os.path import isfile
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from models.datasets.array_store import Inputs, Labels
from models.datasets.base import SplitName
from models.datasets.download import torchvision_download
from models.datasets.readers.idx import Bytes, read_images, sha256_of
from models.datasets.test_part import Part, allowed_split
from models.errors import UserError


@dataclass(frozen=True)
class IdxDataset:
    """A `NamedDataset` in `<folder>/raw/<prefix>train-images-idx3-ubyte` and its three companions."""

    name: str  # its name in a study file
    folder: str  # the folder of its files, called by the class of torchvision.datasets that downloads it
    classes: tuple[str, ...]
    prefix: str = ""  # the beginning of every file's name
    test: str = "t10k"  # what the files of the test part have instead of "train"
    first_label: int = 0  # the label of the first class
    transposed: bool = False  # whether pictures are stored column by column
    options: dict[str, str] = field(default_factory=dict, hash=False)  # what torchvision is given to download it

    @property
    def expected_files(self) -> str:
        """What a folder that holds it should have in it."""
        return f"{self.folder}/{self.prefix}train-images-idx3-ubyte and its three companions, plain or .gz"

    def locate(self, folders: Sequence[Path], imports: Path | None) -> tuple[str, str] | None:
        """Return the first folder that holds its training files, and their hash.

        The hash is `cat train-images-idx3-ubyte train-labels-idx1-ubyte | sha256sum`; compressed files have the same.
        """
        for folder in folders:
            if files := self._find(folder, "train"):
                return str(folder), sha256_of(*self._read(*files))
        return None

    def download(self, folder: Path) -> None:
        """Have torchvision download the files, which it checks by MD5."""
        torchvision_download(self.folder, folder, **self.options)

    def check(self, folder: Path, sha256: str, split: SplitName) -> None:
        """Raise UserError if the files of a part are not there. Reads none of them."""
        self._files(folder, split)

    def read(self, folder: Path, sha256: str, part: Part) -> tuple[Inputs, Labels, tuple[str, ...]]:
        """Return inputs (N, 1, H, W), labels (N,) and classes of one part.

        Raises:
            UserError: If its files are gone, damaged, or not those that were located.
            RuntimeError: If the test part is asked for without the ledger's signature.
        """
        split = allowed_split(part, sha256)
        images, labels = self._read(*self._files(folder, split))
        if split == "train":
            check_unchanged(self.name, folder, sha256, images, labels)
        if self.transposed:
            images = np.ascontiguousarray(images.transpose(0, 2, 1))
        return images[:, np.newaxis], labels.astype(np.int64) - self.first_label, self.classes

    def _files(self, root: Path, split: SplitName) -> tuple[Path, Path]:
        if files := self._find(root, split):
            return files
        raise UserError(
            f"{root} has no {self.folder} with {' and '.join(self._file_names(split))}",
            "put the files (or their .gz) there, or name another folder with --data-dir",
        )

    def _find(self, root: Path, split: SplitName) -> tuple[Path, Path] | None:
        """Return the image and the label file of a part; None if no folder below `root` has both."""
        for folder in (root / self.folder / "raw", root / self.folder):
            images, labels = (_plain_or_gz(folder / name) for name in self._file_names(split))
            if images and labels:
                return images, labels
        return None

    def _file_names(self, split: SplitName) -> tuple[str, str]:
        stem = self.prefix + (self.test if split == "test" else "train")
        return f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"

    def _read(self, images: Path, labels: Path) -> tuple[Bytes, Bytes]:
        return read_images(images, labels, range(self.first_label, self.first_label + len(self.classes)))


def check_unchanged(name: str, folder: Path, sha256: str, images: Bytes, labels: Bytes) -> None:
    """Raise UserError if a training part is not the one that was located."""
    if sha256_of(images, labels) != sha256:
        raise UserError(
            f"the training files of {name} in {folder} are not those that this run was begun with",
            "bring the earlier files back, or begin a study of its own on these with --name",
        )


def _plain_or_gz(path: Path) -> Path | None:
    # os.path.isfile, unlike Path.is_file, takes a folder that may not be entered for one without the file.
    return next((file for file in (path, path.with_name(f"{path.name}.gz")) if isfile(file)), None)


DIGIT_CLASSES = tuple("0123456789")
_CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_HIRAGANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
# Letters whose small and capital form look alike are one class, under the capital's name (Cohen et al. 2017, EMNIST,
# arXiv 1702.05373); of the others the small form is a class of its own.
_BALANCED = (*DIGIT_CLASSES, *ascii_uppercase, *"abdefghnqrt")

MNIST = IdxDataset("mnist", "MNIST", DIGIT_CLASSES)
FASHION_MNIST = IdxDataset("fashion_mnist", "FashionMNIST", _CLOTHES)
KMNIST = IdxDataset("kmnist", "KMNIST", _HIRAGANA)
EMNIST_LETTERS = IdxDataset(
    "emnist_letters", "EMNIST", tuple(ascii_lowercase), "emnist-letters-", "test", 1, True, {"split": "letters"}
)
EMNIST_BALANCED = IdxDataset(
    "emnist_balanced", "EMNIST", _BALANCED, "emnist-balanced-", "test", 0, True, {"split": "balanced"}
)
