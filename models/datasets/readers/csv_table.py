"""CSV files of features and a label: read cell by cell, so that what is no number is told by its row and column.

Called by gathering.py. Knows numpy and Python's own csv reader alone.

Shapes: N rows, F features.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset_config import Table
from models.errors import UserError

MOST_TEXTS = 64  # different texts in one feature; with more of them it is an identity or a free text
_ABSENT = {"", "na", "n/a", "nan", "null", "none", "?"}  # what people write where a number is missing
_SEPARATORS = ",;\t"

Columns = dict[str, list[str]]  # cells by the name of their column


def read_table(
    word: Table, train: Path, test: Path | None
) -> tuple[list[tuple[NDArray[np.float32], list[str]]], list[str]]:
    """Return inputs (N, F) and labels of the training and, if there is one, of the test file; and the features' names.

    Raises UserError for whatever keeps a file from being such a table.
    """
    paths = [path for path in (train, test) if path is not None]
    tables = [_columns(path) for path in paths]
    first = tables[0]
    for asked in (word.label, *word.leave_out):
        if asked not in first:
            raise UserError(f"{train} has no column {asked!r}", f"it has {_some(list(first))}")
    features = [name for name in first if name not in (word.label, *word.leave_out)]
    if not features:
        raise UserError(f"{train} has no column besides its label", "features are the other columns; add some")
    for path, table in zip(paths, tables, strict=True):
        if missing := [name for name in (word.label, *features) if name not in table]:
            raise UserError(f"{path} has no column {missing[0]!r}, which {train} has", "give both the same columns")
        if empty := [row for row, cell in enumerate(table[word.label]) if not cell.strip()]:
            raise UserError(
                f"{path}, row {empty[0] + 2}: the label {word.label!r} is empty", "fill it, or drop the row"
            )
    names: list[str] = []
    made: list[list[NDArray[np.float32]]] = [[] for _ in tables]
    for feature in features:
        texts = _texts(train, feature, first[feature])
        names += [feature] if texts is None else [f"{feature}={text}" for text in texts]
        for path, table, into in zip(paths, tables, made, strict=True):
            cells = table[feature]
            into.append(_numbers(path, feature, cells) if texts is None else _hot(path, feature, cells, texts))
    labels = [[cell.strip() for cell in table[word.label]] for table in tables]
    return [(np.hstack(into), told) for into, told in zip(made, labels, strict=True)], names


def _columns(path: Path) -> Columns:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            head = file.readline()
            file.seek(0)
            separator = max(_SEPARATORS, key=head.count)
            rows = [row for row in csv.reader(file, delimiter=separator, strict=True) if row]
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "check that it is a file you may read") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is no CSV file in UTF-8: {error}", "save it as CSV in UTF-8") from None
    if len(rows) < 2:
        raise UserError(f"{path} has no rows", "it should have a line of column names, and a line for each example")
    names = [name.strip() for name in rows[0]]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{path} has two columns {twice!r}", "give each a name of its own in its first line")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise UserError(f"{path}, row {number}: {len(row)} cells for {len(names)} columns", "correct the row")
    return {name: [row[place] for row in rows[1:]] for place, name in enumerate(names)}


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _texts(path: Path, feature: str, cells: Sequence[str]) -> list[str] | None:
    """The different texts of a feature, sorted; None where it is one of numbers."""
    if any(_number(cell) is not None for cell in cells):
        return None  # and whatever is no number in it is an error
    texts = sorted({cell.strip() for cell in cells})
    if len(texts) > MOST_TEXTS:
        raise UserError(
            f"{path}: the column {feature!r} has {len(texts)} different texts, which is no category",
            f"leave it out with leave_out=({feature!r},), or put it into fewer than {MOST_TEXTS + 1} groups",
        )
    return texts


def _numbers(path: Path, feature: str, cells: Sequence[str]) -> NDArray[np.float32]:
    """One column of numbers, (N, 1)."""
    found = [_number(cell) for cell in cells]
    with np.errstate(over="ignore"):
        column = np.array([np.nan if it is None else it for it in found], np.float64).astype(np.float32)
    if not np.isfinite(column).all():
        row = int(np.flatnonzero(~np.isfinite(column))[0])
        raise _no_number(path, feature, row, cells[row])
    return column[:, np.newaxis]


def _hot(path: Path, feature: str, cells: Sequence[str], texts: list[str]) -> NDArray[np.float32]:
    """One column of 0 and 1 for each text, (N, texts); a text that only a test file has is 0 in all of them."""
    for row, cell in enumerate(cells):
        if not cell.strip():
            raise _no_number(path, feature, row, cell)
    told = np.array([cell.strip() for cell in cells])
    return np.asarray(told[:, np.newaxis] == np.array(texts), np.float32)


def _no_number(path: Path, feature: str, row: int, cell: str) -> UserError:
    what = "is empty" if cell.strip().lower() in _ABSENT else f"is {cell!r}, which is no number"
    return UserError(
        f"{path}, row {row + 2}: {feature!r} {what}",  # the first line has the names
        f"fill it, drop the row, or leave the column out with leave_out=({feature!r},)",
    )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
