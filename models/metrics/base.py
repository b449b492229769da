"""The door for metrics: what a metric is given, and what it returns.

Letters: L lanes, N examples, C classes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the models of some lanes answered to the same examples. Not to be written to."""

    losses: "Tensor"  # (L, N) float32, the loss of each example
    hits: "Tensor"  # (L, N) bool, whether the class of the greatest logit is the label; (L, 0) of a regression
    labels: "Tensor"  # (N,) int64, the true classes; of a regression float64, the targets in their own unit
    logits: "Tensor | None" = None  # (L, N, C) float32, whose argmax is the answer; None unless a metric asks for them
    answers: "Tensor | None" = None  # (L, N) float64, of a regression: what is predicted, in the target's unit


class Metric(Protocol):
    """A number that says how good a model is on examples.

    Registered under `studyhall.metrics` (`models/metrics/registry.py`). It is made without arguments in every engine,
    and imports torch only inside `compute`: commands read its attributes to sort trials. One that needs logits is
    computed on the validation part, and of finalists on the test set; of the running epoch's minibatches it is not.
    `tasks = ("regression",)` says that it is of numbers that are predicted, `has_unit = True` that it has their unit;
    a metric that says neither is of classes. One that is a mean over examples may say so by a method
    `of_examples(predictions)`, which returns the numbers (L, N) whose mean it is: a report is then sure of it without
    drawing examples anew.

    Example:
        >>> class ErrorRate:
        ...     greater_is_better = False
        ...     needs_logits = False
        ...
        ...     def compute(self, predictions: Predictions) -> "Tensor":
        ...         return 1.0 - predictions.hits.double().mean(1)
    """

    greater_is_better: bool
    needs_logits: bool  # whether `Predictions.logits` must be kept: L x N x C numbers

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return the metric of every lane, (L,) float64.

        A lane's number must not depend on the other lanes. It sees the examples at hand alone: which class is the
        rarest among them may differ between the validation and the test part.
        """
