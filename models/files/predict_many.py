"""A model's answers for a table's rows or a folder's pictures, as rows of a CSV file.

Knows neither studies nor databases.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from models.datasets.readers.csv_table import read_columns
from models.errors import UserError
from models.files.loaded_model import LoadedModel

PICTURES = (".png", ".jpg", ".jpeg")


def answer_table(model: LoadedModel, table: Path) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and the rows: those of the table, with the model's answers behind them.

    Raises:
        UserError: The file is no table that the model can read.
    """
    columns = read_columns(table)
    if not model.columns:
        raise UserError("the model was not trained on a table with named columns", "give it pictures, with --folder")
    return _with_answers(model, list(columns), list(zip(*columns.values(), strict=True)), columns)


def answer_folder(model: LoadedModel, folder: Path) -> tuple[list[str], list[list[str]]]:
    """Return the same for the PNG and JPEG files of a folder and of those in it, by their paths below it.

    Raises:
        UserError: There are none, one cannot be read, or the model does not take pictures.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in PICTURES)
    if not files:
        raise UserError(f"there is no picture in {folder}", "name a folder with PNG or JPEG files")
    return _with_answers(model, ["file"], [[file.relative_to(folder).as_posix()] for file in files], files)


def _with_answers(
    model: LoadedModel, names: list[str], rows: Sequence[Sequence[str]], data: object
) -> tuple[list[str], list[list[str]]]:
    added = ["predicted"]
    if model.classes:
        added += ["probability", *(f"probability_{name}" for name in model.classes)]
    if taken := [name for name in names if name in added]:
        raise UserError(f"the table has a column {taken[0]!r} already", "rename it: the answer goes there")
    if not model.classes:
        return names + added, [[*row, f"{number:.7g}"] for row, number in zip(rows, model.predict(data), strict=True)]
    answers = []
    for chances in model.predict_proba(data):
        best = int(chances.argmax())
        answers.append([model.classes[best], *(f"{chance:.6f}" for chance in (chances[best], *chances))])
    return names + added, [[*row, *answer] for row, answer in zip(rows, answers, strict=True)]


def write_rows(names: Sequence[str], rows: Sequence[Sequence[str]], file: Path | None) -> None:
    """Write a CSV file, or to standard output.

    Raises:
        UserError: The file cannot be written.
    """
    if file is None:
        csv.writer(sys.stdout, lineterminator="\n").writerows([names, *rows])
        return
    try:
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows([names, *rows])
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}", "choose another with --out") from None
