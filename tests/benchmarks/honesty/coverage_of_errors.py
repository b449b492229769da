"""How often intervals of a root mean square error hold the truth.

`nice -n 10 python -m tests.benchmarks.honesty.coverage_of_errors [reports]`

An error is that of its row, plus that of its row under its seed, times the skill of the seed. Errors of rows are
normal, of Student's t with 5 degrees of freedom, or normal with a deviation that is log-normal from row to row. The
true figure is known in closed form. `plain` is the interval of the mean, `logarithm` is taken around its logarithm,
`ours` around its reciprocal; `gap` is that of two configurations of which the second has errors a tenth larger.
"""

import sys

import numpy as np
from numpy.typing import NDArray

from reports.figures.figure import RMSE_FIGURE
from reports.figures.statistics import interval, root_mean_square
from tests.benchmarks.honesty import say

KINDS, ROWS, SEEDS = ("normal", "student", "uneven"), (30, 89, 300, 1000), (1, 3, 5, 10)
BY_SEED, REST = 0.03, 0.3  # standard deviations
TRUTH = (1 + REST**2) ** 0.5


def rows_of(draws: np.random.Generator, kind: str, rows: int) -> NDArray[np.float64]:
    """Return errors of rows, (N,), of deviation 1."""
    if kind == "student":
        return np.asarray(draws.standard_t(5, rows) / (5 / 3) ** 0.5)
    scale = np.exp(0.5 * draws.normal(size=rows) - 0.25) if kind == "uneven" else 1.0
    return np.asarray(scale * draws.normal(size=rows))


def scores(draws: np.random.Generator, of_rows: NDArray[np.float64], seeds: int) -> NDArray[np.float64]:
    """Return the scores of a configuration, (S, N); one seed has no luck."""
    luck = 1 + (BY_SEED if seeds > 1 else 0.0) * draws.normal(size=(seeds, 1))
    return root_mean_square((of_rows + REST * draws.normal(size=(seeds, len(of_rows)))) * luck)


def main(reports: int) -> None:
    """Print the table."""
    say(f"{reports} reports a cell; intervals that hold the truth, of 100: plain, logarithm, ours; gap\n")
    say("| errors | rows | " + " | ".join(f"{seeds} seeds" for seeds in SEEDS) + " |")
    say("|---|---:|" + "---:|" * len(SEEDS))
    draws = np.random.default_rng(0)
    for kind in KINDS:
        for rows in ROWS:
            cells = []
            for seeds in SEEDS:
                held = np.zeros(4)
                for _ in range(reports):
                    of_rows = rows_of(draws, kind, rows)
                    one, two = scores(draws, of_rows, seeds), 1.1 * scores(draws, of_rows, seeds)
                    plain, ours, gap = interval(one), RMSE_FIGURE.interval(one), RMSE_FIGURE.compare(one, two).gap
                    factor = np.exp((plain.high - plain.mean) / plain.mean)
                    ends = [plain[2:], (plain.mean / factor, plain.mean * factor), ours[2:]]
                    held += [*(low <= TRUTH <= high for low, high in ends), gap.low <= 0.1 * TRUTH <= gap.high]
                cells.append("{:.1f}, {:.1f}, {:.1f}; {:.1f}".format(*(100 * held / reports)))
            say(f"| {kind} | {rows:,} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
