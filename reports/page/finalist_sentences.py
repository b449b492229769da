"""What is said of the finalists' test, a sentence each. All comparisons are those of `FinalistData.rivals`.

Plain text; whoever shows it makes it safe.
"""

import math

import numpy as np
import pandas as pd

from models.metrics.registry import OF_THE_SECOND
from reports.figures.figure import Figure
from reports.figures.statistics import LEVEL
from reports.finalists.published import Published, published_of
from reports.page.data import FinalistData, ReportData
from reports.page.wording import counted, listed, metric_title, p_value, trial_name
from search.trial import TrialRow

KeyFigure = tuple[str, str, str]  # its name, its value, what it rests on

MAX_NAMED = 5  # rivals whose bounds are told in a sentence; the table has all


def gain(finalists: FinalistData, baseline: TrialRow) -> tuple[str, KeyFigure]:
    """Return how far the winner lies above the baseline."""
    seeds, known, figure = finalists.seeds, finalists.tested(baseline.number), finalists.figure
    against, signed = finalists.against(baseline.number), figure.signed
    lead = figure.ahead(against["gap"], f"against {trial_name(baseline)}")
    told = "the two can be told apart" if against["apart"] else "the two cannot be told apart"
    only_one = "" if seeds > 1 else " One seed cannot say how much of that is the seed's luck."
    number = len(finalists.rivals)
    adjusted = f", adjusted for {number} comparisons" if number > 1 else ""
    sample = _sample(finalists)
    bounds = f"{signed(against['low'])} to {signed(against['high'])}"
    sentence = (
        f"That is {lead} ({figure.text(known.mean)}), with interval {bounds}{_of_gain(figure)}: "
        f"{told} ({p_value(against['p'])}{adjusted}, paired over {sample})."
    )
    basis = f"{bounds}; {'told apart' if against['apart'] else 'not told apart'}"
    return sentence + only_one, ("gain over the baseline", signed(against["gap"]), basis)


def in_standard(report: ReportData, finalists: FinalistData) -> tuple[str, KeyFigure] | None:
    """Return what the winner has of accuracy or rmse; None where these are what finalists are compared by."""
    standard, winner, predictions = report.figure, finalists.winner.number, finalists.predictions
    if finalists.figure.metric == standard.metric:
        return None
    of = standard.interval(predictions.scores(winner, finalists.seeds))
    name, constant = predictions.constant_answer()
    value, within = standard.text(of.mean), standard.within(of)
    sentence = (
        f"The winner's test {standard.title} is {value} ({LEVEL:.0%} interval {within}); always answering “{name}” "
        f"would have {standard.text(constant)}."
    )
    return sentence, (f"test {standard.title}", value, f"{within}; {_sample(finalists)}")


def undefined(report: ReportData, finalists: FinalistData) -> str | None:
    """Return why finalists are not compared by what was searched for; None where they are."""
    if finalists.figure.metric == report.objective.metric:
        return None
    return (
        f"Test {metric_title(report.objective.metric)} is not defined for every finalist, so figures and comparisons "
        f"are of {finalists.figure.title}, though finalists rank by the former."
    )


def of_one_class(finalists: FinalistData) -> str | None:
    """Return which of two classes the figures are of, where they are of one."""
    if finalists.figure.metric not in OF_THE_SECOND or len(classes := finalists.predictions.classes) != 2:
        return None
    title = finalists.figure.title
    return f"{title[0].upper()}{title[1:]} is of the class “{classes[1]}” alone, the second of the two."


def _of_gain(figure: Figure) -> str:
    """Return what an interval of gaps is of, where less is better."""
    return "" if figure.greater_is_better else " of the gain"


