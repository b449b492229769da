"""The verdict in words: what to believe of a study, and how sure that is.

Plain text; whoever shows it makes it safe. Must not query the record: it is given `ReportData`.
"""

import math
from dataclasses import dataclass

from reports.finalists.table import published_accuracy
from reports.page.data import FinalistData, ReportData
from reports.page.wording import counted, listed, metric_title, p_value, signed, trial_name, within
from reports.statistics import LEVEL
from search.trial import TrialRow

KeyFigure = tuple[str, str, str]  # its name, its value, what it rests on


@dataclass(frozen=True)
class Verdict:
    """What came out of a study."""

    headline: str  # one sentence
    sentences: list[str]  # what bears it out
    figures: list[KeyFigure]


def verdict(report: ReportData) -> Verdict:
    """Return what came out of a study, or out of what there is of it so far."""
    return _search_verdict(report) if report.finalists is None else _test_verdict(report, report.finalists)


def _search_verdict(report: ReportData) -> Verdict:
    """Return what the search says by itself, before any finalist is retrained."""
    trials = report.trials
    if trials.empty:
        return Verdict("Nothing is known yet: the study has no trial.", [], [])
    counts = [f"{(trials['fate'] == fate).sum():,} {fate}" for fate in dict.fromkeys(trials["fate"].sort_values())]
    fates = f"Of {counted(len(trials), 'trial')} so far: {', '.join(counts)}."
    if report.best is None:
        return Verdict("Nothing is known yet: no trial is complete.", [fates], [])
    best = trials.loc[report.best]
    sentences = [
        f"That is the best of {int((trials['state'] == 'complete').sum()):,} complete trials on the images that chose "
        "it, so it is optimistic by an amount nobody knows. How good the configuration is, and whether it beats the "
        "baseline, only finalists can tell: trained again under several seeds and tested once.",
        fates,
    ]
    figures = [("best validation score", f"{best[report.score]:.4f}", f"trial {report.best}, one seed")]
    for row in report.rows:
        if row.baseline is not None:
            baseline = trials.loc[row.number]
            value = f"{baseline[report.score]:.4f}" if baseline["fate"] == "complete" else str(baseline["fate"])
            figures.append((f"baseline “{row.baseline}”", value, f"trial {row.number}, one seed"))
    return Verdict(
        f"The search's best is {trial_name(report.rows[report.best])}, with validation "
        f"{metric_title(report.objective.metric)} {best[report.score]:.4f}; nothing is tested yet.",
        sentences,
        figures,
    )


def _test_verdict(report: ReportData, finalists: FinalistData) -> Verdict:
    winner, baseline, predictions = finalists.winner, finalists.baseline, finalists.predictions
    accuracy = finalists.accuracy(winner.number)
    basis = f"{counted(finalists.seeds, 'seed')} × {counted(len(predictions.labels), predictions.noun)}"
    headline = f"Trial {trial_name(winner).removeprefix('trial ')}{',' if winner.baseline else ''} wins: test accuracy "
    headline += f"{accuracy.mean:.4f} ({LEVEL:.0%} interval {within(accuracy)})."
    figures = [("test accuracy", f"{accuracy.mean:.4f}", f"{within(accuracy)}; {basis}")]
    sentences = []
    if baseline is None:
        sentences.append("The study has no baseline that finished, so there is nothing to tell its gain against.")
    elif baseline == winner:
        sentences.append("No trial of the search did better than what its author already knew.")
    else:
        sentence, figure = _gain(finalists, baseline)
        sentences.append(sentence)
        figures.append(figure)
    sentences.append(_rivals(finalists))
    sentence, figure = _optimism(report, finalists)
    sentences.append(sentence)
    figures.append(figure)
    if baseline is not None and (published := published_accuracy(report.study, baseline)) is not None:
        reproduced = finalists.accuracy(baseline.number)
        side = "above" if published > reproduced.high else "below"
        side = "inside" if reproduced.low <= published <= reproduced.high else side
        sentences.append(
            f"Published for “{baseline.baseline}”: {published:g}. The same configuration comes to "
            f"{reproduced.mean:.4f} here ({within(reproduced)}); the published figure lies {side} that interval."
        )
        figures.append(("published", f"{published:g}", f"reproduced: {reproduced.mean:.4f}"))
    return Verdict(headline, sentences, figures)


