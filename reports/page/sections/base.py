"""The door for sections of the page: what one is asked for, and the parts that it is made of.

A section must not query the record, train, or open a test set: it is given `ReportData`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import pandas as pd
from matplotlib.figure import Figure

from models.config.task import TaskName
from reports.page.data import ReportData

Chapter = Literal["finalists", "search", "winner"]


@dataclass(frozen=True)
class Drawing:
    """A figure on the page, and beside it as CSV, PNG and SVG."""

    key: str  # the stem of its files
    title: str
    alt: str  # what it shows, for those who cannot see it
    frame: pd.DataFrame  # the data that it shows: its CSV
    draw: Callable[[float], Figure]  # returns the figure at a width in inches
    caption: str = ""
    half: bool = False  # whether two stand side by side where there is room
    kind: ClassVar[str] = "drawing"


@dataclass(frozen=True)
class Gallery(Drawing):
    """Images that flow; beside the page they are one drawing."""

    images: Sequence[Mapping[Any, Any]] = ()  # address, alternative text and words of each
    kind: ClassVar[str] = "gallery"


@dataclass(frozen=True)
class Column:
    """A column of a table on the page."""

    label: str
    of: str  # the column of the frame
    show: Callable[[Any], str] = str  # writes a value
    title: str = ""  # what it means, where the label does not say it all

    def cell(self, value: Any) -> str:
        """Return what stands in a cell; nothing where nothing is known."""
        return "" if pd.isna(value) else self.show(value)


@dataclass(frozen=True)
class Table:
    """A table that sorts by any of its columns."""

    label: str  # what it is called for those who cannot see it
    columns: Sequence[Column]
    frame: pd.DataFrame
    title: str = ""
    note: str = ""  # small words below it
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Text:
    """A paragraph; command-line options in it are set as code."""

    text: str
    title: str = ""
    small: bool = False
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Facts:
    """Names and values, a line each."""

    facts: Mapping[str, Any]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Halves:
    """Drawings side by side, under one heading."""

    title: str
    note: str
    drawings: Sequence[Drawing]
    kind: ClassVar[str] = "halves"


Part = Drawing | Table | Text | Facts | Halves  # its kind names the macro of parts.html that shows it


class Section:
    """A part of the report's page, registered under `studyhall.report_sections` and made without arguments."""

    chapter: Chapter = "search"
    tasks: tuple[TaskName, ...] = ("classification", "regression")  # of which studies it shows something

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return what it shows, from top to bottom: unless overridden, the drawings of the trial that is shown."""
        return [] if report.shown is None else self.trial_drawings(report, report.shown)

    def trial_drawings(self, report: ReportData, trial: int) -> Sequence[Drawing]:
        """Return the drawings that optuna-dashboard shows with a finalist."""
        return []


class FigureSection(Section):
    """A section of one figure. A subclass says `key`, `title`, `frame`, `draw` and `alt`.

    Example:
        >>> class Epochs(FigureSection):
        ...     key, title = "best-epochs", "When trials were best"
        ...
        ...     def frame(self, report):
        ...         return report.trials[["number", "best_epoch"]].dropna()
        ...
        ...     def draw(self, report, frame, width):
        ...         figure, axes = new_figure(width, 2.5)
        ...         axes.hist(frame["best_epoch"])
        ...         return figure
        ...
        ...     def alt(self, report, frame):
        ...         return f"The best epoch of {len(frame)} trials."
    """

    key: ClassVar[str]
    title: ClassVar[str]

    def applies(self, report: ReportData) -> bool:
        """Return whether there is something to show."""
        return True

    def frame(self, report: ReportData) -> pd.DataFrame:
        """Return the data that the figure shows: its CSV."""
        raise NotImplementedError

    def draw(self, report: ReportData, frame: pd.DataFrame, width: float) -> Figure:
        """Return the figure at a width in inches."""
        raise NotImplementedError

    def alt(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return what the figure shows, for those who cannot see it."""
        return self.title

    def caption(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return the words below the figure."""
        return ""

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the figure, where the section applies."""
        if not self.applies(report):
            return []
        frame = self.frame(report)
        alt, caption = self.alt(report, frame), self.caption(report, frame)
        return [Drawing(self.key, self.title, alt, frame, partial(self.draw, report, frame), caption)]


# --- how tables write values ------------------------------------------------------------------------------------------


def fixed(digits: int, sign: str = "") -> Callable[[Any], str]:
    """Return what writes a number with so many digits behind the point; `sign="+"` writes a plus too."""
    return lambda value: f"{value:{sign}.{digits}f}".replace("-", "−")


def short(value: Any) -> str:
    """Return a parameter's value, short."""
    return f"{value:.3g}" if isinstance(value, float) else f"{value}"


def yes_or_no(value: Any) -> str:
    """Return "yes" or "no"."""
    return "yes" if value else "no"


def parameter_columns(report: ReportData) -> list[Column]:
    """Return a column for every parameter that a trial can have."""
    return [Column(name.replace("_", " "), name, short) for name in report.study.names]
