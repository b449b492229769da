"""How often intervals hold the truth: `nice -n 10 python -m tests.benchmarks.honesty.coverage [reports]`.

A configuration is a probit model: an image is classified correctly where skill + image + seed + rest > 0, with normal
parts. Its true accuracy is known in closed form. Each report draws new seeds and new images; the table tells how many
of 100 intervals hold the truth. `plain` adds no images at the bounds, as the report did before.
"""

import sys

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reports.figures.statistics import ACCURACY, interval
from tests.benchmarks.honesty import say

IMAGES, ACCURACIES, SEEDS = (30, 100, 359, 1000, 10_000), (0.8, 0.95, 0.99, 0.999), (2, 3, 5, 10)
BY_IMAGE, BY_SEED, REST = 1.5, 0.1, 0.7  # standard deviations


def hits(draws: np.random.Generator, accuracy: float, seeds: int, images: int) -> NDArray[np.float64]:
    """Return which images a configuration classifies correctly under each seed, (S, N); one seed has no luck."""
    by_seed = BY_SEED if seeds > 1 else 0.0
    skill = stats.norm.ppf(accuracy) * (BY_IMAGE**2 + by_seed**2 + REST**2) ** 0.5
    shared = skill + draws.normal(0, BY_IMAGE, (1, images)) + draws.normal(0, by_seed, (seeds, 1))
    rest = draws.standard_normal((seeds, images), dtype=np.float32) * REST
    return (shared + rest > 0).astype(float)


def main(reports: int) -> None:
    """Print the table."""
    say(f"{reports} reports a cell; intervals that hold the truth, of 100\n")
    say("| images | accuracy | " + " | ".join(f"{seeds} seeds: plain, ours" for seeds in (1, *SEEDS)) + " |")
    say("|---:|---:|" + "---:|" * (1 + len(SEEDS)))
    draws, worst = np.random.default_rng(0), 1.0
    for images in IMAGES:
        for accuracy in ACCURACIES:
            cells = []
            for seeds in (1, *SEEDS):
                number = reports if images < 10_000 else max(100, reports // 5)
                held = np.zeros(2)
                for _ in range(number):
                    values = hits(draws, accuracy, seeds, images)
                    both = interval(values), interval(values, ACCURACY)
                    held += [it.low <= accuracy <= it.high for it in both]
                cells.append("{:.1f}, {:.1f}".format(*(100 * held / number)))
                worst = min(worst, held[1] / number) if number == reports else worst
            say(f"| {images:,} | {accuracy} | {' | '.join(cells)} |")
    say(f"\nlowest of ours below 10,000 images: {100 * worst:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
