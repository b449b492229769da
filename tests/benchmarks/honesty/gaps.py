"""How often a gap is told apart: `nice -n 10 python -m tests.benchmarks.honesty.gaps [reports]`.

Four finalists of 98.5 % accuracy under a probit model as in coverage.py; the winner is better by a gap, and the other
three are equal. The table tells of 100 reports how many tell the winner apart from the baseline, and the gap in the
middle of what its bound says ("at most so much worse") where there is none.
"""

import sys

import numpy as np
from scipy import stats

from reports.figures.statistics import ACCURACY, LEVEL, compare
from tests.benchmarks.honesty import say

ACCURACY_OF_RIVALS, RIVALS = 0.985, 3
BY_IMAGE, REST, SCATTER = 1.5, 0.7, 0.001  # SCATTER: standard deviation between seeds, in accuracy
GAPS, SEEDS, IMAGES = (0.0, 0.001, 0.002, 0.004, 0.01, 0.03), (3, 5, 10), (359, 10_000)


def main(reports: int) -> None:
    """Print the table."""
    draws, spread = np.random.default_rng(0), (BY_IMAGE**2 + REST**2) ** 0.5

    def skill(accuracy: float) -> float:
        return float(stats.norm.ppf(accuracy)) * spread

    slope = (skill(ACCURACY_OF_RIVALS + 1e-4) - skill(ACCURACY_OF_RIVALS - 1e-4)) / 2e-4
    say("| images | seeds | " + " | ".join(f"gap {gap}" for gap in GAPS) + " | median bound at gap 0 |")
    say("|---:|---:|" + "---:|" * (len(GAPS) + 1))
    for images in IMAGES:
        for seeds in SEEDS:
            told, bounds = [], []
            for gap in GAPS:
                apart = 0
                for _ in range(reports):
                    hard = draws.normal(0, BY_IMAGE, (1, images))
                    pair = [
                        (
                            skill(accuracy)
                            + hard
                            + slope * draws.normal(0, SCATTER, (seeds, 1))
                            + draws.normal(0, REST, (seeds, images))
                            > 0
                        ).astype(float)
                        for accuracy in (min(0.9999, ACCURACY_OF_RIVALS + gap), ACCURACY_OF_RIVALS)
                    ]
                    known, p = compare(*pair, ACCURACY, RIVALS)
                    apart += p < 1 - LEVEL
                    bounds += [known.high] if gap == 0.0 else []
                told.append(f"{100 * apart / reports:.0f}")
            say(f"| {images:,} | {seeds} | {' | '.join(told)} | {np.median(bounds):.4f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
