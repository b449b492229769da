"""How often intervals of average precision, which is no mean over rows, hold the truth.

`nice -n 10 python -m tests.benchmarks.honesty.coverage_of_resampled [reports]`

A row's score is its class's mean, 0 or 1.5, plus luck of the row, and luck of the row under a seed; a seed's skill
scales the difference of the means. The truth is the mean over many seeds of the average precision on 400,000 rows.
"""

import sys

import numpy as np
from numpy.typing import NDArray

from reports.figures.resampled import DRAWS, Resampled, resampled_interval
from tests.benchmarks.honesty import say

SHARES, ROWS, SEEDS = (0.05, 0.3), (200, 600), (1, 3, 5)
MEAN, OF_SKILL, OF_SEED = 1.5, 0.1, 0.3


def average_precision(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return that of each seed, (S,), of scores (S, N) without ties; NaN without any positive."""
    hits = labels[np.argsort(-scores, axis=1)]
    precision = hits.cumsum(1) / np.arange(1, hits.shape[1] + 1)
    with np.errstate(invalid="ignore"):
        return np.asarray((precision * hits).sum(1) / hits.sum(1))


def drawn(
    draws: np.random.Generator, share: float, rows: int, seeds: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return scores (S, N) and labels (N,); one seed has no luck."""
    labels = draws.random(rows) < share
    skill = MEAN * (1 + (OF_SKILL if seeds > 1 else 0.0) * draws.normal(size=(seeds, 1)))
    return labels * skill + draws.normal(size=rows) + OF_SEED * draws.normal(size=(seeds, rows)), labels


def main(reports: int) -> None:
    """Print the table."""
    say(f"{reports} reports a cell; intervals that hold the truth, of 100\n")
    say("| share | rows | " + " | ".join(f"{seeds} seed{'s' * (seeds > 1)}" for seeds in SEEDS) + " |")
    say("|---|---:|" + "---:|" * len(SEEDS))
    draws = np.random.default_rng(0)
    for share in SHARES:
        truths = {
            seeds: np.mean([average_precision(*drawn(draws, share, 400_000, min(seeds, 2))).mean() for _ in range(4)])
            for seeds in SEEDS
        }
        for rows in ROWS:
            cells = []
            for seeds in SEEDS:
                held = 0
                for _ in range(reports):
                    scores, labels = drawn(draws, share, rows, seeds)
                    chosen = (draws.integers(rows, size=rows) for _ in range(DRAWS))
                    resampled = np.stack([average_precision(scores[:, some], labels[some]) for some in chosen])
                    of = resampled_interval(Resampled(average_precision(scores, labels), resampled, rows))
                    held += of.low <= truths[seeds] <= of.high
                cells.append(f"{100 * held / reports:.1f}")
            say(f"| {share} | {rows} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
