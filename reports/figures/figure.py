"""Figures of a test: how each is written, which way is better, and how sure it is.

Results are told in accuracy, or in the root mean square error of numbers, and in the objective where that is another
metric.

Shapes: S seeds, N test examples.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.config.task import CLASSIFICATION, REGRESSION, Task
from models.metrics.base import Metric
from models.metrics.registry import METRICS, metric_named, metric_text
from reports.figures.statistics import ACCURACY, Bounds, Comparison, Interval, compare, interval, positive_interval


@dataclass(frozen=True)
class Figure:
    """A metric of a test, how sure it is, and how it is written."""

    metric: str
    bounds: Bounds | None = None  # of one example's number; None where it is positive and has no upper bound
    ends: Bounds = (0.0, float("inf"))  # of the figure, where one example's number has no bounds
    direction: Literal["maximize", "minimize"] | None = None  # None: the metric's own
    is_share: bool = False  # whether one example of N counts for about 1 / N, as in a share

    @property
    def title(self) -> str:
        """What sentences call it."""
        return self.metric.replace("_", " ")

    @property
    def greater_is_better(self) -> bool:
        """Its direction."""
        if self.direction is not None:
            return self.direction == "maximize"
        return metric_named(self.metric).greater_is_better

    def interval(self, scores: NDArray[np.float64]) -> Interval:
        """Return its mean and interval, from numbers (S, N) whose mean over examples it is."""
        return interval(scores, self.bounds) if self.bounds else positive_interval(scores)

    def compare(self, first: NDArray[np.float64], second: NDArray[np.float64], family: int = 1) -> Comparison:
        """Return by how much the first is better than the second: below 0 where it is worse; see `compare`."""
        better, worse = (first, second) if self.greater_is_better else (second, first)
        return compare(better, worse, self.bounds, family)

    def margin(self, value: float) -> float:
        """Return how much of it may be given for a cheaper model: .005 of a share, a hundredth of anything else."""
        return 0.005 if self.bounds or self.is_share else 0.01 * abs(value)

    def text(self, value: float) -> str:
        """`0.9794`, or five digits in the target's unit."""
        return metric_text(self.metric, value)

    def signed(self, value: float) -> str:
        """`+0.0355`, `−0.0012`."""
        return f"{'−' if value < 0 else '+'}{self.text(abs(value))}"

    def ahead(self, gap: float, of: str) -> str:
        """`+0.0355 on trial 0`, `better by 1.2340 than trial 0`, `worse by 1.2340 than trial 0`.

        Args:
            gap: By how much it is better, as `compare` says.
            of: What it is better than, with "on" or "against" before it.
        """
        if self.greater_is_better:
            return f"{self.signed(gap)} {of}"
        return f"{'worse' if gap < 0 else 'better'} by {self.text(abs(gap))} than {of.partition(' ')[2]}"

    def within(self, of: Interval) -> str:
        """`0.9794 to 0.9849`."""
        low, high = self.bounds or self.ends
        return f"{self.text(max(low, of.low))} to {self.text(min(high, of.high))}"


class MeanFigure(Figure):
    """A mean over examples of numbers without bounds, as a loss."""

    def interval(self, scores: NDArray[np.float64]) -> Interval:
        """Return its mean and interval, cut where the figure ends."""
        return cut(interval(scores), self.ends)


ACCURACY_FIGURE = Figure(CLASSIFICATION.metric, ACCURACY)
RMSE_FIGURE = Figure(REGRESSION.metric)


def figure_of(task: Task) -> Figure:
    """Return the figure that a task's results are told in."""
    return RMSE_FIGURE if task is REGRESSION else ACCURACY_FIGURE


def figure_of_metric(name: str, metric: Metric, direction: Literal["maximize", "minimize"]) -> Figure:
    """Return the figure of a metric that is searched for, and neither accuracy nor the root mean square error.

    Of our own metrics it is known where they end: at 1, or at 0 where less is better.
    """
    ours, of_numbers = name in METRICS.built_in, "regression" in getattr(metric, "tasks", ())
    ends = (-np.inf, np.inf) if not ours else (-np.inf, 1.0) if metric.greater_is_better else (0.0, np.inf)
    if not hasattr(metric, "of_examples"):
        return Figure(name, None, ends, direction, is_share=ours and not of_numbers)
    if ours and metric.greater_is_better:
        return Figure(name, ACCURACY, ACCURACY, direction)
    return MeanFigure(name, None, ends, direction)


def cut(of: Interval, ends: Bounds) -> Interval:
    """Return an interval that ends where its figure does."""
    return of._replace(low=max(of.low, ends[0]), high=min(of.high, ends[1]))
