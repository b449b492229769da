"""The metrics that are recorded for every classifier: loss, which a regression records too, and accuracy."""

from typing import TYPE_CHECKING

from models.metrics.base import Predictions

if TYPE_CHECKING:
    from torch import Tensor


class Loss:
    """The mean of the recipe's loss over the examples, summed in float64; a regression's is of the scaled target."""

    tasks = ("classification", "regression")
    greater_is_better = False
    needs_logits = False

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        from models.ops.matmul import long_sums

        return long_sums(predictions.losses) / predictions.losses.shape[1]

    def of_examples(self, predictions: Predictions) -> "Tensor":
        """Return the numbers whose mean it is, (L, N)."""
        return predictions.losses


class Accuracy:
    """The share of examples whose greatest logit is that of their class."""

    greater_is_better = True
    needs_logits = False

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        return predictions.hits.sum(1).double() / predictions.hits.shape[1]
