"""How often the interval of one saved model holds that model's truth.

`nice -n 10 python -m tests.benchmarks.honesty.coverage_of_one_model [reports]`

A configuration is trained under five seeds, as in coverage.py and coverage_of_errors.py; the model of the first is
kept. That model's accuracy, or error, over endless examples is known in closed form. The table tells how many of 100
intervals hold it: the interval of the mean over seeds, read as if it were the model's, and the model's own.
"""

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reports.figures.figure import ACCURACY_FIGURE, RMSE_FIGURE, Figure
from reports.figures.statistics import root_mean_square
from tests.benchmarks.honesty import coverage_of_errors as errors
from tests.benchmarks.honesty import say
from tests.benchmarks.honesty.coverage import ACCURACIES, BY_IMAGE, BY_SEED, REST

EXAMPLES, SEEDS = (100, 1000, 10_000), 5
Draw = Callable[[np.random.Generator, int], tuple[NDArray[np.float64], float]]


def classifier(accuracy: float) -> Draw:
    """Return what draws (S, N) hits of a configuration of such an accuracy over seeds, and the truth of seed 0."""

    def draw(draws: np.random.Generator, examples: int) -> tuple[NDArray[np.float64], float]:
        skill = stats.norm.ppf(accuracy) * (BY_IMAGE**2 + BY_SEED**2 + REST**2) ** 0.5
        skills = skill + draws.normal(0, BY_SEED, (SEEDS, 1))
        shared = skills + draws.normal(0, BY_IMAGE, (1, examples))
        rest = draws.standard_normal((SEEDS, examples), dtype=np.float32) * REST
        truth = float(stats.norm.cdf(skills[0, 0] / (BY_IMAGE**2 + REST**2) ** 0.5))
        return (shared + rest > 0).astype(float), truth

    return draw


def regression(kind: str) -> Draw:
    """Return what draws the (S, N) scores of a regression with such errors of rows, and the truth of seed 0."""

    def draw(draws: np.random.Generator, examples: int) -> tuple[NDArray[np.float64], float]:
        of_rows = errors.rows_of(draws, kind, examples)
        luck = 1 + errors.BY_SEED * draws.normal(size=(SEEDS, 1))
        given = (of_rows + errors.REST * draws.normal(size=(SEEDS, examples))) * luck
        return root_mean_square(given), errors.TRUTH * abs(float(luck[0, 0]))

    return draw


def main(reports: int) -> None:
    """Print the table."""
    cases: list[tuple[str, Figure, Draw]] = [
        (f"accuracy {accuracy}", ACCURACY_FIGURE, classifier(accuracy)) for accuracy in ACCURACIES
    ]
    cases += [(f"error, {kind}", RMSE_FIGURE, regression(kind)) for kind in errors.KINDS]
    say(f"{reports} reports a cell; intervals that hold the truth of the kept model, of 100: the mean's, its own\n")
    say("| figure | " + " | ".join(f"{examples:,} examples" for examples in EXAMPLES) + " |")
    say("|---|" + "---:|" * len(EXAMPLES))
    draws = np.random.default_rng(0)
    for name, figure, draw in cases:
        cells = []
        for examples in EXAMPLES:
            held = np.zeros(2)
            for _ in range(reports):
                values, truth = draw(draws, examples)
                both = figure.interval(values), figure.interval(values[:1])
                held += [it.low <= truth <= it.high for it in both]
            cells.append("{:.1f}, {:.1f}".format(*(100 * held / reports)))
        say(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
