"""The built-in formats, as a study file writes them instead of a data set's name.

`data=Folder("pets")`, `data=Npz("digits.npz")`, `data=Table("iris.csv", label="species")`, or `data=function`, which
becomes a `CallableDataset`. Plain frozen data: loading a study file opens nothing and imports neither torch nor numpy.
The readers of the folder `readers` do the reading.

Inputs are pictures, (N, C, H, W), (N, H, W, C) or (N, H, W), of bytes or of numbers from 0 to 1; or a table,
(N, features). Labels are numbers or texts, one for each input. If there is no test part, one is held out by the study's
seed. Paths are looked for in the current folder and beside the study file.
"""

import inspect
import sys
from collections.abc import Callable
from dataclasses import KW_ONLY
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, model_validator
from pydantic.dataclasses import dataclass

from models.config.base import STRICT, FrozenConfig
from models.config.task import TaskName
from models.datasets.base import Find, RawDataset
from models.source_code import definition, digest

Pixels = Annotated[int, Field(ge=1, le=4096)]
PositiveClass = Annotated[
    str,
    Field(
        coerce_numbers_to_str=True,
        description="of two classes the one that precision, recall, f1 and average precision are of; if it is left "
        "out, the last one, by number or by the alphabet",
    ),
]


@dataclass(frozen=True, config=STRICT)
class Folder:
    """Pictures in one folder for each class, as torchvision's ImageFolder: `pets/cat/1.png`, `pets/dog/7.jpg`.

    With the subfolders `train` and `test`, each of them holds folders of classes; pictures in a `val` beside them join
    the training part, from which a study holds out its own. If all pictures are grey they stay grey; one in colour
    makes all of them colour.
    """

    path: Path = Field(description="the folder")
    _: KW_ONLY
    size: tuple[Pixels, Pixels] | None = Field(
        default=None,
        kw_only=True,
        description="height and width in pixels that all pictures are resized to; None refuses pictures of other sizes",
    )
    positive: PositiveClass = Field(default="", kw_only=True)
    kind: Literal["folder"] = "folder"
    task: ClassVar[TaskName] = "classification"

    @property
    def title(self) -> str:
        """The name in lists and reports: `pets/`."""
        return f"{self.path.name or 'folder'}/"

    def files(self, find: Find) -> list[Path]:
        """Return every picture."""
        from models.datasets.readers.folder import list_pictures

        return [picture.file for picture in list_pictures(find(self.path))]

    def read(self, find: Find) -> RawDataset:
        """Read every picture."""
        from models.datasets.readers.folder import read_folder

        return read_folder(self, find(self.path))


@dataclass(frozen=True, config=STRICT)
class Npz:
    """Arrays in a file that `numpy.savez` has written: `x` and `y`, or `x_train`, `y_train`, `x_test`, `y_test`.

    Inputs may be called x, inputs, images, features or data, and labels y, labels, label or targets; the part comes
    before or after it. Arrays of a part `val` join the training part. Inputs may have the shapes that a function may
    return.
    """

    path: Path = Field(description="the .npz file")
    _: KW_ONLY
    kind: Literal["npz"] = "npz"

    @property
    def title(self) -> str:
        """The name in lists and reports: `digits.npz`."""
        return f"{self.path.stem}.npz"

    def files(self, find: Find) -> list[Path]:
        """Return the one file."""
        return [find(self.path)]

    def read(self, find: Find) -> RawDataset:
        """Read the arrays; never unpickles."""
        from models.datasets.readers.npz import read_npz

        return read_npz(find(self.path))


