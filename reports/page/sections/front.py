"""The front of two objectives: every complete trial by both, those that nobody dominates, how sure finalists are."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.config.task import EVERY_TASK
from reports.figures.statistics import LEVEL
from reports.page.data import ReportData
from reports.page.sections.base import Chapter, Column, Drawing, Part, Section, Table, parameter_columns
from reports.page.style import BASELINE, FAINT, INK, NARROW, PLAIN, WINNER, ScoreAxis, legend, new_figure
from reports.page.wording import counted, metric_title
from search.objective import Objective, front_of


class Front(Section):
    """The front, with the finalists' intervals."""

    tasks = EVERY_TASK
    chapter: Chapter = "finalists"

    def applies(self, report: ReportData) -> bool:
        """Return whether finalists stand for the front."""
        return report.results is not None

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the figure and the table of a study of two objectives."""
        if report.objective.beside is None or not self.applies(report):
            return []
        frame = front_frame(report)
        first, second = (metric_title(each.metric) for each in report.objective.all)
        front, trials = int(frame["front"].sum()), int(frame["number"].count())
        drawing = Drawing(
            "front",
            f"The front of {first} and {second}",
            f"Validation {first} of {counted(trials, 'complete trial')} over {second}; {front} are the front.",
            frame,
            partial(_draw, report.objective, frame),
            _caption(report, front),
        )
        return [drawing, _table(report, frame[frame["front"]])] if front else []


class SearchedFront(Front):
    """The front as the search left it, before there are finalists."""

    chapter: Chapter = "search"

    def applies(self, report: ReportData) -> bool:
        """Return whether there are no finalists."""
        return report.results is None


def front_frame(report: ReportData) -> pd.DataFrame:
    """Return one row per complete trial: both objectives, whether it is of the front, and what its finalist came to.

    An ensemble of several trials has the last row, without a number: its values on the validation examples, of a cost
    the sum of its members', and what it came to.

    `mean`, `low` and `high` are of the first objective: of the test, with the interval over seeds and examples. Of
    trials that train by themselves they are empty.
    """
    first, second = report.objective.all
    front = {row.number for row in front_of(report.rows, report.objective)}
    complete = report.trials[report.trials["state"] == "complete"]
    frame = complete[["number", "baseline", first.column, second.column]].astype({"number": "Int64"})
    frame["front"] = frame["number"].isin(front)
    for end in ("mean", "low", "high"):
        frame[end] = np.nan
    if (results := report.results) is not None:
        of_test = f"test_{first.metric}"
        for row in results.to_dict("records"):
            tested = [row.get(f"{of_test}_{end}", np.nan) for end in ("mean", "low", "high")]
            frame.loc[frame["number"] == row["trial"], ["mean", "low", "high"]] = tested
    frame = frame.sort_values([second.column, "number"], ignore_index=True)
    if (together := _ensemble(report)) is None:
        return frame
    ensemble = pd.DataFrame([together], columns=frame.columns).astype(frame.dtypes)
    return pd.concat([frame, ensemble], ignore_index=True)


def _ensemble(report: ReportData) -> dict[str, Any] | None:
    """Return the ensemble's row, as far as it is known; None without one of several trials."""
    first, second = report.objective.all
    if (finalists := report.finalists) is None or (ensemble := finalists.ensemble) is None or not ensemble.several:
        return None
    row, chosen = finalists.ensemble_results, ensemble.selection
    assert row is not None
    tested = {end: row[f"test_{first.metric}_{end}"].iloc[0] for end in ("mean", "low", "high")}
    return {first.column: chosen.validation, second.column: chosen.second, "front": False, **tested}


def _caption(report: ReportData, front: int) -> str:
    first = report.objective
    text = (
        f"The line joins the {counted(front, 'trial')} that no other one is better than in both: each by "
        f"{report.study.judged_by}, on the examples that chose them, so the line is optimistic."
    )
    if report.finalists is None:
        return text
    over = f"{LEVEL:.0%} interval over seeds and test {report.finalists.predictions.noun}s"
    text += f" Marks with a stroke are finalists, retrained: their test {metric_title(first.metric)} and the {over}."
    if _ensemble(report) is None:
        return text
    second = report.objective.all[1]
    where = "what its members cost together" if second.is_known else f"its validation {metric_title(second.metric)}"
    return f"{text} The square is the ensemble, at {where}."


def _draw(objective: Objective, frame: pd.DataFrame, width: float) -> Figure:
    """Draw every complete trial, the front as a staircase, and the finalists with what is known of them."""
    first, second = objective.all
    narrow_head = 0.46 if frame["number"].notna().all() else 0.62  # inches: two lines of the legend, or three
    figure, axes = new_figure(width, 3.4, head=0.3 if width > NARROW else narrow_head)
    scores, costs = frame[first.column].astype(float), frame[second.column].astype(float)
    tested = frame[frame["mean"].notna()]
    every = [*scores, *tested["mean"], *tested["low"], *tested["high"]]
    up = ScoreAxis(first, np.array(every), metric_title(first.metric))
    along = ScoreAxis(second, costs, metric_title(second.metric) if second.is_known else "")
    trials = frame[frame["number"].notna()]
    rest, front = trials[~trials["front"]], frame[frame["front"]]
    axes.plot(
        along.place(rest[second.column]), up.place(rest[first.column]), "o", color=FAINT, markersize=3, label="complete"
    )
    axes.step(
        along.place(front[second.column]),
        up.place(front[first.column]),
        "o-",
        where="post" if second.direction == "minimize" else "pre",
        color=WINNER,
        markersize=4,
        linewidth=1,
        label="front, validation",
    )
    baseline, ensemble = tested["baseline"].notna(), tested["number"].isna()
    for some, mark, colour, label in (
        (tested[~baseline & ~ensemble], "D", INK, "finalist, test"),
        (tested[baseline], "D", BASELINE, "baseline, test"),
        (tested[ensemble], "s", PLAIN, "ensemble, test"),
    ):
        if len(some):
            places = along.place(some[second.column])
            axes.vlines(places, up.place(some["low"]), up.place(some["high"]), color=colour, linewidth=1.4)
            axes.plot(places, up.place(some["mean"]), mark, color=colour, markersize=3.5, label=label)
    up.apply(axes)
    along.apply(axes, "x")
    legend(axes, 5 if width > NARROW else 2)
    return figure


def _table(report: ReportData, front: pd.DataFrame) -> Table:
    first, second = report.objective.all
    shown = front.merge(report.trials[["number", *(name for name in report.study.names if name in report.trials)]])
    bounds = zip(shown["low"], shown["high"], strict=True)
    shown["interval"] = [f"{first.text(low)}–{first.text(high)}" if low == low else None for low, high in bounds]
    tested = [
        Column(f"test {metric_title(first.metric)}", "mean", first.text, "of its finalist, mean over seeds"),
        Column("interval", "interval"),
    ]
    columns = [
        Column("trial", "number"),
        Column(metric_title(second.metric), second.column, second.text),
        Column(f"validation {metric_title(first.metric)}", first.column, first.text, report.study.judged_by),
        *(tested if shown["mean"].notna().any() else ()),
        *parameter_columns(report),
        Column("baseline", "baseline"),
    ]
    return Table("front", columns, shown)
