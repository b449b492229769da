"""A data set that was found: where it is, how it is known again, and how its parts are read.

A `Source` is plain data and travels to engines as JSON. The arrays never travel: every engine opens the files itself,
and as plain files are memory-mapped, all engines of a machine share one copy. Locating a data set imports neither torch
nor torchvision. This module must not know studies, databases or devices.

Shapes: N examples, C channels, H height, W width, F features.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.datasets.array_store import IMPORTED, Inputs, Labels
from models.datasets.base import NamedDataset
from models.datasets.registry import NAMED_DATASETS
from models.datasets.test_part import SignedOpening, check_signature
from models.errors import UserError


@dataclass(frozen=True)
class Source:
    """A data set that was found: enough to open it, and to know it again.

    Args:
        name: That of a named data set, or the title of a study's own data: `pets/`, `iris.csv`, `spirals()`.
        root: The absolute folder that holds it; "" for the embedded digits.
        sha256: Of the training part as plain IDX files, or of the `about.json` of imported data, which holds the
            hashes of all their files.
    """

    name: str
    root: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Examples:
    """One part of a data set. Must not be written to: all engines of a machine may share the memory."""

    inputs: Inputs  # (N, C, H, W) bytes, 0 to 255; or a table's numbers, (N, F, 1, 1)
    labels: Labels  # (N,), each an index into `classes`; numbers where there are no classes
    classes: tuple[str, ...]
    columns: tuple[str, ...] = ()  # the names of a table's features, where it has names
    target: str = ""  # what the number is called that a regression predicts
    fills: bool = False  # whether medians stand for missing values, which are NaN

    @property
    def outputs(self) -> int:
        """How many numbers a model answers with: one a class, or the prediction."""
        return len(self.classes) or 1

    @property
    def noun(self) -> str:
        """What one example is called: an image, or a row of a table."""
        return "image" if self.inputs.dtype == "uint8" else "row"


def locate(
    name: str, data_dir: str | Path | None, environ: Mapping[str, str] = os.environ, imports: Path | None = None
) -> Source | None:
    """Look for a data set, and read and hash its training part, so that a study never starts on bad files.

    Args:
        name: That of a named data set; or the title of own data, if `data_dir` is the folder they were imported to.
        data_dir: The only folder to look in; None for that of STUDYHALL_DATA, then ./data.
        environ: Where STUDYHALL_DATA stands.
        imports: The folder of imported data, if a data set that has to be imported may be.

    Returns:
        None if it is nowhere.

    Raises:
        UserError: If files are there but damaged.
    """
    if name not in NAMED_DATASETS and data_dir is None:
        return None
    folders = [environ.get("STUDYHALL_DATA", ""), "data"] if data_dir is None else [data_dir]
    absolute = [Path(os.path.abspath(os.path.expanduser(folder))) for folder in folders if folder]
    located = _dataset(name).locate(absolute, imports)
    return None if located is None else Source(name, *located)


def download(name: str, folder: str, imports: Path | None = None) -> Source:
    """Download a named data set into a folder, and locate it there.

    Raises:
        UserError: If that fails; at most some seconds after a server has fallen silent.
    """
    path = Path(folder).expanduser()
    try:
        _dataset(name).download(path)
    except Exception as error:
        raise _download_failed(name, error) from error
    if (source := locate(name, str(path), imports=imports)) is None:
        raise _download_failed(name, FileNotFoundError(f"nothing arrived in {folder}"))
    return source


def expected_files(name: str) -> str:
    """Return what a folder that holds a named data set should have in it, in words."""
    return _dataset(name).expected_files


def training_examples(source: Source) -> Examples:
    """Read the training set, of which a study holds out its validation part. Opens no test file.

    Raises:
        UserError: If the files are gone, damaged, or not those that were located.
    """
    root, dataset = Path(source.root), _dataset(source.name)
    arrays = dataset.read(root, source.sha256, "train")
    if dataset is not IMPORTED:
        return Examples(*arrays)
    columns, target = IMPORTED.columns(root, source.sha256), IMPORTED.target(root, source.sha256)
    return Examples(*arrays, columns, target, IMPORTED.fills(root, source.sha256))


def check_test_part(source: Source) -> None:
    """Raise UserError if the files of the test part are not there. Reads none of them: nothing need be signed."""
    _dataset(source.name).check(Path(source.root), source.sha256, "test")


def read_test_part(source: Source, signed: SignedOpening) -> Examples:
    """Read the test set, for which a line in the ledger has been signed.

    Raises:
        UserError: If the files are gone or damaged.
        RuntimeError: If `signed` is no signature, or that of another source.
    """
    check_signature(signed, source.sha256)  # "train" would pass the lock below
    return Examples(*_dataset(source.name).read(Path(source.root), source.sha256, signed))


def describe_test_part(source: Source) -> str:
    """Return what a line of the ledger says is opened."""
    return f"test set of {source.name} (sha256 {source.sha256})"


def _dataset(name: str) -> NamedDataset:
    """Return what reads a data set of this name: data without a registered name have been imported."""
    dataset: NamedDataset = NAMED_DATASETS.load(name) if name in NAMED_DATASETS else IMPORTED
    return dataset


def _download_failed(name: str, error: Exception) -> UserError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1]  # torchvision's last line is the cause
    return UserError(
        f"{name} is not on this machine and could not be downloaded: {reason}",
        f"name a folder that holds {expected_files(name)} with --data-dir, or take --dataset digits",
    )
