"""The door for sections of the page: what one is asked for, and the parts that it is made of.

A section must not query the record, train, or open a test set: it is given `ReportData`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import pandas as pd
from matplotlib.figure import Figure

from reports.page.data import ReportData

Chapter = Literal["finalists", "search", "winner"]


class Part(Protocol):
    """A piece of a section: a `Drawing`, `Table`, `Text`, `Facts`, `Halves` or `Gallery`."""

    @property
    def kind(self) -> str:
        """The name of the macro of `parts.html` that shows it."""

    @property
    def drawings(self) -> "Sequence[Drawing]":
        """The drawings that are saved beside the page."""


@dataclass(frozen=True)
class Drawing:
    """A figure on the page, and beside it as CSV, PNG and SVG.

    Args:
        key: The stem of its files.
        title: The heading above it, if any.
        alt: What it shows, for those who cannot see it.
        frame: The data that it shows.
        draw: Returns the figure at a width in inches.
        caption: The words below it.
        half: Whether two stand side by side where there is room.
    """

    key: str
    title: str
    alt: str
    frame: pd.DataFrame
    draw: Callable[[float], Figure]
    caption: str = ""
    half: bool = False
    kind: str = "drawing"

    @property
    def drawings(self) -> "Sequence[Drawing]":
        """Itself."""
        return [self]


@dataclass(frozen=True)
class Column:
    """A column of a table on the page.

    Args:
        label: Its heading.
        of: The column of the frame.
        show: Writes a value.
        title: What it means, where the label does not say it all.
    """

    label: str
    of: str
    show: Callable[[Any], str] = str
    title: str = ""

    def cell(self, value: Any) -> str:
        """Return what stands in a cell; nothing where nothing is known."""
        return "" if pd.isna(value) else self.show(value)


@dataclass(frozen=True)
class Table:
    """A table that sorts by any of its columns.

    Args:
        label: What it is called for those who cannot see it.
        columns: From left to right.
        frame: One row per line.
        title: The heading above it, if any.
        note: Small words below it.
    """

    label: str
    columns: Sequence[Column]
    frame: pd.DataFrame
    title: str = ""
    note: str = ""
    kind: str = "table"
    drawings: Sequence[Drawing] = ()


@dataclass(frozen=True)
class Text:
    """A paragraph; command-line options in it are set as code."""

    text: str
    title: str = ""
    small: bool = False
    kind: str = "text"
    drawings: Sequence[Drawing] = ()


@dataclass(frozen=True)
class Facts:
    """Names and values, a line each."""

    facts: Mapping[str, Any]
    kind: str = "facts"
    drawings: Sequence[Drawing] = ()


@dataclass(frozen=True)
class Halves:
    """Drawings side by side, under one heading."""

    title: str
    note: str
    drawings: Sequence[Drawing]
    kind: str = "halves"


@dataclass(frozen=True)
class Gallery:
    """Images that flow; beside the page they are one drawing.

    Args:
        drawing: The files beside the page, with heading and caption.
        images: Address, alternative text and words of each.
    """

    drawing: Drawing
    images: Sequence[Mapping[str, Any]]
    kind: str = "gallery"

    @property
    def drawings(self) -> Sequence[Drawing]:
        """The one that stands for the images beside the page."""
        return [self.drawing]


class Section(Protocol):
    """A part of the report's page, registered under `studyhall.report_sections` and made without arguments."""

    chapter: Chapter

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return what it shows, from top to bottom; nothing where it does not apply."""

    def trial_drawings(self, report: ReportData, trial: int) -> Sequence[Drawing]:
        """Return the drawings that optuna-dashboard shows with a finalist."""


class FigureSection:
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

    chapter: Chapter = "search"
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
        draw = lambda width: self.draw(report, frame, width)  # noqa: E731
        return [Drawing(self.key, self.title, alt, frame, draw, caption)]

    def trial_drawings(self, report: ReportData, trial: int) -> Sequence[Drawing]:
        """Return nothing: the figure is of the study."""
        return []


class TextSection:
    """The base of sections without a drawing of their own."""

    chapter: Chapter = "search"

    def trial_drawings(self, report: ReportData, trial: int) -> Sequence[Drawing]:
        """Return nothing: the section is of the study."""
        return []


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
