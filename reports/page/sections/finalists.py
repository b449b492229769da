"""All seeds of all finalists on the test set, and the table of `results.csv`."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from reports.page.data import FinalistData, ReportData
from reports.page.sections.base import Column, Drawing, Part, Section, Table, fixed, parameter_columns
from reports.page.style import BASELINE, PLAIN, WINNER, accuracy_axis, error, new_figure
from reports.page.wording import counted, metric_title
from reports.statistics import LEVEL

MAX_DRAWN = 20  # finalists


class Finalists(Section):
    """The test accuracy of every finalist under every seed, and their table."""

    chapter = "finalists"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the figure and the table, where there are finalists."""
        finalists = report.finalists
        if finalists is None:
            return []
        frame, number = seeds_frame(finalists), len(finalists.ranked)
        more = f" The first {MAX_DRAWN} of {number} finalists; the table has all." if number > MAX_DRAWN else ""
        drawing = Drawing(
            "finalists",
            "Test accuracy of every seed",
            f"Test accuracy of {counted(number, 'finalist')} by rank, with a mark for each of "
            f"{counted(finalists.seeds, 'seed')}. First in rank is trial {finalists.winner.number}, mean "
            f"{finalists.results['test_accuracy_mean'].iloc[0]:.4f}.",
            frame,
            partial(_draw, finalists.results, frame),
            f"A dot is a seed, a stroke the mean, a band the {LEVEL:.0%} interval. By rank, which was fixed before the "
            f"test set was opened.{more}",
        )
        return [drawing, _table(report, finalists)]


def _draw(results: pd.DataFrame, frame: pd.DataFrame, width: float) -> Figure:
    """Draw every finalist's seeds, mean and interval."""
    columns = {"test_accuracy_mean": "mean", "test_accuracy_low": "low", "test_accuracy_high": "high"}
    spread, frame = results.head(MAX_DRAWN).rename(columns=columns), frame[frame["rank"] <= MAX_DRAWN]
    figure, axes = new_figure(width, 0.7 + 0.36 * len(spread))
    labels = []
    for line in spread.itertuples():
        baseline = isinstance(line.baseline, str)
        colour = WINNER if line.rank == 1 else BASELINE if baseline else PLAIN
        errors = error(frame[frame["trial"] == line.trial]["test_accuracy"])
        axes.plot(error([line.low, line.high]), [line.rank] * 2, color=colour, linewidth=5, alpha=0.25)
        axes.plot(error([line.mean]), [line.rank], "|", color=colour, markersize=13, markeredgewidth=2)
        axes.plot(errors, [line.rank] * len(errors), "o", color=colour, markersize=3.5, alpha=0.85)
        labels.append(f"trial {line.trial}" + ("\n(baseline)" if baseline else ""))
    axes.set_yticks(spread["rank"], labels)
    axes.set_ylim(len(spread) + 0.6, 0.4)
    axes.grid(False, axis="y")
    accuracy_axis(axes, "x", error([*frame["test_accuracy"], *spread["low"], *spread["high"]]), "test accuracy")
    return figure


def _table(report: ReportData, finalists: FinalistData) -> Table:
    results = finalists.results.copy()
    bounds = zip(results["test_accuracy_low"], results["test_accuracy_high"], strict=True)
    results["interval"] = [f"{low:.4f}–{high:.4f}" for low, high in bounds]
    by_accuracy = report.objective.metric == "accuracy"
    validation = "validation" if by_accuracy else f"validation {metric_title(report.objective.metric)}"
    over = f"{LEVEL:.0%}, over seeds and test {finalists.predictions.noun}s"
    columns = [
        Column("rank", "rank"),
        Column("trial", "trial"),
        Column("test accuracy", "test_accuracy_mean", fixed(4), "mean over seeds"),
        Column("interval", "interval", title=over),
        Column("std", "test_accuracy_std", fixed(4), "standard deviation between seeds"),
        Column(validation, report.score, fixed(4), "mean over seeds; the rank is by this"),
        Column("train", "train_accuracy_mean", fixed(4), "mean over seeds, on all it was retrained on"),
        Column("test loss", "test_loss_mean", fixed(4)),
        *parameter_columns(report),
        Column("epochs", "epochs"),
        Column("seconds", "train_seconds", fixed(1), "of retraining, mean over seeds"),
        Column("published", "published_test_accuracy", lambda value: f"{value:g}"),
        Column("baseline", "baseline"),
    ]
    return Table("finalists", columns, results)


def seeds_frame(finalists: FinalistData) -> pd.DataFrame:
    """Return one row per finalist and seed."""
    rows = [
        {
            "rank": rank,
            "trial": row.number,
            "baseline": row.baseline,
            "seed": seed,
            "validation_accuracy": (finalists.rows[row.number, seed].validation or {}).get("accuracy"),
            "test_accuracy": float(finalists.predictions.correct(row.number, seed).mean()),
        }
        for rank, row in enumerate(finalists.ranked, start=1)
        for seed in range(finalists.seeds)
    ]
    return pd.DataFrame(rows)