def model_file(finalists: FinalistData) -> tuple[str, KeyFigure] | None:
    """Return how good the one model is that is to be taken; None with one seed, whose headline says it."""
    if finalists.seeds == 1:
        return None
    figure, one, noun = finalists.figure, finalists.model_file(), finalists.predictions.noun
    file = finalists.rows[finalists.winner.number, 0].model
    sentence = (
        f"The model to take is finalists/{file}, one of its {finalists.seeds} seeds, named before the test: its own "
        f"test {figure.title} is {figure.text(one.mean)} ({LEVEL:.0%} interval {figure.within(one)}, of other "
        f"{noun}s of the same kind; its seed is fixed)."
    )
    return sentence, ("the model file", figure.text(one.mean), f"{figure.within(one)}; seed 0")


def _sample(finalists: FinalistData) -> str:
    noun = f"test {finalists.predictions.noun}"
    return f"{counted(finalists.seeds, 'seed')} and {counted(len(finalists.predictions.labels), noun)}"


def inseparable(finalists: FinalistData) -> list[int]:
    """Return the finalists that cannot be told apart from the winner."""
    rivals = finalists.rivals
    return [int(number) for number in rivals[~rivals["apart"]]["trial"]]


def rivals(finalists: FinalistData) -> list[str]:
    """Return who can be told apart from the winner, how much worse the others may be, and which is cheap enough."""
    rivals, alike, figure = finalists.rivals, inseparable(finalists), finalists.figure
    if rivals.empty:
        return ["It is the only finalist."]
    sentences = []
    ahead = rivals[rivals["apart"] & (rivals["gap"] < 0)]["trial"]
    if len(ahead):
        sentences.append(
            f"On the test set {_trials(ahead)} did better, and can be told apart from it; the rank was fixed before, "
            "on validation scores, and stays."
        )
    if not alike:
        sentences.append(f"Trial {finalists.winner.number} can be told apart from every other finalist.")
    else:
        nearest = rivals[~rivals["apart"]].head(MAX_NAMED)
        bounds = [
            f"trial {trial} is at most {figure.text(float(high))} worse"
            for trial, high in zip(nearest["trial"], nearest["high"], strict=True)
        ]
        sentences.append(
            f"Trial {finalists.winner.number} cannot be told apart from {_trials(alike)} with {_sample(finalists)}, "
            f"which does not make them equal: {listed(bounds)} ({LEVEL:.0%}, all bounds together)."
        )
    return sentences + cheapest(rivals, figure, figure.margin(finalists.tested(finalists.winner.number).mean))


def cheapest(rivals: pd.DataFrame, figure: Figure, margin: float) -> list[str]:
    """Return which finalist to take where a little may be given for a cheaper model, if one is sure enough."""
    cheaper = rivals[(rivals["multiply_adds"] < 1) & (rivals["high"] <= margin)]
    if cheaper.empty:
        return []
    row = cheaper.sort_values(["multiply_adds", "high"]).iloc[0]
    worse = f"at most {figure.text(row['high'])} worse" if row["high"] > 0 else "not worse"
    return [
        f"Where {margin:.3g} of {figure.title} may be given for less work, take trial {row['trial']}: a prediction "
        f"takes {row['multiply_adds']:.2g} of the winner's multiply-adds, and it is {worse} ({LEVEL:.0%})."
    ]


def _trials(numbers: object) -> str:
    items = list(numbers)  # type: ignore[call-overload]
    return f"trial{'s' if len(items) > 1 else ''} {listed(items)}"


def one_answer(finalists: FinalistData) -> tuple[str, str]:
    """Return what `FinalistData.constant` is of: what is always answered, and what is quoted of it."""
    predictions, (name, _) = finalists.predictions, finalists.predictions.constant_answer()
    if not predictions.classes:
        return "the mean", name
    if finalists.figure.metric == predictions.figure.metric:
        return "the commonest class", f"“{name}”"
    return "the classes' shares", f"“{name}” the most likely"


def always(finalists: FinalistData) -> str:
    """Return the same, short: `“0”`, or `the classes' shares`."""
    if finalists.figure.metric == finalists.predictions.figure.metric:
        return f"“{finalists.predictions.constant_answer()[0]}”"
    return one_answer(finalists)[0]


