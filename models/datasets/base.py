"""The door for data sets: what a format and a named data set must offer, and what they return.

A *format* is a small frozen class that a study file writes, like `Folder("pets")`. Its data are read once, in the
process that leads the search, and kept as plain arrays. A *named data set*, like "mnist", is read where its files lie.
registry.py lists both. Another package adds a format by one class and one entry point of the group
`studyhall.datasets`; its name there is the class's `kind`:

    class Parquet(FrozenConfig):
        path: Path
        label: str
        kind: Literal["parquet"] = "parquet"

        @property
        def title(self) -> str:
            return self.path.name

        def files(self, find: Find) -> list[Path]:
            return [find(self.path)]

        def read(self, find: Find) -> RawDataset:
            import pandas

            frame = pandas.read_parquet(find(self.path))
            return RawDataset((frame.drop(columns=self.label).to_numpy(), frame[self.label].to_numpy()))

This module imports no numpy, so that a study file costs none. It must not know studies, databases or devices.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from models.datasets.test_part import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.datasets.array_store import Inputs, Labels

SplitName = Literal["train", "test"]
Find = Callable[[Path], Path]  # from a path as the study file writes it to where it lies

# What people call the parts of a data set in names of folders and arrays. A validation part joins the training part:
# a study holds out its own.
SPLITS: dict[str, SplitName] = {
    "train": "train", "val": "train", "valid": "train", "validation": "train", "test": "test",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class RawDataset:
    """A data set as its format stores it: arrays that are not checked or converted yet.

    Args:
        train: Inputs and labels. Inputs are pictures, (N, C, H, W), (N, H, W, C) or (N, H, W), or a table,
            (N, features). Labels (N,) are whole numbers or texts; for a regression any numbers.
        test: The same for the test part; None to have one held out by the study's seed.
        class_names: The names of the labels 0, 1, ..., if the data set has them.
        columns: The names of a table's features.
        target: What the number is called that a regression predicts.
        fills: Whether a feature that is NaN is missing, and the median of the training part stands for it.
        positive: The one of two classes that is to come last; "" leaves them sorted.
    """

    train: "tuple[NDArray[Any], NDArray[Any]]"
    test: "tuple[NDArray[Any], NDArray[Any]] | None" = None
    class_names: tuple[str, ...] | None = None
    columns: tuple[str, ...] = ()
    target: str = "target"
    fills: bool = False
    positive: str = ""


@runtime_checkable
class DatasetConfig(Protocol):
    """A format, as a study file writes it: frozen pydantic data that says where a study's own data come from.

    It is stored with the study as JSON. An attribute `task`, "classification" or "regression", says what its labels are
    where that is certain; where it is not, the study's loss does. Its module must not import torch, numpy or the
    library that reads the format at its top level: `read` imports what it needs.
    """

    @property
    def kind(self) -> str:
        """The name under which registry.py or an entry point lists the class; stored with the study."""

    @property
    def title(self) -> str:
        """What lists and reports call the data: `pets/`, `iris.csv`."""

    def files(self, find: Find) -> list[Path] | None:
        """Return the files that the data are read from; they are read again only if a size or time changes.

        An empty list says that there are none to watch: the data are read once for each study. None says that nothing
        at all tells whether the data are the same: they are read at every start.

        Raises:
            UserError: If they are not there.
        """

    def read(self, find: Find) -> RawDataset:
        """Read the data, both parts. Must not print, draw random numbers, or look at the test part.

        Raises:
            UserError: If they cannot be read. The message names the file, and the row or example.
        """


class NamedDataset(Protocol):
    """A data set that a study file calls by name, and that is read where its files lie."""

    @property
    def expected_files(self) -> str:
        """What a folder that holds it should have in it, in words."""

    def locate(self, folders: Sequence[Path], imports: Path | None) -> tuple[str, str] | None:
        """Look for the training part and hash it.

        Args:
            folders: Where to look, absolute, the first one first.
            imports: The folder of imported data, if a data set that has to be imported may be.

        Returns:
            The folder and the sha256; None if the data set is in none of the folders.

        Raises:
            UserError: If its files are there but damaged.
        """

    def download(self, folder: Path) -> None:
        """Download the data set into a folder. May raise any exception."""

    def check(self, folder: Path, sha256: str, split: SplitName) -> None:
        """Raise UserError if the files of a part are not there. Reads none of them."""

    def read(self, folder: Path, sha256: str, part: Part) -> "tuple[Inputs, Labels, tuple[str, ...]]":
        """Return inputs, labels and classes of one part, after `test_part.allowed_split(part, sha256)` has allowed it.

        Raises:
            UserError: If its files are gone, damaged, or not those that were located.
            RuntimeError: If the test part is asked for without the ledger's signature.
        """
