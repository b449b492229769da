"""One scatter for each searched parameter: the score of every trial over its value."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from models.config.task import EVERY_TASK
from reports.page.data import FATES, ReportData
from reports.page.sections.base import Drawing, Halves, Part, Section
from reports.page.style import BASELINE, FATE_COLOURS, MANY, WINNER, ScoreAxis, new_figure
from reports.page.wording import metric_title
from search.config.conditions import condition
from search.config.space import Choice, Float, Int, Range

MAX_CATEGORIES = 8  # whole numbers up to which each has a place of its own on an axis, as the values of a choice have


class Parameters(Section):
    """The scatters, two side by side."""

    tasks = EVERY_TASK

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return them, of the parameters for which a trial has a score."""
        frame = parameters_frame(report)
        drawings = []
        for name, searched in report.study.space.items():
            of_parameter = frame[frame["parameter"] == name].reset_index(drop=True)
            if of_parameter[report.score].notna().any():
                drawings.append(_drawing(report, of_parameter, name, searched))
        if not drawings:
            return []
        ring = "the winner" if report.finalists else "the best trial"
        note = (
            f"Dashed lines are the bounds of the search, the ring is {ring}; grey marks were pruned, red crosses "
            "diverged."
        )
        return [Halves("Each parameter", note, drawings)]


def parameters_frame(report: ReportData) -> pd.DataFrame:
    """Return one row per trial and searched parameter that it has, with its value as trained."""
    values = {name: report.trials[name].astype("object") for name in report.study.space}  # numbers stay beside texts
    columns = ["number", "fate", report.score]
    frame = report.trials[columns].assign(**values).melt(columns, list(values), "parameter", "value")
    return frame[frame["value"].notna()].reset_index(drop=True)


def _drawing(report: ReportData, frame: pd.DataFrame, name: str, searched: Range) -> Drawing:
    where = condition(searched)
    return Drawing(
        f"parameter-{name}",
        name,
        f"Validation {metric_title(report.objective.metric)} over {name}, searched {searched}{where and f' {where}'}.",
        frame,
        partial(draw, report, frame, name, searched),
        f"Exists {where}." if where else "",
        half=True,
    )


def draw(report: ReportData, frame: pd.DataFrame, name: str, searched: Range, width: float) -> Figure:
    """Draw the scores of all trials over one parameter, with its bounds."""
    figure, axes = new_figure(width, 2.3, head=0.1)
    scores = frame[report.score].astype(float)
    axis, x = ScoreAxis(report.objective, scores), _x_places(frame, searched)
    y = axis.place(scores)
    for fate in FATES:
        of_fate = (frame["fate"] == fate).to_numpy()
        many, scored, unscored = int(of_fate.sum()) > MANY, of_fate & np.isfinite(y), of_fate & ~np.isfinite(y)
        size, colour = 1.5 if many else 3.5, FATE_COLOURS[fate]
        axes.plot(
            x[scored], y[scored], "o", color=colour, markersize=size, markeredgewidth=0, alpha=0.8, rasterized=many
        )
        foot = np.full(int(unscored.sum()), 0.02)  # diverged at once: at the foot of the drawing
        transform = axes.get_xaxis_transform()
        axes.plot(x[unscored], foot, "x", color=colour, markersize=3.5, transform=transform, rasterized=many)
    best = (frame["number"] == report.shown).to_numpy()
    ring = {"markersize": 8, "markerfacecolor": "none", "markeredgecolor": WINNER, "mew": 1.6, "clip_on": False}
    axes.plot(x[best], y[best], "o", **ring)
    _draw_range(axes, searched)
    axes.set_xlabel(name + (" (low end: none)" if isinstance(searched, Float) and searched.low_is_zero else ""))
    axis.apply(axes)
    return figure


def _draw_range(axes: Axes, searched: Range) -> None:
    """Let the horizontal axis be the parameter's, with its bounds or its categories."""
    if (categories := _categories(searched)) or isinstance(searched, Choice):
        axes.set_xticks(range(len(categories)), categories)
        axes.set_xlim(-0.6, len(categories) - 0.4)
        return
    if searched.log:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        if searched.high / searched.low < 1e3:
            subs = (1.0, 2.0, 5.0) if searched.high / searched.low < 1e2 else (1.0, 3.0)
            axes.xaxis.set_major_locator(LogLocator(subs=subs))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    for bound in (searched.low, searched.high):
        axes.axvline(bound, color=BASELINE, linewidth=1.0, linestyle=(0, (3, 2)))


def _categories(searched: Range) -> list[str]:
    """Return the values of a range that has few, as its axis names them; else none."""
    if isinstance(searched, Float):
        return []
    if isinstance(searched, Int):
        values = searched.values or range(searched.low, searched.high + 1, searched.step)
        return [str(value) for value in values] if len(values) <= MAX_CATEGORIES else []
    return [str(value) for value in searched.values]


def _x_places(frame: pd.DataFrame, searched: Range) -> NDArray[np.float64]:
    """Return where values lie on a parameter's axis; those of a category spread a little, the same way every time."""
    if categories := _categories(searched):
        middle = frame["value"].map(str).map({value: index for index, value in enumerate(categories)})
        return np.asarray(middle, float) + ((frame["number"] * 0.618) % 1.0 - 0.5).to_numpy(float) * 0.5
    values: NDArray[np.float64] = frame["value"].to_numpy(float).copy()
    if isinstance(searched, Float) and searched.low_is_zero:
        values[values == 0.0] = searched.low
    return values