def constant_answer(finalists: FinalistData) -> tuple[str, KeyFigure] | None:
    """Return what always giving the same answer would have, and how the winner lies to it; None if not defined."""
    value, gap, figure = finalists.constant, finalists.above_constant, finalists.figure
    if value is None or gap is None:
        return None
    what, quoted = one_answer(finalists)
    sentence = f"Always answering {what}, {quoted}, would have {figure.title} {figure.text(value)}"
    if gap.low <= 0:
        bounds = f"{figure.signed(gap.low)} to {figure.signed(gap.high)}"
        sentence += f": the winner is not better{' for certain' if gap.mean > 0 else ''} ({bounds})"
    return f"{sentence}.", (f"always {what}", figure.text(value), quoted)


def luck(report: ReportData, finalists: FinalistData) -> tuple[str, KeyFigure]:
    """Return how far the search's best score lies above that of its configuration under new seeds, all else equal.

    That is the luck of its seed, and of its epoch, which was chosen for its score; the new seeds had no part in that.
    The luck of its images is not in it.
    """
    best, objective, name = report.best, report.objective, "luck of seed and epoch"
    text, signed = objective.text, Figure(objective.metric).signed
    assert best is not None  # there are finalists
    score = float(report.trials[report.score][best])
    curves, epoch = finalists.curves, report.trials["best_epoch"][best]
    again = curves[(curves["trial"] == best) & (curves["epoch"] <= epoch) & np.isfinite(curves["validation_loss"])]
    again = again.sort_values("epoch").groupby("seed").tail(1)  # a seed may have run out of patience before
    if report.study.patience is None:
        again = again[again["epoch"] == epoch]
    again = again[report.score]
    mean = float(again.mean()) if len(again) == finalists.seeds else math.nan  # a seed that diverged has no such epoch
    if not math.isfinite(mean):
        sentence = f"The search's best trial, {best} with {text(score)}, diverged when it was trained again."
        return sentence, (name, "not known", f"best score {text(score)}, diverged again")
    gap = objective.cost(mean) - objective.cost(score)
    told = f"was lucky by {text(gap)} in its seed and its epoch" if gap > 0 else "was not lucky in its seed"
    sentence = (
        f"The search's best validation score, {text(score)} (trial {best}, {counted(int(epoch), 'epoch')}), {told}: "
        f"under {counted(finalists.seeds, 'new seed')}, that configuration comes to {text(mean)} after as many. Both "
        "are scored on the examples that chose it, so it may be lucky in these too, by an amount that is not measured."
    )
    return sentence, (name, signed(gap), f"of trial {best}: best score {text(score)}, again {text(mean)}")


def published(report: ReportData, finalists: FinalistData, baseline: TrialRow) -> tuple[str, KeyFigure] | None:
    """Return how the baseline's published figure lies to what one more run here would come to."""
    of: Published | None = published_of(report.study, finalists.predictions, finalists.seeds, baseline)
    if of is None:
        return None
    text, within = report.figure.text, report.figure.within
    named = "" if finalists.figure.metric == report.figure.metric else f"test {report.figure.title} "
    start = (
        f"Published for “{baseline.baseline}”: {named}{of.figure:g}. The same configuration comes to "
        f"{text(of.run.mean)} here"
    )
    figure = ("published", f"{of.figure:g}", f"reproduced: {text(of.run.mean)}")
    if of.side is None:
        return f"{start}, with one seed, which cannot say how far a single run may lie from it.", figure
    said = (
        "" if report.study.keep == "last" else " Ours was retrained for its best epoch, which its author may not have."
    )
    return (
        f"{start}; one more run would come to {within(of.run)} ({LEVEL:.0%}, other seeds on the same "
        f"{finalists.predictions.noun}s), and the published figure lies {of.side} that.{said}",
        figure,
    )
