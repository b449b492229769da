"""How often comparisons by a metric that is no mean over rows are right, and by the loss, which is one.

`nice -n 10 python -m tests.benchmarks.honesty.comparisons [reports]`

Two configurations answer the same rows of two classes under as many seeds. A row's score is its class's mean, 0 or
1.5, plus luck of the row that both share, luck of the row under one of them, and luck of the row under a seed; a seed's
skill scales the difference of the means. Probabilities follow from scores, a fifth too sure. Of equal configurations
the table tells how many of 100 pairs are told apart, which should be five. Of a second one with a mean of 1.3, half too
sure, it tells how many of 100 intervals hold the true gap, and how many pairs are told apart. The truth is that of 64
seeds on 100,000 rows each.

A draw is how often each row is in it, so that a metric of all draws is one product or one sum.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.engine.predictions import predictions_of
from models.metrics.registry import metric_named
from reports.figures.resampled import DRAWS, Resampled, compare_resampled
from reports.figures.statistics import LEVEL, Comparison, compare
from reports.finalists.one_answer import error_of_one_answer
from tests.benchmarks.honesty import say

Numbers = NDArray[np.float64]
Weighted = Callable[[Numbers, NDArray[np.bool_], Numbers], Numbers]  # logits (N,), labels (N,), counts (D, N) to (D,)

SHARES, ROWS, SEEDS = (0.05, 0.3), (100, 300, 1000), (3, 5)
MEAN, WORSE, OF_SKILL, OF_ROW, OF_SEED = 1.5, 1.3, 0.05, 0.3, 0.3
SURE, TOO_SURE = 1.2, 1.5
BINS = 15


def answers(
    draws: np.random.Generator, labels: NDArray[np.bool_], shared: Numbers, share: float, seeds: int, *, worse: bool
) -> Numbers:
    """Return a configuration's logits of the second class, (S, N)."""
    mean, rows = WORSE if worse else MEAN, len(labels)
    skill = mean * (1 + OF_SKILL * draws.normal(size=(seeds, 1)))
    scores = labels * skill + shared + OF_ROW * draws.normal(size=rows) + OF_SEED * draws.normal(size=(seeds, rows))
    right = mean * (scores - mean / 2) / (1 + OF_ROW**2 + OF_SEED**2) + np.log(share / (1 - share))
    return np.asarray((TOO_SURE if worse else SURE) * right)


# --- metrics of all draws at once -------------------------------------------------------------------------------------


def ratio(part: Numbers, whole: Numbers) -> Numbers:
    """Return part / whole, and 0 where the whole is 0."""
    return part / np.where(whole > 0, whole, 1.0)


def f1(logits: Numbers, labels: NDArray[np.bool_], counts: Numbers) -> Numbers:
    """Return that of the second class."""
    hits, true, answered = (counts @ of.astype(float) for of in (labels & (logits > 0), labels, logits > 0))
    return ratio(2 * hits, true + answered)


def balanced_accuracy(logits: Numbers, labels: NDArray[np.bool_], counts: Numbers) -> Numbers:
    """Return the mean share of right answers over the classes that there are."""
    own = [counts @ (labels == each).astype(float) for each in (False, True)]
    hits = [counts @ ((labels == each) & ((logits > 0) == each)).astype(float) for each in (False, True)]
    return (ratio(hits[0], own[0]) + ratio(hits[1], own[1])) / sum((of > 0).astype(float) for of in own)


def average_precision(logits: Numbers, labels: NDArray[np.bool_], counts: Numbers) -> Numbers:
    """Return that of the second class; NaN without any."""
    order = np.argsort(-logits)
    counts, hits = counts[:, order], counts[:, order] * labels[order]
    with np.errstate(invalid="ignore"):
        return np.asarray((hits * ratio(hits.cumsum(1), counts.cumsum(1))).sum(1) / hits.sum(1))


def roc_auc(logits: Numbers, labels: NDArray[np.bool_], counts: Numbers) -> Numbers:
    """Return the share of pairs that are ranked rightly; NaN without any."""
    order = np.argsort(logits)
    own, rest = counts[:, order] * labels[order], counts[:, order] * ~labels[order]
    with np.errstate(invalid="ignore"):
        return np.asarray((own * rest.cumsum(1)).sum(1) / (own.sum(1) * rest.sum(1)))


def calibration_error(logits: Numbers, labels: NDArray[np.bool_], counts: Numbers) -> Numbers:
    """Return the mean distance of confidence from accuracy over bins."""
    confidence = 1 / (1 + np.exp(-np.abs(logits)))
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = ((logits > 0) == labels) - confidence
    return np.asarray(np.abs(counts @ (np.eye(BINS)[bins] * gaps[:, np.newaxis])).sum(1) / counts.sum(1))


