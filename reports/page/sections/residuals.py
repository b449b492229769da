"""What the winner of a regression predicts beside what is true, and what is left: the overview of its errors."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reports.finalists.number_predictions import NumberPredictions
from reports.page.data import FinalistData, ReportData
from reports.page.sections.base import Column, Drawing, Part, Section, Table
from reports.page.style import BASELINE, MANY, NARROW, RULE, WINNER, new_figure
from reports.page.wording import counted

LARGEST = 10  # errors that are listed


class Residuals(Section):
    """Predicted against true, the residuals, and the largest of them."""

    chapter = "winner"
    tasks = ("regression",)

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the figure and the table; nothing where nobody is tested."""
        if report.finalists is None or not isinstance(report.finalists.predictions, NumberPredictions):
            return []
        trial, text = report.finalists.winner.number, report.figure.text
        frame = residuals_frame(report.finalists, trial)
        largest = frame.reindex(frame["residual"].abs().sort_values(ascending=False, kind="stable").index)
        columns = [
            Column("test row", "row"),
            Column("true", "true", text),
            Column("predicted", "predicted", text),
            Column("residual", "residual", report.figure.signed, "predicted less true"),
            Column("std", "std", text, "standard deviation of the prediction between seeds"),
        ]
        note = "Test rows are numbered from 0 in the order of the test part; the figure's CSV has all of them."
        table = Table("largest errors", columns, largest.head(LARGEST), "The largest errors", note)
        return [*self.trial_drawings(report, trial), table]

    def trial_drawings(self, report: ReportData, trial: int) -> Sequence[Drawing]:
        """Return the figure of one finalist; nothing where none is tested."""
        finalists = report.finalists
        if finalists is None or not isinstance(predictions := finalists.predictions, NumberPredictions):
            return []
        frame, name = residuals_frame(finalists, trial), predictions.scale.name
        residuals = frame["residual"]
        correlation = float(np.corrcoef(frame["true"], frame["predicted"])[0, 1]) if frame["predicted"].std() else 0.0
        drawing = Drawing(
            f"trial-{trial}-residuals",
            "Predicted and true, and what is left",
            f"Predicted {name} of trial {trial} against the true one, correlation {correlation:.2f}; and the residuals "
            f"by prediction, mean {report.figure.signed(float(residuals.mean()))}.",
            frame,
            partial(_draw, frame, name),
            f"A dot is one of {counted(len(frame), f'test {predictions.noun}')}; a prediction is the mean over "
            f"{counted(finalists.seeds, 'seed')}. On the line predictions are right. A residual is what is predicted "
            "less what is true: a slope or a funnel among them is what a better model would use.",
        )
        return [drawing]


def residuals_frame(finalists: FinalistData, trial: int) -> pd.DataFrame:
    """Return one row per test row: what is true, predicted (the mean over seeds), and left."""
    predictions, seeds = finalists.predictions, finalists.seeds
    assert isinstance(predictions, NumberPredictions)
    answers = np.stack([predictions.answers(trial, seed) for seed in range(seeds)])  # (S, N)
    frame = pd.DataFrame({"row": range(len(predictions.labels)), "true": predictions.labels})
    frame["predicted"] = answers.mean(0)
    frame["residual"] = frame["predicted"] - frame["true"]
    frame["std"] = answers.std(0, ddof=1) if seeds > 1 else np.nan
    return frame


def _draw(frame: pd.DataFrame, name: str, width: float) -> Figure:
    """Draw predicted against true beside residuals against predicted, or one below the other where it is narrow."""
    wide, many = width > NARROW, len(frame) > MANY
    rows, columns = (1, 2) if wide else (2, 1)
    figure, (left, right) = new_figure(width, 2.9 if wide else 5.2, nrows=rows, ncols=columns)
    dots = {"color": WINNER, "markersize": 2 if many else 3.5, "alpha": 0.55, "markeredgewidth": 0, "rasterized": many}
    ends = [min(frame["true"].min(), frame["predicted"].min()), max(frame["true"].max(), frame["predicted"].max())]
    left.plot(ends, ends, color=BASELINE, linewidth=1)
    left.plot(frame["true"], frame["predicted"], "o", **dots)
    left.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
    right.axhline(0, color=BASELINE, linewidth=1)
    right.plot(frame["predicted"], frame["residual"], "o", **dots)
    right.set(xlabel=f"predicted {name}", ylabel="residual")
    for axes in (left, right):
        axes.grid(True, color=RULE)
    return figure
