"""Reads CSV files of features and what is to be predicted; whatever is wrong is reported with its row and column.

Python's own csv module splits the cells, because pandas.read_csv fills short rows, takes the first column for an index
where all rows are one cell too long, and renames a second column of the same name, all without a word.

Shapes: N rows, F features.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.base import RawDataset
from models.datasets.dataset_config import Table
from models.datasets.readers.dates import day_of, parts_of, to_part
from models.errors import UserError

MAX_TEXTS = 64  # different texts in one feature; a column with more is an identity or free text
MISSING = {"", "na", "n/a", "nan", "null", "none", "?"}  # what people write where a number is missing
SEPARATORS = ",;\t"
FILL = 'fill what is missing, or let Table(missing="median") or "category" do so'

Columns = dict[str, list[str]]  # cells by the name of their column


def read_table(config: Table, train: Path, test: Path | None = None) -> RawDataset:
    """Read the file of training rows, and that of test rows if there is one.

    Raises:
        UserError: If a file is no such table. The message names the file, the column and the row.
    """
    tables = {path: read_columns(path) for path in (train, test) if path is not None}
    first = tables[train]
    for name in (config.predicted, *config.leave_out):
        if name not in first:
            raise UserError(f"{train} has no column {name!r}", f"it has {shorten(list(first))}")
    features = [name for name in first if name not in (config.predicted, *config.leave_out)]
    if not features:
        raise UserError(f"{train} has no column besides its label", "features are the other columns; add some")
    for path, table in tables.items():
        if missing := [name for name in (config.predicted, *features) if name not in table]:
            raise UserError(f"{path} has no column {missing[0]!r}, which {train} has", "give both the same columns")
        if empty := [row for row, cell in enumerate(table[config.predicted]) if not cell.strip()]:
            what = f"the {'target' if config.target else 'label'} {config.predicted!r}"
            raise UserError(f"{path}, row {empty[0] + 2}: {what} is empty", "fill it, or drop the row")
    unreadable: dict[str, UserError] = {}  # by column, so that all are told at once
    names: list[str] = []  # of the features
    fills = config.missing is not None
    columns_of: dict[Path, list[NDArray[np.float32]]] = {path: [] for path in tables}
    for name in features:
        try:
            texts = _categories(train, name, first[name], fills=fills)
            parts_of_date = parts_of([day_of(cell) for cell in first[name]]) if has_dates(first[name]) else ()
            has_missing = config.missing == "category" and any(is_missing(cell, texts) for cell in first[name])
            names += (
                [f"{name}@{part}" for part in parts_of_date] or [f"{name}={text}" for text in texts or ()] or [name]
            )
            names += [f"{name}="] * has_missing
            for path, table in tables.items():
                if parts_of_date:
                    days = _days(path, name, table[name], fills=fills)
                    columns_of[path] += [to_part(days, part) for part in parts_of_date]
                else:
                    columns_of[path].append(_to_columns(path, name, table[name], texts, fills=fills))
                if has_missing:
                    columns_of[path].append(_missing(table[name], texts))
        except UserError as error:
            unreadable[name] = error
    if unreadable:
        raise _all_at_once(unreadable)
    parts = []
    for path, table in tables.items():
        columns = columns_of[path]
        parts.append((np.hstack(columns), np.array([cell.strip() for cell in table[config.predicted]])))  # (N, F), (N,)
    test_part = parts[1] if len(parts) > 1 else None
    return RawDataset(
        parts[0], test_part, columns=tuple(names), target=config.target, fills=fills, positive=config.positive
    )


def to_features(
    table: Mapping[str, Sequence[Any]], columns: Sequence[str], *, fills: bool = False
) -> NDArray[np.float32]:
    """Return rows as a model was trained on them, (N, F).

    Args:
        table: The cells of each column by its name, as texts or numbers; columns beyond those needed may be there.
        columns: The F features, as `RawDataset.columns` names them: `width`, `colour=red` for a text of a column,
            `opened@days` for a part of a date, or `width=` for whether it is missing.
        fills: Whether values may be missing: a number is NaN then.

    Raises:
        UserError: A column is missing, or a cell of one is no number.
    """
    features = []
    for feature in columns:
        name = feature if feature in table else _column_of(feature, table)
        cells = ["" if cell is None or cell != cell else str(cell) for cell in table[name]]  # NaN is not itself
        text = None if name == feature else feature[len(name) + 1 :]
        if text == "":
            of_texts = name not in columns and f"{name}@days" not in columns
            features.append(_missing(cells, [] if of_texts else None))
            continue
        if text is not None and feature[len(name)] == "@":
            features.append(to_part(_days(Path("the table"), name, cells, fills=fills), text))
            continue
        features.append(_to_columns(Path("the table"), name, cells, None if text is None else [text], fills=fills))
    return np.hstack(features)


def _column_of(feature: str, table: Mapping[str, Sequence[Any]]) -> str:
    """Return `colour` of `colour=red` or `colour@days`; either may hold more of these signs."""
    names = [feature[:place] for place, sign in enumerate(feature) if sign in "=@"]
    name = next((name for name in names if name in table), None)
    if name is None:
        raise UserError(f"the table has no column {(names or [feature])[0]!r}", f"it has {shorten(list(table))}")
    return name


def read_columns(path: Path) -> Columns:
    """Read a CSV file; returns the cells of each column.

    Raises:
        UserError: It is no CSV file, or its rows have different lengths.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            head = file.readline()
            file.seek(0)
            separator = max(SEPARATORS, key=head.count)
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
    return {name: list(cells) for name, cells in zip(names, zip(*rows[1:], strict=True), strict=True)}


