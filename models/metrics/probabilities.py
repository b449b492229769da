"""Metrics of a classifier's probabilities, which are the softmax of its logits: ranking and calibration.

Two classes are ranked by the probability of the second, as in scikit-learn; of more, each class is ranked against the
rest and the mean over classes counts. A class without examples, or without others, has no part in it.

Letters: L lanes, N examples, C classes; P examples of a class, R of the rest.
"""

from functools import partial
from typing import TYPE_CHECKING

from models.metrics.base import Predictions

if TYPE_CHECKING:
    from torch import Tensor


def probabilities(predictions: Predictions) -> "Tensor":
    """Return (L, N, C) float64, whose rows sum to 1."""
    assert predictions.logits is not None
    return predictions.logits.double().softmax(2)


class _Ranking:
    """The mean over classes of how well a class's probability ranks its examples above the rest."""

    greater_is_better = True
    needs_logits = True

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64; NaN where all examples are of one class."""
        import torch

        scores, labels = probabilities(predictions), predictions.labels
        counts = labels.bincount(minlength=scores.shape[2])
        ranked = [each for each, count in enumerate(counts.tolist()) if 0 < count < len(labels)]
        if scores.shape[2] == 2:
            ranked = ranked[1:]
        if not ranked:
            return scores.new_full((len(scores),), float("nan"))
        own = [labels == each for each in ranked]
        values = [self._of_class(scores[:, mine, c], scores[:, ~mine, c]) for c, mine in zip(ranked, own, strict=True)]
        return torch.stack(values).mean(0)

    def _of_class(self, own: "Tensor", rest: "Tensor") -> "Tensor":
        """Return (L,) for the scores of a class's own examples (L, P) and of the rest (L, R)."""
        raise NotImplementedError


class RocAuc(_Ranking):
    """The area under the receiver operating characteristic, one class against the rest."""

    def _of_class(self, own: "Tensor", rest: "Tensor") -> "Tensor":
        # The share of pairs in which the own example has the greater score; a tie counts half.
        import torch

        own, rest = own.contiguous(), rest.sort(1).values
        below, not_above = (torch.searchsorted(rest, own, right=right).sum(1) for right in (False, True))
        return (below + not_above).double() / (2 * own.shape[1] * rest.shape[1])


class AveragePrecision(_Ranking):
    """The mean over a class's examples of the precision at the threshold that just admits each: for rare classes."""

    def _of_class(self, own: "Tensor", rest: "Tensor") -> "Tensor":
        import torch

        own, everyone = own.sort(1).values, torch.cat([own, rest], 1).sort(1).values
        own_admitted = own.shape[1] - torch.searchsorted(own, own)  # (L, P), those with at least the score
        admitted = everyone.shape[1] - torch.searchsorted(everyone, own)
        return (own_admitted.double() / admitted).mean(1)


class Brier:
    """The mean square distance of the probabilities from the true class's; of two classes half of it.

    As scikit-learn's `brier_score_loss`: the square of 1 - p for two classes, the sum over classes for more.
    """

    greater_is_better = False
    needs_logits = True

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        return self.of_examples(predictions).mean(1)

    def of_examples(self, predictions: Predictions) -> "Tensor":
        """Return the numbers whose mean it is, (L, N)."""
        scores = probabilities(predictions)
        places = predictions.labels.expand(len(scores), -1).unsqueeze(2)
        scores.scatter_add_(2, places, scores.new_full((), -1.0).expand_as(places))
        return scores.square().sum(2) / (2 if scores.shape[2] == 2 else 1)


class ExpectedCalibrationError:
    """How far confidence is from accuracy: the mean over 15 bins of even width, weighted by their examples.

    Guo et al. 2017, arXiv 1706.04599, eq. 3. Confidence is the probability of the class that is answered.
    """

    greater_is_better = False
    needs_logits = True
    BINS = 15

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        confidence, answers = probabilities(predictions).max(2)  # (L, N)
        gaps = (answers == predictions.labels).double() - confidence
        bins = (confidence * self.BINS).ceil().long().sub_(1).clamp_(0, self.BINS - 1)  # (m / 15, (m + 1) / 15]
        sums = gaps.new_zeros(len(gaps), self.BINS).scatter_add_(1, bins, gaps)
        return sums.abs().sum(1) / gaps.shape[1]


class TopK:
    """The share of examples whose true class is among the k most probable; a tie with the k-th counts."""

    greater_is_better = True
    needs_logits = True

    def __init__(self, k: int) -> None:
        self._k = k

    def compute(self, predictions: Predictions) -> "Tensor":
        """Return (L,) float64."""
        return self.of_examples(predictions).mean(1)

    def of_examples(self, predictions: Predictions) -> "Tensor":
        """Return the numbers whose mean it is, (L, N): 1 where the class is among them, 0 where not."""
        logits = predictions.logits
        assert logits is not None
        own = logits.gather(2, predictions.labels.expand(len(logits), -1).unsqueeze(2))
        return ((logits > own).sum(2) < self._k).double()


top_2_accuracy, top_3_accuracy, top_5_accuracy = (partial(TopK, k) for k in (2, 3, 5))