def _gain(finalists: FinalistData, baseline: TrialRow) -> tuple[str, KeyFigure]:
    """Return how far the winner lies above the baseline, as a sentence and as a key figure."""
    seeds, known = finalists.seeds, finalists.accuracy(baseline.number)
    gap, p = finalists.gap(finalists.winner.number, baseline.number)
    apart = p < 1 - LEVEL
    told = "the two can be told apart" if apart else "the two cannot be told apart"
    only_one = "" if seeds > 1 else " One seed cannot say how much of that is the seed's luck."
    sentence = (
        f"That is {signed(gap.mean)} against {trial_name(baseline)} ({known.mean:.4f}), with interval "
        f"{signed(gap.low)} to {signed(gap.high)}: {told} at {counted(seeds, 'seed')} ({p_value(p)}, paired over seeds "
        f"and test {finalists.predictions.noun}s)."
    )
    basis = f"{signed(gap.low)} to {signed(gap.high)}; {'told apart' if apart else 'not told apart'}"
    return sentence + only_one, ("gain over the baseline", signed(gap.mean), basis)


def inseparable(finalists: FinalistData) -> list[int]:
    """Return the finalists that cannot be told apart from the winner."""
    pairs = finalists.pairs
    alike = pairs[(pairs["first"] == finalists.winner.number) & ~pairs["apart"]]
    return [int(number) for number in alike["second"]]


def _rivals(finalists: FinalistData) -> str:
    """Return whether the winner can be told apart from the other finalists."""
    alike, pairs = inseparable(finalists), finalists.pairs
    if len(finalists.ranked) == 1:
        return "It is the only finalist."
    ahead = pairs[(pairs["first"] == finalists.winner.number) & pairs["apart"] & (pairs["gap"] < 0)]["second"]
    if len(ahead):
        return (
            f"On the test set trial{'s' if len(ahead) > 1 else ''} {listed(ahead)} did better, and can be told apart "
            "from it; the rank was fixed before, on validation scores, and stays."
        )
    if not alike:
        return "It can be told apart from every other finalist (p values adjusted by Holm for their number)."
    return (
        f"It cannot be told apart from trial{'s' if len(alike) > 1 else ''} {listed(alike)} at "
        f"{counted(finalists.seeds, 'seed')}: take the cheapest of them with a clear conscience."
    )


def _optimism(report: ReportData, finalists: FinalistData) -> tuple[str, KeyFigure]:
    """Return how far the search's best score lies above that of the same configuration under new seeds."""
    best, objective = report.best, report.objective
    assert best is not None  # there are finalists
    score = float(report.trials[report.score][best])
    by_seed = [(finalists.rows[best, seed].validation or {}) for seed in range(finalists.seeds)]
    mean = sum(metrics.get(objective.metric, 0.0) for metrics in by_seed) / len(by_seed)
    if not math.isfinite(mean):
        sentence = f"The search's best trial, {best} with {score:.4f}, diverged when it was trained again."
        return sentence, ("optimism of the search", "not known", f"best score {score:.4f}, diverged again")
    gap = objective.cost(mean) - objective.cost(score)
    worse = "below" if objective.direction == "maximize" else "above"
    told = f"optimistic by {gap:.4f}" if gap > 0 else f"not optimistic ({-gap:.4f} {worse})"
    sentence = (
        f"The search's best validation score, {score:.4f} (trial {best}), was {told}: trained again on the same images "
        f"under {counted(finalists.seeds, 'new seed')}, that configuration comes to {mean:.4f}."
    )
    return sentence, ("optimism of the search", signed(gap), f"best score {score:.4f}, again {mean:.4f}")
