"""What is said of the finalists' test, a sentence each. All comparisons are those of `FinalistData.rivals`.

Plain text; whoever shows it makes it safe.
"""

import math

import pandas as pd

from reports.finalists.published import Published, published_of
from reports.page.data import FinalistData, ReportData
from reports.page.wording import counted, listed, p_value, signed, trial_name, within
from reports.statistics import LEVEL
from search.trial import TrialRow

KeyFigure = tuple[str, str, str]  # its name, its value, what it rests on

MARGIN = 0.005  # of accuracy: so much less is taken for a cheaper model
MAX_NAMED = 5  # rivals whose bounds are told in a sentence; the table has all


def gain(finalists: FinalistData, baseline: TrialRow) -> tuple[str, KeyFigure]:
    """Return how far the winner lies above the baseline."""
    seeds, known = finalists.seeds, finalists.accuracy(baseline.number)
    against = finalists.against(baseline.number)
    told = "the two can be told apart" if against["apart"] else "the two cannot be told apart"
    only_one = "" if seeds > 1 else " One seed cannot say how much of that is the seed's luck."
    number = len(finalists.rivals)
    adjusted = f", adjusted for {number} comparisons" if number > 1 else ""
    bounds = f"{signed(against['low'])} to {signed(against['high'])}"
    sentence = (
        f"That is {signed(against['gap'])} against {trial_name(baseline)} ({known.mean:.4f}), with interval {bounds}: "
        f"{told} at {counted(seeds, 'seed')} ({p_value(against['p'])}{adjusted}, paired over seeds and test "
        f"{finalists.predictions.noun}s)."
    )
    basis = f"{bounds}; {'told apart' if against['apart'] else 'not told apart'}"
    return sentence + only_one, ("gain over the baseline", signed(against["gap"]), basis)


def inseparable(finalists: FinalistData) -> list[int]:
    """Return the finalists that cannot be told apart from the winner."""
    rivals = finalists.rivals
    return [int(number) for number in rivals[~rivals["apart"]]["trial"]]


def rivals(finalists: FinalistData) -> list[str]:
    """Return who can be told apart from the winner, how much worse the others may be, and which is cheap enough."""
    rivals, alike = finalists.rivals, inseparable(finalists)
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
        sentences.append("It can be told apart from every other finalist.")
    else:
        bounds = [
            f"trial {row.trial} is at most {row.high:.4f} worse" for row in rivals[~rivals["apart"]].itertuples()
        ][:MAX_NAMED]
        sentences.append(
            f"It cannot be told apart from {_trials(alike)} at {counted(finalists.seeds, 'seed')}, which does not make "
            f"them equal: {listed(bounds)} ({LEVEL:.0%}, together with all else said of them)."
        )
    return sentences + cheapest(rivals)


def cheapest(rivals: pd.DataFrame) -> list[str]:
    """Return which finalist to take where a little accuracy may be given for a cheaper model, if one is sure enough."""
    cheaper = rivals[(rivals["multiply_adds"] < 1) & (rivals["high"] <= MARGIN)]
    if cheaper.empty:
        return []
    row = cheaper.sort_values(["multiply_adds", "high"]).iloc[0]
    worse = f"at most {row['high']:.4f} worse" if row["high"] > 0 else "not worse"
    return [
        f"Where {MARGIN:g} of accuracy may be given for less work, take trial {row['trial']}: a prediction takes "
        f"{row['multiply_adds']:.2g} of the winner's multiply-adds, and it is {worse} ({LEVEL:.0%})."
    ]


def _trials(numbers: object) -> str:
    items = list(numbers)  # type: ignore[call-overload]
    return f"trial{'s' if len(items) > 1 else ''} {listed(items)}"


def commonest_class(finalists: FinalistData) -> tuple[str, KeyFigure]:
    """Return what always answering the commonest class would have."""
    (name, accuracy), gap = finalists.predictions.commonest_class(), finalists.above_commonest
    sentence = f"Always answering the commonest class, “{name}”, would have {accuracy:.4f}"
    if gap.low <= 0:
        sentence += f": the winner is not better for certain ({signed(gap.low)} to {signed(gap.high)})"
    return f"{sentence}.", ("always the commonest class", f"{accuracy:.4f}", f"“{name}”")


def luck(report: ReportData, finalists: FinalistData) -> tuple[str, KeyFigure]:
    """Return how far the search's best score lies above that of its configuration under new seeds, all else equal.

    That is the luck of its seed, and of its epoch, which was chosen for its score; the new seeds had no part in that.
    The luck of its images is not in it.
    """
    best, objective, name = report.best, report.objective, "luck of seed and epoch"
    assert best is not None  # there are finalists
    score = float(report.trials[report.score][best])
    curves, epoch = finalists.curves, report.trials["best_epoch"][best]
    again = curves[(curves["trial"] == best) & (curves["epoch"] == epoch)][report.score]
    mean = float(again.mean()) if len(again) == finalists.seeds else math.nan  # a seed that diverged has no such epoch
    if not math.isfinite(mean):
        sentence = f"The search's best trial, {best} with {score:.4f}, diverged when it was trained again."
        return sentence, (name, "not known", f"best score {score:.4f}, diverged again")
    gap = objective.cost(mean) - objective.cost(score)
    told = f"was lucky by {gap:.4f} in its seed and its epoch" if gap > 0 else "was not lucky in its seed"
    sentence = (
        f"The search's best validation score, {score:.4f} (trial {best}), {told}: trained again under "
        f"{counted(finalists.seeds, 'new seed')}, that configuration comes to {mean:.4f} after as many epochs. Both "
        "are scored on the examples that chose it, so it may be lucky in these too, by an amount that is not measured."
    )
    return sentence, (name, signed(gap), f"best score {score:.4f}, again {mean:.4f}")


def published(report: ReportData, finalists: FinalistData, baseline: TrialRow) -> tuple[str, KeyFigure] | None:
    """Return how the baseline's published figure lies to what one more run here would come to."""
    of: Published | None = published_of(report.study, finalists.predictions, finalists.seeds, baseline)
    if of is None:
        return None
    start = (
        f"Published for “{baseline.baseline}”: {of.accuracy:g}. The same configuration comes to {of.run.mean:.4f} here"
    )
    figure = ("published", f"{of.accuracy:g}", f"reproduced: {of.run.mean:.4f}")
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
