"""Looks through a CSV file for what a study of it has to say: rows, rare classes, and columns that are no features.

Knows the cells and no study.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.datasets.readers.csv_table import MAX_TEXTS, has_texts, is_missing, read_columns, shorten, to_number
from models.errors import UserError

FEW = 8  # rows: so many whole numbers one after the other may be a measurement


@dataclass(frozen=True)
class TableSurvey:
    """What a CSV file holds.

    Attributes:
        predicted: The column to predict.
        rows: How many rows have a value in the column to predict.
        classes: The different values of that column, each with its number of rows, the commonest first.
        leave_out: Columns that are no features, each with the reason.
        missing: Columns with missing values, those that are left out aside.
    """

    predicted: str
    rows: int
    classes: dict[str, int]
    leave_out: dict[str, str]
    missing: tuple[str, ...]


def survey(path: Path, predicted: str | None) -> TableSurvey:
    """Look through a CSV file.

    Args:
        path: The file.
        predicted: The column to predict; None, where nobody has said which one, is refused with the names of all.

    Raises:
        UserError: It is no CSV file, or it has no such column.

    Example:
        >>> survey(Path("stones.csv"), "kind").leave_out  # doctest: +SKIP
        {'id': 'it counts the rows'}
    """
    columns = read_columns(path)
    if predicted not in columns:
        what = "the column to predict is not named" if predicted is None else f"{path} has no column {predicted!r}"
        raise UserError(
            what, f"name it with --label if it has classes, with --target if it has numbers: {shorten(list(columns))}"
        )
    others = {name: cells for name, cells in columns.items() if name != predicted}
    reasons = {name: _why_no_feature(cells) for name, cells in others.items()}
    leave_out = {name: reason for name, reason in reasons.items() if reason}
    missing = tuple(name for name, cells in others.items() if name not in leave_out and _has_missing(cells))
    told = Counter(cell.strip() for cell in columns[predicted] if cell.strip())
    return TableSurvey(predicted, told.total(), dict(told.most_common()), leave_out, missing)


def _why_no_feature(cells: Sequence[str]) -> str:
    """Return why a column cannot be a feature, or should not; nothing where it can."""
    values = [cell.strip() for cell in cells if cell.strip()]
    if not values:
        return "it is empty"
    numbers = [to_number(value) for value in values]
    first = numbers[0]
    if first is not None and len(numbers) > FEW and numbers == [first + place for place in range(len(numbers))]:
        return "it counts the rows"
    texts = len(set(values)) if has_texts(cells) else 0
    return f"it has {texts} different texts" if texts > MAX_TEXTS else ""


def _has_missing(cells: Sequence[str]) -> bool:
    texts: list[str] | None = [] if has_texts(cells) else None
    return any(is_missing(cell, texts) for cell in cells)
