"""Metrics of predicted numbers, in the target's own unit.

Letters: L lanes, N examples.
"""

from typing import TYPE_CHECKING

from models.metrics.base import Predictions

if TYPE_CHECKING:
    from torch import Tensor


def errors(predictions: Predictions) -> "Tensor":
    """Return predictions less targets, (L, N) float64."""
    assert predictions.answers is not None
    return predictions.answers - predictions.labels


def means(values: "Tensor") -> "Tensor":
    """Return the means of the rows of (L, N), (L,); a row's does not depend on the others."""
    from models.ops.matmul import long_sums

    return long_sums(values) / values.shape[1]


class RootMeanSquaredError:
    """The root of the mean of the squared errors."""

    tasks = ("regression",)
    greater_is_better = False
    needs_logits = False
    has_unit = True

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        return means(errors(predictions).square()).sqrt()


class MeanAbsoluteError:
    """The mean of the errors' sizes."""

    tasks = ("regression",)
    greater_is_better = False
    needs_logits = False
    has_unit = True

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        return means(self.of_examples(predictions))

    def of_examples(self, predictions: Predictions) -> "Tensor":
        """Return the numbers whose mean it is, (L, N)."""
        return errors(predictions).abs()


class R2:
    """The share of the targets' variance that is explained: 1 at best, 0 for their mean, below 0 for worse."""

    tasks = ("regression",)
    greater_is_better = True
    needs_logits = False

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64; NaN where all targets are the same."""
        targets = predictions.labels
        return 1.0 - means(errors(predictions).square()) / (targets - targets.mean()).square().mean()
