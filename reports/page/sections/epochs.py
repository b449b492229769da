"""Loss and accuracy of one trial over epochs, on training and on validation examples."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.page.data import ReportData
from reports.page.sections.base import Drawing, Section
from reports.page.style import BASELINE, LEAST, NARROW, WINNER, accuracy_axis, error, legend, loss_axis, new_figure
from reports.page.wording import counted

COLUMNS = ["seed", "epoch", "train_loss", "validation_loss", "train_accuracy", "validation_accuracy"]


class Epochs(Section):
    """The shown trial's epochs, and those of every finalist for the dashboard."""

    chapter = "winner"

    def trial_drawings(self, report: ReportData, trial: int) -> Sequence[Drawing]:
        """Return the figure of one trial."""
        frame, epochs = epochs_of(report, trial), counted(report.study.epochs, "epoch")
        trained = "As it was trained in the search. "
        if report.finalists:
            seeds = counted(frame["seed"].nunique(), "seed")
            trained = f"Trained on the training part under {seeds}: thin lines are seeds, thick ones their mean. "
        return [
            Drawing(
                f"trial-{trial}-epochs",
                f"Trial {trial} over epochs",
                f"Loss and accuracy of trial {trial} over {epochs}, on training and validation examples.",
                frame,
                partial(_draw, frame),
                f"{trained}Training figures are running means over the epoch, validation figures are taken after it.",
            )
        ]


def epochs_of(report: ReportData, trial: int) -> pd.DataFrame:
    """Return a finalist's curves under every seed of the ranking, or a trial's own where nothing was retrained."""
    if report.finalists is None:
        return report.curves[report.curves["trial"] == trial].assign(seed=0)[COLUMNS].reset_index(drop=True)
    curves = report.finalists.curves
    return curves[curves["trial"] == trial].sort_values(["seed", "epoch"])[COLUMNS].reset_index(drop=True)


def _draw(frame: pd.DataFrame, width: float) -> Figure:
    """Draw loss and accuracy beside each other, or one below the other where it is narrow."""
    wide = width > NARROW
    rows, columns = (1, 2) if wide else (2, 1)
    figure, (left, right) = new_figure(width, 2.6 if wide else 4.6, head=0.3, nrows=rows, ncols=columns)
    for axes, metric in ((left, "loss"), (right, "accuracy")):
        for split, colour in (("train", BASELINE), ("validation", WINNER)):
            values = frame[f"{split}_{metric}"]
            y = frame.assign(y=error(values) if metric == "accuracy" else values.clip(lower=LEAST))
            for _, of_seed in y.groupby("seed"):
                axes.plot(of_seed["epoch"], of_seed["y"], color=colour, linewidth=0.6, alpha=0.45)
            mean = y.groupby("epoch")["y"].mean()
            axes.plot(mean.index, mean, color=colour, linewidth=1.8, label=split)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("epoch")
    loss_axis(left)
    left.set_ylabel("loss per image")
    both = np.concatenate([error(frame["train_accuracy"]), error(frame["validation_accuracy"])])
    accuracy_axis(right, "y", both, "accuracy")
    legend(left, 2)
    return figure
