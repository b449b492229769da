"""Where a study's own data come from: the words that a study file says instead of a data set's name.

`data=Folder("pets")`, `data=Npz("digits.npz")`, `data=Table("iris.csv", label="species")`, or `data=function`, which
becomes an `CallableDataset`. Plain frozen data: reading a study file costs no torch and opens nothing. importing.py reads what
these words point to, once, in the process that leads the search.
"""

import inspect
import sys
from collections.abc import Callable
from dataclasses import KW_ONLY
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, PrivateAttr
from pydantic.dataclasses import dataclass

from models.config.base import FrozenConfig
from models.families.custom.source_code import definition, digest

_WORD = ConfigDict(extra="forbid")

Side = Annotated[int, Field(ge=1, le=4096)]  # pixels

# --- own data: where they come from -----------------------------------------------------------------------------------
#
# Inputs are pictures, (N, C, H, W), (N, H, W, C) or (N, H, W), of bytes or of numbers from 0 to 1; or a table, (N,
# features). Labels are numbers or texts, one for each input. Where no test part is given, one is held out by the
# study's seed. Paths are looked for in the current folder and beside the study file. The data are imported once, and
# kept beside the database.


@dataclass(frozen=True, config=_WORD)
class Folder:
    """Pictures in a folder for each class, as torchvision's ImageFolder has them: `pets/cat/1.png`, `pets/dog/7.jpg`.

    If there are `train` and `test` in it, each holds folders of classes; pictures in a `val` beside them join the
    training part, of which a study holds out its own. Grey pictures stay grey where all are; one in colour makes all
    of them colour. Pictures of different sizes are resized with `size=(height, width)`, in pixels, and else refused.
    """

    path: Path
    _: KW_ONLY
    size: tuple[Side, Side] | None = Field(default=None, kw_only=True)
    kind: Literal["folder"] = "folder"

    @property
    def title(self) -> str:
        """What the data are called: `pets/`."""
        return f"{self.path.name or 'folder'}/"


@dataclass(frozen=True, config=_WORD)
class Npz:
    """Arrays in one file of numpy's: `x` and `y`, or `x_train`, `y_train`, `x_test`, `y_test`.

    For x also inputs, images, features or data, for y also labels, label or targets; the part before or after it.
    What belongs to `val` joins the training part. The arrays are taken as those of a function are.
    """

    path: Path
    _: KW_ONLY
    kind: Literal["npz"] = "npz"

    @property
    def title(self) -> str:
        """What the data are called: `digits.npz`."""
        return f"{self.path.stem}.npz"


@dataclass(frozen=True, config=_WORD)
class Table:
    """A CSV file with a line of column names, one of them the label; every other column is a feature.

    Numbers are taken as they are, texts as one column of 0 and 1 for each text that occurs in the file. Cells may not
    be empty. `leave_out` names columns that are no features. `test` is a file of its own, with the same columns.
    """

    path: Path
    _: KW_ONLY
    label: str = Field(kw_only=True)  # the column that is to be told
    test: Path | None = Field(default=None, kw_only=True)
    leave_out: tuple[str, ...] = Field(default=(), kw_only=True)
    kind: Literal["table"] = "table"

    @property
    def title(self) -> str:
        """What the data are called: `iris.csv`."""
        return f"{self.path.stem}.csv"


class CallableDataset(FrozenConfig):
    """A function of the study file, which returns the data when it is called without arguments.

    They are `(inputs, labels)`, `(inputs, labels, test inputs, test labels)`, a torch Dataset, or a pair of such: the
    training part and the test part.
    The function itself is at hand only where the study file was run: in the process that leads the search. A record
    keeps its name, and the hash of what it is made of.
    """

    attribute: str
    file: str
    source_sha256: str  # of what the function is made of; "" where that is not known, as in a notebook
    kind: Literal["function"] = "function"
    _function: Callable[[], object] | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, function: Callable[..., object]) -> Self:
        """The word for a function. Raises ValueError where it wants arguments."""
        name = getattr(function, "__name__", type(function).__name__)
        try:
            inspect.signature(function).bind()
        except TypeError as error:
            raise ValueError(
                f"data: {name} is called without arguments, and {error}; give each of them a default"
            ) from None
        except ValueError:  # something built in, which does not say what it takes
            pass
        file = _file(function)
        word = cls(attribute=name, file=file, source_sha256=_digest(file, name))
        word._function = function
        return word

    @property
    def function(self) -> Callable[[], object] | None:
        """The function, where the study file was run in this process."""
        return self._function

    @property
    def title(self) -> str:
        """What the data are called: `spirals()`."""
        return f"{self.attribute}()"


Origin = Folder | Npz | Table | CallableDataset  # data that are no named set


def _digest(file: str, name: str) -> str:
    """The hash of what a function is made of, as of an own model; "" where its file does not tell."""
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
        return digest(definition(text, name), Path(file).parent)
    except (OSError, ValueError, SyntaxError):
        return ""


def _file(function: Callable[..., object]) -> str:
    code = getattr(function, "__code__", None)
    if code is not None:
        return str(code.co_filename)
    return str(getattr(sys.modules.get(getattr(function, "__module__", "")), "__file__", "") or "")