@dataclass(frozen=True, config=STRICT)
class Table:
    """A CSV file whose first line names the columns; one of them is to be predicted, every other one is a feature.

    A column of numbers is one feature. A column of texts becomes one feature of 0 and 1 for each different text in the
    file, a column of dates (`2024-03-15`, or with a time) the days since 1970 and where each lies in year, week and day
    (`opened@days`, `opened@year_sin`, ...). No cell may be empty, unless `missing` says what stands for it.
    """

    path: Path = Field(description="the CSV file, in UTF-8")
    _: KW_ONLY
    label: str = Field(default="", kw_only=True, description="the column to predict, of classes")
    target: str = Field(default="", kw_only=True, description="the column to predict, of numbers, in place of `label`")
    positive: PositiveClass = Field(default="", kw_only=True)
    test: Path | None = Field(default=None, kw_only=True, description="a file of test rows with the same columns")
    leave_out: tuple[str, ...] = Field(default=(), kw_only=True, description="columns that are not features")
    missing: Literal["median", "category"] | None = Field(
        default=None,
        kw_only=True,
        description='what stands for a missing value: "median", that of the column in the training part (and a missing '
        'text is none of the texts); "category", the same, and a feature more, `age=`, is 1 where a value of `age` is '
        "missing, for each column that has missing values; None refuses them",
    )
    kind: Literal["table"] = "table"

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.label) == bool(self.target):
            raise ValueError(
                f"{self.title} has {'both label= and target=' if self.label else 'neither label= nor target='}; "
                "name the column to predict: label= if it has classes, target= if it has numbers"
            )
        if self.target and self.positive:
            raise ValueError(
                f"{self.title} has positive= and target=; positive= names a class: give label=, or leave it"
            )
        return self

    @property
    def task(self) -> TaskName:
        """What the column to predict holds."""
        return "regression" if self.target else "classification"

    @property
    def predicted(self) -> str:
        """The column to predict."""
        return self.label or self.target

    @property
    def title(self) -> str:
        """The name in lists and reports: `iris.csv`."""
        return f"{self.path.stem}.csv"

    def files(self, find: Find) -> list[Path]:
        """Return the file of training rows, then that of test rows if there is one."""
        return [find(path) for path in (self.path, self.test) if path is not None]

    def read(self, find: Find) -> RawDataset:
        """Read the rows of both files."""
        from models.datasets.readers.csv_table import read_table

        return read_table(self, *self.files(find))


class CallableDataset(FrozenConfig):
    """A function of the study file that returns the data when it is called without arguments.

    It returns `(inputs, labels)`, `(inputs, labels, test inputs, test labels)`, a torch Dataset, or a pair of
    Datasets: the training part and the test part. Only a process that has run the study file can call it; a record
    keeps its name and the hash of its source.
    """

    attribute: str = Field(description="the function's name")
    file: str = Field(description="the file that defines it")
    source_sha256: str = Field(description='hash of its source; "" where that is not known, as in a notebook')
    kind: Literal["function"] = "function"
    _function: Callable[[], object] | None = PrivateAttr(default=None)

    @classmethod
    def from_function(cls, function: Callable[..., object]) -> Self:
        """Return the format that stands for a function.

        Raises:
            ValueError: If the function needs arguments.
        """
        name = getattr(function, "__name__", type(function).__name__)
        try:
            inspect.signature(function).bind()
        except TypeError as error:
            raise ValueError(
                f"data: {name} is called without arguments, and {error}; give each of them a default"
            ) from None
        except ValueError:  # a built-in function without a signature
            pass
        file = _file_of(function)
        config = cls(attribute=name, file=file, source_sha256=_source_sha256(file, name))
        config._function = function
        return config

    @property
    def function(self) -> Callable[[], object] | None:
        """The function; None in a process that has not run the study file."""
        return self._function

    @property
    def title(self) -> str:
        """The name in lists and reports: `spirals()`."""
        return f"{self.attribute}()"

    def files(self, find: Find) -> list[Path] | None:
        """Return no file: what the function reads is not known. None if its source is not known either."""
        return [] if self.source_sha256 else None

    def read(self, find: Find) -> RawDataset:
        """Call the function."""
        from models.datasets.readers.function import read_function

        return read_function(self)


def _source_sha256(file: str, name: str) -> str:
    """Hash the statements that a function needs; "" if its file cannot be read as Python."""
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
        return digest(definition(text, name), Path(file).parent)
    except (OSError, ValueError, SyntaxError):
        return ""


def _file_of(function: Callable[..., object]) -> str:
    code = getattr(function, "__code__", None)
    if code is not None:
        return str(code.co_filename)
    return str(getattr(sys.modules.get(getattr(function, "__module__", "")), "__file__", "") or "")
