"""The learning curves of all trials."""

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from models.config.task import EVERY_TASK
from reports.page.data import ReportData
from reports.page.sections.base import FigureSection
from reports.page.style import BASELINE, FAINT, MANY, NARROW, PLAIN, WINNER, ScoreAxis, legend, new_figure
from reports.page.wording import counted, metric_title

COLOURS = {"pruned": FAINT, "complete": PLAIN, "baseline": BASELINE, "best": WINNER, "winner": WINNER}
LINES = {"pruned": (0.7, 0.45), "complete": (0.8, 0.55), "baseline": (1.8, 1.0)}  # width, opacity


class Curves(FigureSection):
    """The objective after each epoch of every trial."""

    tasks = EVERY_TASK
    key, title = "curves", "Learning curves"

    def applies(self, report: ReportData) -> bool:
        """Return whether any trial has a score."""
        return bool(report.trials[report.score].notna().any())

    def frame(self, report: ReportData) -> pd.DataFrame:
        """Return the validation metrics of all trials, with the part each plays.

        The part is winner or best, baseline, complete, or pruned. A trial that diverged or is still running is among
        the pruned: it has come no further.
        """
        parts = report.trials["fate"].where(report.trials["fate"] == "complete", "pruned").astype("string")
        parts = parts.mask(report.trials["baseline"].notna(), "baseline")
        parts = parts.mask(report.trials["number"] == report.shown, "winner" if report.results is not None else "best")
        columns = dict.fromkeys(["trial", "epoch", report.score, "validation_loss"])
        frame = report.curves[[column for column in columns if column in report.curves]].copy()
        frame.insert(1, "part", parts.to_numpy()[frame["trial"].to_numpy(int)] if len(frame) else None)
        return frame

    def draw(self, report: ReportData, frame: pd.DataFrame, width: float) -> Figure:
        """Draw a line for each trial, or an even choice of them where there are many."""
        figure, axes = new_figure(width, 2.9, head=0.3 if width > NARROW else 0.46)
        finite = frame[np.isfinite(frame["validation_loss" if "validation_loss" in frame else report.score])]
        axis = ScoreAxis(report.objective, finite[report.score])
        for part, colour in COLOURS.items():
            of_part = finite[finite["part"] == part]
            points = np.column_stack([of_part["epoch"], axis.place(of_part[report.score])])
            starts = np.flatnonzero(np.diff(of_part["trial"], prepend=-1))
            lines = np.split(points, starts[1:]) if len(points) else []
            if not lines:
                continue
            weight, alpha = LINES.get(part, (2.2, 1.0))
            label = f"{part} ({len(lines):,})" if part in ("pruned", "complete") else part
            if len(lines) > MANY:  # all would be a blot
                label = f"{part} ({MANY} of {len(lines):,})"
                lines = [lines[index] for index in np.linspace(0, len(lines) - 1, MANY).round().astype(int)]
            raster = len(lines) > MANY // 2
            opacity = alpha * (0.5 if raster else 1.0)
            axes.add_collection(
                LineCollection(lines, colors=colour, linewidths=weight, alpha=opacity, rasterized=raster)
            )
            dots = np.array([line[0] for line in lines if len(line) == 1])
            if len(dots):  # pruned after one epoch: a line of no length
                axes.plot(*dots.T, "o", color=colour, markersize=2, markeredgewidth=0, alpha=alpha, rasterized=raster)
            axes.plot([], [], color=colour, linewidth=max(1.2, weight), label=label)
        last = int(finite["epoch"].max()) if len(finite) else 1
        axes.set_xlim(1 - 0.02 * last, last * 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        axes.set_xlabel("epoch")
        axis.apply(axes)
        legend(axes, 4 if width > NARROW else 2)
        return figure

    def alt(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return what stands out."""
        return (
            f"Validation {metric_title(report.objective.metric)} over {counted(report.study.epochs, 'epoch')} of every "
            "trial: pruned ones end early, the winner and the baselines stand out."
        )

    def caption(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return what is drawn."""
        return f"Validation {metric_title(report.objective.metric)} after each epoch."
