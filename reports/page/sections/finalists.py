"""All seeds of all finalists on the test set, and the table of `results.csv`."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from reports.figures.figure import Figure as TestFigure
from reports.figures.statistics import LEVEL
from reports.page.data import FinalistData, ReportData
from reports.page.sections.base import Column, Drawing, Part, Section, Table, fixed, parameter_columns
from reports.page.style import BASELINE, PLAIN, WINNER, ScoreAxis, new_figure
from reports.page.wording import counted, metric_title
from search.objective import Objective

MAX_DRAWN = 20  # finalists


class Finalists(Section):
    """The test figure of every finalist under every seed, and their table."""

    chapter = "finalists"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the figure and the table, where there are finalists."""
        finalists = report.finalists
        if finalists is None:
            return []
        frame, number, figure = seeds_frame(finalists), len(finalists.ranked), finalists.figure
        mean = figure.text(finalists.tested(finalists.winner.number).mean)
        more = f" The first {MAX_DRAWN} of {number} finalists; the table has all." if number > MAX_DRAWN else ""
        drawing = Drawing(
            "finalists",
            f"Test {figure.title} of every seed",
            f"Test {figure.title} of {counted(number, 'finalist')} by rank, with a mark for each of "
            f"{counted(finalists.seeds, 'seed')}. First in rank is trial {finalists.winner.number}, mean {mean}.",
            frame,
            partial(_draw, finalists.results, frame, figure),
            f"A dot is a seed, a stroke the mean, a band the {LEVEL:.0%} interval. By rank, which was fixed before the "
            f"test set was opened.{more}",
        )
        return [drawing, _table(report, finalists)]


def _draw(results: pd.DataFrame, frame: pd.DataFrame, of: TestFigure, width: float) -> Figure:
    """Draw every finalist's seeds, mean and interval."""
    metric, direction = of.metric, "maximize" if of.greater_is_better else "minimize"
    columns = {f"test_{metric}_{end}": end for end in ("mean", "low", "high")}
    spread, frame = results.head(MAX_DRAWN).rename(columns=columns), frame[frame["rank"] <= MAX_DRAWN]
    figure, axes = new_figure(width, 0.7 + 0.36 * len(spread))
    drawn = [*frame[f"test_{metric}"], *spread["low"], *spread["high"]]
    axis = ScoreAxis(Objective(metric, direction=direction), drawn, f"test {metric_title(metric)}")
    labels = []
    for line in spread.itertuples():
        baseline = isinstance(line.baseline, str)
        colour = WINNER if line.rank == 1 else BASELINE if baseline else PLAIN
        places = axis.place(frame[frame["trial"] == line.trial][f"test_{metric}"])
        axes.plot(axis.place([line.low, line.high]), [line.rank] * 2, color=colour, linewidth=5, alpha=0.25)
        axes.plot(axis.place([line.mean]), [line.rank], "|", color=colour, markersize=13, markeredgewidth=2)
        axes.plot(places, [line.rank] * len(places), "o", color=colour, markersize=3.5, alpha=0.85)
        labels.append(f"trial {line.trial}" + ("\n(baseline)" if baseline else ""))
    axes.set_yticks(spread["rank"], labels)
    axes.set_ylim(len(spread) + 0.6, 0.4)
    axes.grid(False, axis="y")
    axis.apply(axes, "x")
    return figure


def _table(report: ReportData, finalists: FinalistData) -> Table:
    results, standard, figure, objective = finalists.results.copy(), report.figure, finalists.figure, report.objective
    over = f"{LEVEL:.0%}, over seeds and test {finalists.predictions.noun}s"
    drawn = f"{LEVEL:.0%}, over seeds, and test {finalists.predictions.noun}s drawn anew"
    tested = _tested(figure, results, drawn if finalists.measured.draws else over)
    if figure.metric != standard.metric:
        tested += _tested(standard, results, over)
    validation = "validation" + ("" if objective.metric == standard.metric else f" {metric_title(objective.metric)}")
    columns = [
        Column("rank", "rank"),
        Column("trial", "trial"),
        *tested,
        Column(validation, report.score, objective.text, "mean over seeds; the rank is by this"),
        Column(
            "train" if figure.metric == standard.metric else f"train {standard.title}",
            f"train_{standard.metric}_mean",
            standard.text,
            "mean over seeds, on all it was retrained on",
        ),
        *([] if figure.metric == "loss" else [Column("test loss", "test_loss_mean", fixed(4))]),
        *parameter_columns(report),
        Column("epochs", "epochs"),
        Column("seconds", "train_seconds", fixed(1), "of retraining, mean over seeds"),
        Column("published", f"published_test_{standard.metric}", lambda value: f"{value:g}"),
        Column("baseline", "baseline"),
    ]
    return Table("finalists", columns, results)


def _tested(figure: TestFigure, results: pd.DataFrame, over: str) -> list[Column]:
    """Return the columns of a test figure, and add that of its interval to the table."""
    mean, std, low, high = (f"test_{figure.metric}_{end}" for end in ("mean", "std", "low", "high"))
    interval = f"{figure.metric}_interval"
    bounds = zip(results[low], results[high], strict=True)
    results[interval] = [f"{figure.text(start)}–{figure.text(end)}" for start, end in bounds]
    columns = [
        Column(f"test {figure.title}", mean, figure.text, "mean over seeds"),
        Column("interval", interval, title=over),
    ]
    if std in results:
        columns.append(Column("std", std, figure.text, "standard deviation between seeds"))
    return columns


def seeds_frame(finalists: FinalistData) -> pd.DataFrame:
    """Return one row per finalist and seed."""
    metric = finalists.figure.metric
    tested = {row.number: finalists.measured.by_seed(row.number) for row in finalists.ranked}
    rows = [
        {
            "rank": rank,
            "trial": row.number,
            "baseline": row.baseline,
            "seed": seed,
            f"validation_{metric}": (finalists.rows[row.number, seed].validation or {}).get(metric),
            f"test_{metric}": float(tested[row.number][seed]),
        }
        for rank, row in enumerate(finalists.ranked, start=1)
        for seed in range(finalists.seeds)
    ]
    return pd.DataFrame(rows)
