"""Metrics of a classifier's answers: balanced accuracy, precision, recall, F1, Matthews.

All are counted from the table of true and answered classes, as scikit-learn counts them. Where precision, recall and F1
are of one class, it is the second of two; of three classes and more they are means over classes. A class that is
neither true nor answered has no part in a mean, and 0 / 0 counts as 0.

Letters: L lanes, N examples, C classes.
"""

from functools import partial
from typing import TYPE_CHECKING, Literal

from models.metrics.base import Predictions

if TYPE_CHECKING:
    from torch import Tensor

Average = Literal["macro", "weighted", "second"]  # over classes: each alike, by its examples, or the second of two


def confusion(predictions: Predictions) -> "Tensor":
    """Return how many examples of each true class are answered with each class, (L, C, C) float64."""
    logits = predictions.logits
    assert logits is not None
    lanes, _, classes = logits.shape
    cells = predictions.labels * classes + logits.argmax(2)  # (L, N)
    counts = cells.new_zeros(lanes, classes * classes)
    return counts.scatter_add_(1, cells, cells.new_ones(()).expand_as(cells)).view(lanes, classes, classes).double()


def ratio(part: "Tensor", whole: "Tensor") -> "Tensor":
    """Return part / whole, and 0 where the whole is 0."""
    return part / whole.masked_fill(whole == 0, 1)


class BalancedAccuracy:
    """The mean over classes of the share of a class's examples that are answered correctly."""

    greater_is_better = True
    needs_logits = True

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        counts = confusion(predictions)
        examples = counts.sum(2)
        shares = ratio(counts.diagonal(dim1=1, dim2=2), examples)
        return shares.sum(1) / (examples > 0).sum(1)


class MatthewsCorrelation:
    """The correlation of true and answered classes, from -1 to 1 (Gorodkin 2004 for more than two classes)."""

    greater_is_better = True
    needs_logits = True

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        counts = confusion(predictions)
        true, answered, total = counts.sum(2), counts.sum(1), counts.sum((1, 2))

        def covariance(one: "Tensor", other: "Tensor") -> "Tensor":
            return total.square() - (one * other).sum(1)

        both = counts.diagonal(dim1=1, dim2=2).sum(1) * total - (true * answered).sum(1)
        return ratio(both, (covariance(true, true) * covariance(answered, answered)).sqrt())


class PerClass:
    """Precision, recall or F1 of each class, averaged.

    Args:
        kind: What is averaged.
        average: How.
    """

    greater_is_better = True
    needs_logits = True

    def __init__(self, kind: Literal["precision", "recall", "f1"], average: Average) -> None:
        self._kind, self._average = kind, average

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        counts = confusion(predictions)
        hits, true, answered = counts.diagonal(dim1=1, dim2=2), counts.sum(2), counts.sum(1)  # (L, C) each
        wholes = {"precision": answered, "recall": true, "f1": (true + answered) / 2}
        values = ratio(hits, wholes[self._kind])
        if self._average == "second" and values.shape[1] == 2:
            return values[:, 1]
        weights = true if self._average == "weighted" else ((true + answered) > 0).double()
        return (values * weights).sum(1) / weights.sum(1)


precision = partial(PerClass, "precision", "second")
recall = partial(PerClass, "recall", "second")
f1 = partial(PerClass, "f1", "second")
macro_f1 = partial(PerClass, "f1", "macro")
weighted_f1 = partial(PerClass, "f1", "weighted")
