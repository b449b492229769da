"""`--list`: the study files at hand, and what the database knows of each study. Called by run.py.

Files are read and not run: what a file does is done when it is searched, not when it is listed. So of a study that was
never searched one is told what its `study = Study(...)` says plainly.
"""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from search.cli.eta import planned
from search.cli.progress import duration
from search.config import study_files as catalog
from search.config.study import Study
from search.record.database import Absent
from search.record.store import Store

GIVE_WAY = ("about", "seen", "family", "data", "state")  # columns, in the order in which a narrow terminal drops them
ABOUT = 20  # characters that `about` needs at least
WIDE = 200  # characters of a line where none are drawn on a screen
LARGEST = 1 << 20  # bytes of a file that is looked into


@dataclass(frozen=True)
class Row:
    """One study of the list, as it is shown: the fields are the columns."""

    study: str
    data: str = ""
    family: str = ""
    trials: str = ""
    best: str = ""
    state: str = "new"
    seen: str = ""
    about: str = ""


def show(storage: str, console: Console) -> None:
    """Print the list, in columns that fit."""
    rows = list(listed(storage))
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(file=console.file, width=WIDE, highlight=False)
    console.print(_table(rows, console.width), soft_wrap=False)


def listed(storage: str) -> Iterator[Row]:
    """The studies at hand, those of the current folder, and those that only the database has."""
    try:
        store = Store(storage, create=False)
    except Absent:
        store = None  # nothing has been searched yet
    recorded = set(store.names()) if store else set()
    files = catalog.files()
    here = {path.stem: path for path in sorted(Path.cwd().glob("[!_.]*.py")) if path.stem not in files}
    for name, path in {**files, **here}.items():
        if store and name in recorded:
            yield _of_record(store, name)
        elif (said := _said(path)) is not None:
            yield _of_file(name if name in files else path.name, said)
    for name in sorted(recorded - files.keys() - here.keys()):
        assert store is not None
        yield _of_record(store, name)


# --- what the database knows ------------------------------------------------------------------------------------------


def _of_record(store: Store, name: str) -> Row:
    record = store.find(name)
    if record is None:
        return Row(name, state="gone")  # between two looks into the database
    study, rows = record.study, record.trials()
    over = [row for row in rows if row.state != "running"]
    values = [row.value for row in over if row.state == "complete" and row.value is not None]
    owner = record.owner()
    finished = len(over) >= planned(study) and len(over) == len(rows)
    times = [time for row in rows for time in (row.started, row.finished) if time is not None]
    return Row(
        study=name,
        data=study.dataset,
        family=study.family.label,
        trials=f"{len(over)} of {planned(study)}",
        best=f"{max(values):.4f}" if values else "",
        state="running" if owner else "finished" if finished else "paused",
        seen="now" if owner else f"{duration((store.clock() - max(times)).total_seconds())} ago" if times else "",
        about=study.about,
    )


# --- what a file says -------------------------------------------------------------------------------------------------


def _said(path: Path) -> dict[str, ast.expr] | str | None:
    """What the file's `study = Study(...)` says, by keyword; why it cannot be read; None where it has no study."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        tree = ast.parse(path.read_bytes())
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (OSError, ValueError) as error:  # not to be read, or not text
        return str(error)
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="study")], value=ast.Call(func=ast.Name(id="Study")) as call):
                return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return None


def _of_file(name: str, said: dict[str, ast.expr] | str) -> Row:
    if isinstance(said, str):
        return Row(name, state="broken", about=said)
    trials = _plainly(said.get("trials"), Study.model_fields["trials"].default)
    return Row(
        study=name,
        data=_plainly(said.get("data"), Study.model_fields["data"].default),
        family=_plainly(said.get("family"), ""),
        trials=f"0 of {trials}" if trials else "",
        about=_plainly(said.get("about"), ""),
    )


def _plainly(said: ast.expr | None, default: Any) -> str:
    """A value that a file spells out, `Mlp(...)` as mlp; what would have to be computed is left empty."""
    match said:
        case None:
            return str(default)
        case ast.Constant(value=value):
            return str(value)
        case ast.Call(func=ast.Name(id=word)):
            return word.lower()
        case ast.Name(id=word):
            return word
    return ""


# --- the table --------------------------------------------------------------------------------------------------------


def _table(rows: list[Row], width: int) -> Table:
    """All columns that fit, side by side."""
    columns = [field.name for field in fields(Row)]
    needed = {name: max(len(name), *(len(getattr(row, name)) for row in rows)) for name in columns}
    needed["about"] = min(needed["about"], ABOUT)

    def room() -> int:
        return width - sum(needed[it] + 2 for it in columns) + 2

    for name in GIVE_WAY:
        if room() < 0:
            columns.remove(name)
    # What is left over is for the remarks; what is still missing, the names give.
    needed["about" if "about" in columns else "study"] += room() if "about" in columns else min(0, room())
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    for name in columns:
        justify: Literal["left", "right"] = "right" if name == "trials" else "left"
        table.add_column(name, no_wrap=True, overflow="ellipsis", justify=justify, width=max(1, needed[name]))
    for row in rows:
        style = {"broken": "red", "running": "green"}.get(row.state)
        table.add_row(*(escape(getattr(row, name)) for name in columns), style=style)
    return table
