"""A metric that is no mean over examples: its interval, and comparisons of two, from examples drawn anew.

Every configuration is measured on the same draws, so one set of draws serves its own interval and each comparison.
Knows no model: how a metric is computed on some examples is given.

Letters: S seeds, N test examples, D draws.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.figures.statistics import LEVEL, Comparison, Interval, Part, comparison, share_of_seeds

DRAWS, FEW, FEWER_DRAWS = 300, 2_000, 100  # of the test examples; more than a few of these are drawn less often

Chosen = NDArray[np.int64] | slice  # examples; one may be there several times
EVERY = slice(None)


@dataclass(frozen=True, eq=False)
class Resampled:
    """A metric of one configuration, or what two differ by in it, under each seed."""

    values: NDArray[np.float64]  # (S,), on the test examples
    drawn: NDArray[np.float64]  # (D, S), on as many examples drawn from these; NaN where it is not defined
    examples: int  # N

    def __sub__(self, other: "Resampled") -> "Resampled":
        """Return what two differ by: under the same seeds, on the same draws."""
        return Resampled(self.values - other.values, self.drawn - other.drawn, self.examples)

    def first_seed(self) -> "Resampled":
        """Return that of the first seed alone."""
        return Resampled(self.values[:1], self.drawn[:, :1], self.examples)

    @property
    def mean(self) -> float:
        """Its mean over seeds."""
        return float(self.values.mean())

    @property
    def std(self) -> float:
        """Its deviation between seeds; NaN for one seed."""
        return float(self.values.std(ddof=1)) if len(self.values) > 1 else float("nan")

    @property
    def means(self) -> NDArray[np.float64]:
        """Its mean over seeds on each draw that has it, (D,) or fewer."""
        means = self.drawn.mean(1)
        return np.asarray(means[np.isfinite(means)])

    def parts(self, least: float = 0.0) -> list[Part]:
        """Return the part of the seeds, unless there is one seed, and that of the examples.

        The examples' standard error is that of the draws. It is known from so many draws, of so many examples: the
        fewer of both are its degrees of freedom.

        Args:
            least: A standard error that is added to the examples', as squares.
        """
        seeds, means, n = len(self.values), self.means, self.examples
        error = float(means.std(ddof=1)) * (n / max(1, n - 1)) ** 0.5 if len(means) > 1 else float("inf")
        of_examples = Part(float(np.hypot(error, least)), max(1, min(n, len(means)) - 1))
        return [*([Part(self.std / seeds**0.5, seeds - 1)] if seeds > 1 else []), of_examples]


def resample(metric: Callable[[Chosen], NDArray[np.float64]], examples: int) -> Resampled:
    """Measure a metric on the test examples and on draws of as many with replacement, the same for everyone.

    Args:
        metric: Returns it under each seed, (S,), on some examples. Where it raises on a draw, as a function of the
            user's own may where a class is missing, the draw has no value.
        examples: How many there are.
    """
    values, draws = metric(EVERY), np.random.Generator(np.random.PCG64(0))

    def drawn() -> NDArray[np.float64]:
        chosen = draws.integers(examples, size=examples)
        try:
            return metric(chosen)
        except Exception:  # noqa: BLE001 (whatever the user's function raises)
            return np.full(len(values), np.nan)

    return Resampled(values, np.stack([drawn() for _ in range(draws_of(examples))]), examples)


def draws_of(examples: int) -> int:
    """Return how often test examples are drawn anew."""
    return DRAWS if examples <= FEW else FEWER_DRAWS


def resampled_interval(of: Resampled) -> Interval:
    """Return the interval of a metric over new seeds and new examples.

    The seeds have Student's interval of their means; the examples the percentiles of the metric on examples drawn with
    replacement (Efron 1979). The half widths to each side add as squares, as in `interval`. Without a draw that has the
    metric, its ends are NaN.
    """
    drawn, mean = of.means, of.mean
    if not len(drawn):
        return Interval(mean, of.std, float("nan"), float("nan"))
    *of_seeds, _ = of.parts()
    half = of_seeds[0].half_width(1 - LEVEL) if of_seeds else 0.0
    low, high = np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    below, above = (float(np.hypot(half, max(0.0, distance))) for distance in (mean - low, high - mean))
    return Interval(mean, of.std, mean - below, mean + above)


def compare_resampled(first: Resampled, second: Resampled, least: float = 0.0, family: int = 1) -> Comparison:
    """Compare two configurations by a metric, on the same examples under the same seeds.

    Paired as `compare` is, interval and p value adjusted in the same way: the seeds have the deviation of their
    differences, the examples that of the differences on the same draws. Two that agree on all examples agree on all
    draws, which does not make them equal. So an error is added to the examples' part, as `compare` does for shares.

    Args:
        first: Of the one.
        second: Of the other.
        least: The standard error of the gap that one example would make that only the first gets right, and one that
            only the second does.
        family: How many comparisons there are, this one included.
    """
    gap = first - second
    parts = gap.parts(least)
    if np.isinf(parts[-1].error):
        return Comparison(Interval(gap.mean, gap.std, -float("inf"), float("inf")), 1.0)
    return comparison(gap.mean, gap.std, gap.mean, parts, family)


def narrowed_by_seeds(of: Resampled) -> float:
    """Return by which share an interval of it would be narrower with endless seeds; the rest is the examples'."""
    return share_of_seeds(of.parts())
