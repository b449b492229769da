"""The figure that results are told in: the accuracy of classes, or the root mean square error of numbers.

Shapes: S seeds, N test examples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.config.task import CLASSIFICATION, REGRESSION, Task
from models.metrics.registry import metric_named, metric_text
from reports.figures.statistics import ACCURACY, Bounds, Comparison, Interval, compare, interval, positive_interval


@dataclass(frozen=True)
class Figure:
    """A metric of a test, how sure it is, and how it is written."""

    metric: str
    bounds: Bounds | None = None  # of one example's number; None where it is positive and has no upper bound

    @property
    def title(self) -> str:
        """What sentences call it."""
        return self.metric.replace("_", " ")

    @property
    def greater_is_better(self) -> bool:
        """Its direction."""
        return metric_named(self.metric).greater_is_better

    def interval(self, scores: NDArray[np.float64]) -> Interval:
        """Return its mean and interval, from numbers (S, N) whose mean over examples it is."""
        return interval(scores, self.bounds) if self.bounds else positive_interval(scores)

    def compare(self, first: NDArray[np.float64], second: NDArray[np.float64], family: int = 1) -> Comparison:
        """Return by how much the first is better than the second: below 0 where it is worse; see `compare`."""
        better, worse = (first, second) if self.greater_is_better else (second, first)
        return compare(better, worse, self.bounds, family)

    def margin(self, value: float) -> float:
        """Return how much of it may be given for a cheaper model: .005 of accuracy, a hundredth of an error."""
        return 0.005 if self.bounds else 0.01 * value

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
        low, high = self.bounds or (0.0, np.inf)
        return f"{self.text(max(low, of.low))} to {self.text(min(high, of.high))}"


ACCURACY_FIGURE = Figure(CLASSIFICATION.metric, ACCURACY)
RMSE_FIGURE = Figure(REGRESSION.metric)


def figure_of(task: Task) -> Figure:
    """Return the figure that a task's results are told in."""
    return RMSE_FIGURE if task is REGRESSION else ACCURACY_FIGURE