def to_number(cell: str) -> float | None:
    """Return what a cell says; None if it is no number."""
    try:
        return float(cell)
    except ValueError:
        return None


def is_missing(cell: str, texts: Sequence[str] | None) -> bool:
    """Return whether a cell is missing: an empty one, and among numbers what people write for that."""
    stripped = cell.strip()
    return not stripped if texts is not None else stripped.lower() in MISSING


def _missing(cells: Sequence[str], texts: Sequence[str] | None) -> NDArray[np.float32]:
    """Return 1 where a cell is missing, (N, 1)."""
    return np.array([[is_missing(cell, texts)] for cell in cells], np.float32)


def _categories(path: Path, name: str, cells: Sequence[str], *, fills: bool) -> list[str] | None:
    """Return the different texts of a column, sorted; None if it is a column of numbers or dates."""
    if fills and not any(cell.strip() for cell in cells):
        raise UserError(f"{path}: the column {name!r} has no value", f"leave it out with leave_out=({name!r},)")
    if not has_texts(cells):
        return None  # then a cell that is none is an error
    texts = sorted({cell.strip() for cell in cells} - ({""} if fills else set()))
    if len(texts) > MAX_TEXTS:
        raise UserError(
            f"{path}: the column {name!r} has {len(texts)} different texts, which is no category",
            f"write dates as 2024-03-15; leave others out with leave_out=({name!r},), or put them into fewer than "
            f"{MAX_TEXTS + 1} groups",
        )
    return texts


def has_texts(cells: Sequence[str]) -> bool:
    """Return whether a column is of texts: its values are no dates, and none of them is a number."""
    return not has_dates(cells) and all(to_number(cell) is None for cell in cells)


def has_dates(cells: Sequence[str]) -> bool:
    """Return whether a column is of dates: its first value is one."""
    return day_of(next((cell for cell in cells if cell.strip().lower() not in MISSING), "")) is not None


def _days(path: Path, name: str, cells: Sequence[str], *, fills: bool) -> list[float | None]:
    """Return the days from 1970 to each date; None where it is missing."""
    days = [day_of(cell) for cell in cells]
    for row, (cell, day) in enumerate(zip(cells, days, strict=True)):
        if day is None and not (fills and is_missing(cell, None)):
            raise _not_a_number(path, name, row, cell, "date like 2024-03-15")
    return days


def _to_columns(
    path: Path, name: str, cells: Sequence[str], texts: list[str] | None, *, fills: bool
) -> NDArray[np.float32]:
    """Return a column of numbers, (N, 1), or one of 0 and 1 for each text, (N, texts).

    A text that only the test file has is 0 in all of them, and so is a missing one; a missing number is NaN.
    """
    if texts is not None:
        stripped = [cell.strip() for cell in cells]
        if "" in stripped and not fills:
            raise _not_a_number(path, name, stripped.index(""), "")
        return np.asarray(np.array(stripped)[:, np.newaxis] == np.array(texts), np.float32)
    missing = np.array([fills and is_missing(cell, None) for cell in cells])
    numbers = [to_number(cell) for cell in cells]
    with np.errstate(over="ignore"):
        column = np.array([np.nan if number is None else number for number in numbers], np.float64).astype(np.float32)
    if unfit := np.flatnonzero(~np.isfinite(column) & ~missing).tolist():
        raise _not_a_number(path, name, unfit[0], cells[unfit[0]])
    return column[:, np.newaxis]


def _not_a_number(path: Path, name: str, row: int, cell: str, wanted: str = "number") -> UserError:
    what = "is empty" if cell.strip().lower() in MISSING else f"is {cell!r}, which is no {wanted}"
    return UserError(
        f"{path}, row {row + 2}: {name!r} {what}",  # row 1 has the names
        f"{FILL}, drop the row, or leave the column out with leave_out=({name!r},)",
    )


def _all_at_once(unreadable: Mapping[str, UserError]) -> UserError:
    """Return what is wrong with the first column, and the names of the others with which something is wrong."""
    names, error = list(unreadable), next(iter(unreadable.values()))
    if len(names) == 1:
        return error
    return UserError(
        f"{error.what}; nor can {shorten(list(map(repr, names[1:])))} be read",
        f"{FILL}, drop such rows, or leave the columns out with leave_out={tuple(names)!r}",
    )


def shorten(names: Sequence[str]) -> str:
    """Return names as a list, the first dozen of many."""
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
