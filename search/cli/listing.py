"""`--list`: the study files at hand, and what the database knows of each study.

Files are read, never run: what a file does is done when it is searched. So of a study that was never searched, the list
shows what its `study = Study(...)` spells out.
"""

import ast
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.metrics.registry import metric_text
from search.cli.wording import duration
from search.cli.work import planned_trials
from search.config import study_files
from search.config.study import Study
from search.objective import front_of
from search.record.database import Absent
from search.record.store import Store
from search.trial import TrialRow

GIVE_WAY = ("about", "seen", "family", "data", "state")  # columns, in the order in which a narrow terminal drops them
ABOUT = 20  # characters that `about` needs at least
WIDE = 200  # characters of a line in a file
LARGEST = 1 << 20  # bytes of a file that is looked into


@dataclass(frozen=True)
class Row:
    """One study of the list; the fields are the keys of `--json`.

    Args:
        study: Its name; with `.py` where it is a file that was never searched and is in no folder of studies.
        data: The data set.
        family: The family of models.
        done: Trials that have ended.
        trials: Trials in all; None where the file computes their number.
        best: The best value of the objective.
        metric: The objective's.
        state: new, running, paused, finished, or broken.
        seconds_ago: Since the last trial began or ended; 0 while it runs.
        about: A line about it, or what is wrong with its file.
        front: Of two objectives, how many trials are on the front; `best` is by the first.
    """

    study: str
    data: str = ""
    family: str = ""
    done: int = 0
    trials: int | None = None
    best: float | None = None
    metric: str = "accuracy"
    state: str = "new"
    seconds_ago: float | None = None
    about: str = ""
    front: int | None = None

    def cells(self) -> dict[str, str]:
        """Return the columns of the table."""
        seen = "" if self.seconds_ago is None else f"{duration(self.seconds_ago)} ago"
        best = "" if self.best is None else metric_text(self.metric, self.best)
        return {
            "study": self.study,
            "data": self.data,
            "family": self.family,
            "trials": "" if self.trials is None else f"{self.done} of {self.trials}",
            "best": f"{best}, front {self.front}" if self.front else best,
            "state": self.state,
            "seen": "now" if self.state == "running" else seen,
            "about": self.about,
        }


def show(storage: str, console: Console) -> None:
    """Print the list, in columns that fit."""
    rows = list(study_rows(storage))
    if console.is_terminal or "COLUMNS" in os.environ:
        console.print(_table(rows, console.width), soft_wrap=False)
        return
    wide = Console(file=io.StringIO(), width=WIDE, highlight=False)
    wide.print(_table(rows, WIDE), soft_wrap=False)
    for line in wide.file.getvalue().splitlines():  # type: ignore[attr-defined]
        console.print(line.rstrip(), markup=False)  # a pipe wants no spaces behind


def study_rows(storage: str) -> Iterator[Row]:
    """Yield the built-in studies, those of the current folder, and those that only the database has."""
    try:
        store = Store(storage, create=False)
    except Absent:
        store = None  # nothing has been searched yet
    recorded = set(store.names()) if store else set()
    files = study_files.files()
    here = {path.stem: path for path in sorted(Path.cwd().glob("[!_.]*.py")) if path.stem not in files}
    for name, path in {**files, **here}.items():
        if store and name in recorded:
            yield recorded_row(store, name)
        elif (keywords := _study_keywords(path)) is not None:
            yield _file_row(name if name in files else path.name, keywords)
    for name in sorted(recorded - files.keys() - here.keys()):
        assert store is not None
        yield recorded_row(store, name)


def recorded_row(store: Store, name: str) -> Row:
    """Return what the database knows of a study."""
    record = store.find(name)
    if record is None:
        return Row(name, state="gone")  # between two looks into the database
    study, rows = record.study, record.trials()
    planned, ended, finished = how_far(study, rows)
    values = [row.value for row in ended if row.state == "complete" and row.value is not None]
    owner = record.owner()
    times = [time for row in rows for time in (row.started, row.finished) if time is not None]
    return Row(
        study=name,
        data=study.dataset,
        family=study.family.label,
        done=len(ended),
        trials=planned,
        best=min(values, key=study.objective.cost) if values else None,
        metric=study.objective.metric,
        state="running" if owner else "finished" if finished else "paused",
        seconds_ago=0.0 if owner else (store.clock() - max(times)).total_seconds() if times else None,
        about=study.about,
        front=len(front_of(rows, study.objective)) if study.objective.beside else None,
    )


def how_far(study: Study, rows: Sequence[TrialRow]) -> tuple[int, list[TrialRow], bool]:
    """Return how many trials there will be, those that have ended, and whether the search is finished."""
    own = [row for row in rows if row.is_planned or not row.is_foreign]
    ended = [row for row in own if row.state != "running"]
    planned = planned_trials(study) + sum(row.suggested for row in rows)
    enough = len(ended) >= planned or study.sampler.exhausted_reason(study, rows)
    return planned, ended, bool(enough) and len(ended) == len(own)


def _study_keywords(path: Path) -> dict[str, ast.expr] | str | None:
    """Return the keywords of a file's `study = Study(...)`, why they cannot be read, or None without a study."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:  # a device or a pipe could be read for ever
            return None
        tree = ast.parse(path.read_bytes())
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (OSError, ValueError) as error:  # unreadable, or not text
        return str(error)
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="study")], value=ast.Call(func=ast.Name(id="Study")) as call):
                return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return None


def _file_row(name: str, keywords: dict[str, ast.expr] | str) -> Row:
    if isinstance(keywords, str):
        return Row(name, state="broken", about=keywords)
    trials = _literal(keywords.get("trials"), Study.model_fields["trials"].default)
    return Row(
        study=name,
        data=_literal(keywords.get("data"), Study.model_fields["data"].default),
        family=_literal(keywords.get("family"), ""),
        trials=int(trials) if trials.isdigit() else None,
        about=_literal(keywords.get("about"), ""),
    )


def _literal(node: ast.expr | None, default: Any) -> str:
    """Return a value that a file spells out, `Mlp(...)` as mlp; "" for what would have to be computed."""
    match node:
        case None:
            return str(default)
        case ast.Constant(value=value):
            return str(value)
        case ast.Call(func=ast.Name(id=name)):
            return name.lower()
        case ast.Name(id=name):
            return name
    return ""


def _table(rows: list[Row], width: int) -> Table:
    cells = [row.cells() for row in rows]
    columns = list(Row("").cells())
    needed = {name: max(len(name), *(len(row[name]) for row in cells)) for name in columns}
    needed["about"] = min(needed["about"], ABOUT)

    def room() -> int:
        return width - sum(needed[name] + 2 for name in columns) + 2

    for name in GIVE_WAY:
        if room() < 0:
            columns.remove(name)
    # Room that is left over is for `about`; room that is still missing is taken from the names.
    needed["about" if "about" in columns else "study"] += room() if "about" in columns else min(0, room())
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    for name in columns:
        justify: Literal["left", "right"] = "right" if name == "trials" else "left"
        table.add_column(name, no_wrap=True, overflow="ellipsis", justify=justify, width=max(1, needed[name]))
    for row in cells:
        style = {"broken": "red", "running": "green"}.get(row["state"])
        table.add_row(*(escape(row[name]) for name in columns), style=style)
    return table