METRICS: dict[str, tuple[Weighted, bool]] = {  # and whether greater is better
    "average_precision": (average_precision, True),
    "roc_auc": (roc_auc, True),
    "f1": (f1, True),
    "balanced_accuracy": (balanced_accuracy, True),
    "calibration_error": (calibration_error, False),
}


def losses(logits: Numbers, labels: NDArray[np.bool_]) -> Numbers:
    """Return the cross entropy of each row, (S, N)."""
    return np.logaddexp(0.0, np.where(labels, -logits, logits))


# --- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Configuration:
    """What a configuration comes to: on the rows, and on the draws of them."""

    losses: Numbers  # (S, N)
    resampled: dict[str, Resampled]  # by metric
    least: dict[str, float]  # error of a gap where two agree on all rows, as the report adds it


def measured(logits: Numbers, labels: NDArray[np.bool_], counts: Numbers) -> Configuration:
    """Return what a configuration comes to; the first of the counts are of the rows themselves."""
    found, least = {}, {}
    both = torch.from_numpy(np.stack([np.zeros_like(logits), logits], axis=2))
    given = predictions_of("cross_entropy", both, torch.from_numpy(labels.astype(np.int64)))
    for name, (metric, _) in METRICS.items():
        of = np.stack([metric(of_seed, labels, counts) for of_seed in logits], axis=1)  # (1 + D, S)
        found[name] = Resampled(of[0], of[1:], len(labels))
        error = error_of_one_answer(metric_named(name), given)
        least[name] = 2**0.5 / (len(labels) + 2) if error is None else error
    return Configuration(losses(logits, labels), found, least)


def compared(first: Configuration, second: Configuration) -> dict[str, Comparison]:
    """Return by how much the first is better, by every metric."""
    found = {"loss": compare(second.losses, first.losses)}
    for name, (_, greater_is_better) in METRICS.items():
        better, worse = (first, second) if greater_is_better else (second, first)
        least = max(first.least[name], second.least[name])
        found[name] = compare_resampled(better.resampled[name], worse.resampled[name], least)
    return found


def true_gaps(draws: np.random.Generator, share: float) -> dict[str, float]:
    """Return by how much the first configuration is better, by every metric."""
    gaps: dict[str, list[float]] = {name: [] for name in ("loss", *METRICS)}
    for _ in range(64):
        labels, shared = draws.random(100_000) < share, draws.normal(size=100_000)
        pair = [answers(draws, labels, shared, share, 1, worse=worse) for worse in (False, True)]
        gaps["loss"].append(float(losses(pair[1], labels).mean() - losses(pair[0], labels).mean()))
        for name, (metric, greater_is_better) in METRICS.items():
            first, second = (float(metric(of[0], labels, np.ones((1, len(labels))))[0]) for of in pair)
            gaps[name].append(first - second if greater_is_better else second - first)
    return {name: float(np.mean(of)) for name, of in gaps.items()}


def main(reports: int) -> None:
    """Print the table."""
    names = ["loss", *METRICS]
    say(
        f"{reports} pairs a cell, of 100: equal ones told apart; intervals that hold the gap, unequal ones told apart\n"
    )
    say("| positive | rows | seeds | " + " | ".join(name.replace("_", " ") for name in names) + " |")
    say("|---:|---:|---:|" + "---:|" * len(names))
    draws = np.random.default_rng(0)
    for share in SHARES:
        truth = true_gaps(draws, share)
        for rows in ROWS:
            for seeds in SEEDS:
                told = {name: np.zeros(3) for name in names}
                for _ in range(reports):
                    labels, shared = draws.random(rows) < share, draws.normal(size=rows)
                    counts = np.vstack([np.ones(rows), draws.multinomial(rows, np.full(rows, 1 / rows), DRAWS)])
                    first, equal, second = (
                        measured(answers(draws, labels, shared, share, seeds, worse=worse), labels, counts)
                        for worse in (False, False, True)
                    )
                    of_equal = compared(first, equal)
                    for name, of in compared(first, second).items():
                        apart = of_equal[name].p < 1 - LEVEL
                        held = of.gap.low <= truth[name] <= of.gap.high
                        told[name] += [apart, held, of.p < 1 - LEVEL]
                cells = ["{:.1f}; {:.1f}, {:.0f}".format(*(100 * told[name] / reports)) for name in names]
                say(f"| {share:.0%} | {rows:,} | {seeds} | {' | '.join(cells)} |")
        say(f"| {share:.0%} | gap | | {' | '.join(f'{truth[name]:.4f}' for name in names)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
