"""Every trial's score in the order they were drawn, and the best so far."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from models.config.task import EVERY_TASK
from reports.page.data import FATES, ReportData
from reports.page.sections.base import FigureSection
from reports.page.style import FATE_COLOURS, MANY, NARROW, WINNER, ScoreAxis, legend, new_figure
from reports.page.wording import counted, metric_title


class History(FigureSection):
    """The course of the search."""

    tasks = EVERY_TASK
    key, title = "history", "Every trial, in the order they were drawn"

    def applies(self, report: ReportData) -> bool:
        """Return whether any trial has a score."""
        return bool(report.trials[report.score].notna().any())

    def frame(self, report: ReportData) -> pd.DataFrame:
        """Return every trial's score in order, and the best complete one so far."""
        frame = report.trials[["number", "fate", report.score]].copy()
        complete = frame[report.score].where(frame["fate"] == "complete").astype("float64")
        cost = report.objective.cost
        frame["best_so_far"] = complete.map(cost).cummin().ffill().map(cost)
        return frame

    def draw(self, report: ReportData, frame: pd.DataFrame, width: float) -> Figure:
        """Draw every trial's score and the best so far."""
        figure, axes = new_figure(width, 2.7, head=0.3 if width > NARROW else 0.46)
        many, axis = len(frame) > MANY, ScoreAxis(report.objective, frame[report.score].astype(float))
        for fate in FATES:
            scored = frame[(frame["fate"] == fate) & frame[report.score].notna()]
            if len(scored):
                axes.plot(
                    scored["number"],
                    axis.place(scored[report.score]),
                    "o",
                    color=FATE_COLOURS[fate],
                    markersize=1.5 if many else 3.5,
                    markeredgewidth=0,
                    label=fate,
                    rasterized=many,
                )
        if frame["best_so_far"].notna().any():
            best = axis.place(frame["best_so_far"])
            axes.step(frame["number"], best, where="post", color=WINNER, linewidth=1.5, label="best so far")
        axis.apply(axes)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("trial")
        legend(axes, 4 if width > NARROW else 3, many=many)
        return figure

    def alt(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return which trial is the best."""
        best = "" if report.best is None else f" The best complete one is trial {report.best}."
        metric = metric_title(report.objective.metric)
        return f"Validation {metric} of {counted(len(frame), 'trial')} by number, with the best so far.{best}"

    def caption(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return where pruned trials stand."""
        return "A pruned trial stands where it was cut."
