"""What all drawings of the report have in common: colours, sizes, axes and legends. Knows no data of a study.

Colours are those of the page's light theme; the page turns them into its own variables, so that a drawing inside the
page follows its theme, while the files beside it stand on their own.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from reports.page.wording import metric_title
from search.objective import Objective

INK, MUTED, RULE = "#1c2026", "#5d6570", "#d6d9de"
WINNER, BASELINE, PLAIN, FAINT, BAD = "#0a5c9e", "#b3560c", "#4f9bd1", "#a5acb6", "#b4281f"
PALETTE = {"ink": INK, "muted": MUTED, "rule": RULE, "winner": WINNER, "baseline": BASELINE}
PALETTE |= {"plain": PLAIN, "faint": FAINT, "bad": BAD}
FATE_COLOURS = {"complete": PLAIN, "pruned": FAINT, "diverged": BAD, "failed": BAD, "running": MUTED}

WIDE, NARROW, HALF = 6.7, 3.5, 3.3  # inches; a letter is as large on a telephone as on a desk
MANY = 600  # marks or lines above which they are drawn as a picture: as paths they would fill the page
WIDE_RANGE = 4.0  # the least factor between values that are drawn on a logarithmic axis
LETTER, LINE = 0.061, 0.15  # inches, about: a letter's width at an axis, a line's height
LEAST = 1e-4  # no error at all, and no loss, have no place on a logarithmic axis
_STEPS = ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8))  # errors that axes are ticked at, times powers of ten

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "studyhall",  # the same drawing is the same file
    "font.family": "sans-serif",
    "font.size": 8.5,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.titlesize": 9,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "text.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": MUTED,
    "legend.handlelength": 1.4,
    "path.simplify": True,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save inside."""
    with mpl.rc_context(_STYLE):
        yield


def new_figure(width: float, height: float, *, head: float | None = None, **grid: Any) -> tuple[Figure, Any]:
    """Return a transparent figure and its axes.

    Args:
        width: In inches.
        height: In inches.
        head: The room above the axes in inches, for a legend; the other margins are then those that numbers need.
            Without it the layout is found from the labels, which takes twice as long to draw.
        grid: Of `Figure.subplots`.
    """
    figure = Figure(figsize=(width, height), layout="constrained" if head is None else None)
    figure.patch.set_alpha(0.0)
    axes = figure.subplots(**grid)
    if head is not None:
        left, right, foot, between = 0.58, 0.06, 0.45, 0.6
        figure.subplots_adjust(left / width, foot / height, 1 - right / width, 1 - head / height)
        rows, columns = grid.get("nrows", 1), grid.get("ncols", 1)
        if columns > 1:
            figure.subplots_adjust(wspace=between / ((width - left - right - between) / columns))
        if rows > 1:
            figure.subplots_adjust(hspace=between / ((height - foot - head - between) / rows))
    for each in np.atleast_1d(axes).ravel():
        each.patch.set_alpha(0.0)
        each.tick_params(length=0, which="both")
    return figure, axes


def error(accuracy: Any) -> NDArray[np.float64]:
    """Return errors that have a place on a logarithmic axis."""
    return np.maximum(LEAST, 1.0 - np.asarray(accuracy, float))


def _apart(axes: Axes, which: Literal["x", "y"], ticks: list[float], best: float, worst: float) -> list[float]:
    """Return the ticks that have room for their numbers, of errors in any order along a logarithmic axis."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    length = figure.get_size_inches()[0 if which == "x" else 1] * (0.8 if which == "x" else 0.7)
    inch = math.log(worst / best) / length
    kept: list[float] = []
    for tick in sorted(ticks):
        if not kept or math.log(tick / kept[-1]) >= inch * (6 * LETTER if which == "x" else LINE):
            kept.append(tick)
    return kept


def accuracy_axis(axes: Axes, which: Literal["x", "y"], errors: NDArray[np.float64], label: str) -> None:
    """Let an axis of errors be read as accuracies that grow along it.

    The way from 0.98 to 0.99 is as long as that from 0.5 to 0.75.
    """
    finite = errors[np.isfinite(errors)]
    best, worst = (float(finite.min()), float(finite.max())) if len(finite) else (0.01, 1.0)
    best, worst = best / 1.12, min(1.0, worst * 1.12)
    axes.set(**{f"{which}scale": "log", f"{which}lim": (worst, best)})
    axis = axes.xaxis if which == "x" else axes.yaxis
    ticks: list[float] = []
    for steps in _STEPS:
        candidates = [step * 10.0**power for power in range(-5, 1) for step in steps]
        ticks = [tick for tick in candidates if best <= tick <= min(1.0, worst)]
        if len(ticks) >= 4:
            break
    else:
        if len(ticks) < 3:  # a short range: even steps
            low, high = 1.0 - worst, 1.0 - best
            even = MaxNLocator(4).tick_values(low, high)
            ticks = [1.0 - float(tick) for tick in even if low <= tick <= high and tick < 1.0]
    axis.set_major_locator(FixedLocator(_apart(axes, which, ticks, best, worst)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda tick, _: f"{1.0 - tick:.6g}"))
    axis.set_label_text(label)


def _make_room(axes: Axes, label: str) -> bool:
    """Return whether a vertical label is longer than its axis, and leave room for a second line of it then."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    width, height = figure.get_size_inches()
    if len(label) * LETTER <= height * axes.get_position().height + LETTER * 3:
        return False
    if figure.get_layout_engine() is None:
        figure.subplots_adjust(left=figure.subplotpars.left + LINE / width)
    return True


class ScoreAxis:
    """The vertical axis of an objective's values, as suits its metric.

    Shares that are maximized are drawn on the logarithm of the error, as accuracies are; positive values that are
    minimized and span a factor of WIDE_RANGE on a logarithmic axis, as losses are; all others on a linear one.

    Args:
        objective: The metric, with its direction.
        values: All that are drawn.
        label: What is written at the axis.
    """

    def __init__(self, objective: Objective, values: Any, label: str = "") -> None:
        self._label, given = label or f"validation {metric_title(objective.metric)}", np.asarray(values, float)
        finite = given[np.isfinite(given)]
        maximized = objective.direction == "maximize"
        self._as_error = maximized and bool(((finite >= 0.0) & (finite <= 1.0)).all())
        lowest, highest = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
        self._as_log = not maximized and lowest >= 0.0 and highest >= WIDE_RANGE * lowest
        self._places = self.place(given)

    def place(self, values: Any) -> NDArray[np.float64]:
        """Return where values lie on the axis."""
        if self._as_error:
            return error(values)
        places = np.asarray(values, float)
        return np.maximum(LEAST, places) if self._as_log else places

    def apply(self, axes: Axes, which: Literal["x", "y"] = "y") -> None:
        """Set scale, limits, ticks and label of an axis: the vertical one unless told."""
        if self._as_error:
            remark = "(log scale of 1 less it)"
            between = "\n" if which == "y" and _make_room(axes, f"{self._label} {remark}") else " "
            accuracy_axis(axes, which, self._places, f"{self._label}{between}{remark}")
            return
        axes.set(**{f"{which}label": self._label})
        if self._as_log:
            loss_axis(axes, which)


def loss_axis(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Let an axis be logarithmic, with plain numbers at its ticks."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axis.set_minor_formatter(FuncFormatter(lambda tick, _: f"{tick:g}" if str(f"{tick:e}")[0] in "25" else ""))


def legend(axes: Axes, columns: int, *, many: bool = False) -> None:
    """Put a legend above the axes; `many` enlarges marks that are drawn small."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        columnspacing=1.2,
        markerscale=3.0 if many else 1.0,
    )
