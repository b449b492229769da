"""Which class a finalist takes for which, on the test set."""

from collections.abc import Sequence
from functools import partial

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reports.page.data import FinalistData, ReportData
from reports.page.sections.base import Drawing, Section
from reports.page.style import BAD, NARROW, WINNER, new_figure
from reports.page.wording import counted


class Confusion(Section):
    """The winner's confusion matrix, and that of every finalist for the dashboard."""

    chapter = "winner"
    tasks = ("classification",)

    def trial_drawings(self, report: ReportData, trial: int) -> Sequence[Drawing]:
        """Return the figure of one finalist; nothing where none is tested."""
        if report.finalists is None:
            return []
        frame, seeds = confusion_frame(report.finalists, trial), report.finalists.seeds
        noun = report.finalists.predictions.noun
        return [
            Drawing(
                f"trial-{trial}-confusion",
                "Which class is taken for which",
                f"Confusion matrix of trial {trial}: {_most_confused(frame, noun)}.",
                frame,
                partial(_draw, frame, seeds),
                f"Test {noun}s per model, mean over {counted(seeds, 'seed')}: a line for each true class, a column for "
                "each predicted one.",
            )
        ]


def confusion_frame(finalists: FinalistData, trial: int) -> pd.DataFrame:
    """Return one row per true and predicted class: test images over all seeds, and their share of the true class."""
    predictions, classes = finalists.predictions, finalists.predictions.classes
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for seed in range(finalists.seeds):
        np.add.at(counts, (predictions.labels, predictions.predicted(trial, seed)), 1)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    true, predicted = np.indices(counts.shape)
    return pd.DataFrame(
        {
            "true": [classes[index] for index in true.ravel()],
            "predicted": [classes[index] for index in predicted.ravel()],
            "images": counts.ravel(),
            "share": shares.ravel(),
        }
    )


def _most_confused(frame: pd.DataFrame, noun: str) -> str:
    wrong = frame[frame["true"] != frame["predicted"]]
    most = wrong.sort_values("share", ascending=False).iloc[0]
    if not most["images"]:
        return "nothing is mistaken for anything else"
    return f"most often {most['true']} is taken for {most['predicted']}, {most['share']:.1%} of its {noun}s"


def _draw(frame: pd.DataFrame, models: int, width: float) -> Figure:
    """Draw images per model, rows true classes, columns predicted ones."""
    classes = list(dict.fromkeys(frame["true"]))
    size = min(width, 5.2)
    figure, axes = new_figure(size, size * 0.94)
    shares = frame["share"].to_numpy().reshape(len(classes), -1)
    counts = frame["images"].to_numpy().reshape(len(classes), -1) / models
    errors = shares.copy()
    np.fill_diagonal(errors, 0.0)
    worst = max(errors.max(), 1e-9)
    for (row, column), share in np.ndenumerate(shares):
        right = row == column
        alpha = 0.15 + 0.5 * share if right else 0.75 * share / worst
        colour = WINNER if right else BAD
        axes.add_patch(mpl.patches.Rectangle((column - 0.5, row - 0.5), 1, 1, color=colour, alpha=alpha, linewidth=0))
        if (count := counts[row, column]) > 0:
            text = f"{count:.0f}" if count >= 9.95 else f"{count:.1f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=6.2 if width <= NARROW else 8)
    long = max(map(len, classes)) > 2
    axes.set_xticks(range(len(classes)), classes, rotation=45 if long else 0, ha="right" if long else "center")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(len(classes) - 0.5, -0.5), xlabel="predicted", ylabel="true")
    axes.set_aspect("equal")
    axes.grid(False)
    return figure
