"""Loss and accuracy (or error) of one trial over epochs, on training and on validation examples."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from models.config.task import REGRESSION
from reports.page.data import ReportData
from reports.page.sections.base import Drawing, Section
from reports.page.style import BASELINE, LEAST, NARROW, WINNER, ScoreAxis, legend, loss_axis, new_figure
from reports.page.wording import counted, metric_title
from search.objective import Objective


class Epochs(Section):
    """The shown trial's epochs, and those of every finalist for the dashboard."""

    chapter = "winner"

    def trial_drawings(self, report: ReportData, trial: int) -> Sequence[Drawing]:
        """Return the figure of one trial."""
        frame, epochs = epochs_of(report, trial), counted(report.study.epochs, "epoch")
        noun = "example" if report.finalists is None else report.finalists.predictions.noun
        loss = "loss (scaled target)" if report.study.task is REGRESSION else f"loss per {noun}"
        trained = "As it was trained in the search. "
        if report.finalists:
            seeds = counted(frame["seed"].nunique(), "seed")
            folds = f", each the mean of {report.study.folds} folds" if report.study.folds > 1 else ""
            trained = (
                f"Trained on the training part under {seeds}{folds}: thin lines are seeds, thick ones their mean. "
            )
        return [
            Drawing(
                f"trial-{trial}-epochs",
                f"Trial {trial} over epochs",
                f"Loss and {report.figure.title} of trial {trial} over {epochs}, on training and validation examples.",
                frame,
                partial(_draw, frame, report.figure.metric, loss),
                f"{trained}Training figures are running means over the epoch, validation figures are taken after it.",
            )
        ]


def epochs_of(report: ReportData, trial: int) -> pd.DataFrame:
    """Return a finalist's curves under every seed of the ranking, or a trial's own where nothing was retrained."""
    metric = report.figure.metric
    columns = ["seed", "epoch", "train_loss", "validation_loss", f"train_{metric}", f"validation_{metric}"]
    if report.finalists is None:
        return report.curves[report.curves["trial"] == trial].assign(seed=0)[columns].reset_index(drop=True)
    curves = report.finalists.curves
    return curves[curves["trial"] == trial].sort_values(["seed", "epoch"])[columns].reset_index(drop=True)


def _draw(frame: pd.DataFrame, metric: str, loss: str, width: float) -> Figure:
    """Draw loss and the study's own metric beside each other, or one below the other where it is narrow."""
    wide = width > NARROW
    rows, columns = (1, 2) if wide else (2, 1)
    figure, (left, right) = new_figure(width, 2.6 if wide else 4.6, head=0.3, nrows=rows, ncols=columns)
    axis = ScoreAxis(
        Objective(metric), [*frame[f"train_{metric}"], *frame[f"validation_{metric}"]], metric_title(metric)
    )
    for axes, name in ((left, "loss"), (right, metric)):
        for split, colour in (("train", BASELINE), ("validation", WINNER)):
            values = frame[f"{split}_{name}"]
            y = frame.assign(y=values.clip(lower=LEAST) if name == "loss" else axis.place(values))
            for _, of_seed in y.groupby("seed"):
                axes.plot(of_seed["epoch"], of_seed["y"], color=colour, linewidth=0.6, alpha=0.45)
            mean = y.groupby("epoch")["y"].mean()
            axes.plot(mean.index, mean, color=colour, linewidth=1.8, label=split)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("epoch")
    loss_axis(left)
    left.set_ylabel(loss)
    axis.apply(right)
    legend(left, 2)
    return figure
