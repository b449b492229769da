"""What metrics are computed from, of outputs that are all there.

Letters: L models, N examples, C outputs of a model.
"""

from torch import Tensor

from models.config.losses import Loss
from models.datasets.target import TargetScale
from models.metrics.base import Predictions
from models.metrics.registry import metric_named
from models.ops.losses import losses_of


def predictions_of(loss: Loss, outputs: Tensor, labels: Tensor, target: TargetScale | None = None) -> Predictions:
    """Return what some models predict for the same examples.

    Args:
        loss: Which one.
        outputs: (L, N, C) as the models give them: logits, or one scaled number.
        labels: (N,) the true classes; or the targets, in their own unit.
        target: How they are scaled.
    """
    if target is None:
        return Predictions(losses_of(loss, outputs, labels), outputs.argmax(2) == labels, labels, outputs)
    labels = labels.double()
    losses = losses_of(loss, outputs, (labels - target.mean) / target.std)
    return Predictions(losses, none_of(outputs), labels, outputs, in_unit(outputs.squeeze(2), target))


def metrics_of(names: tuple[str, ...], predictions: Predictions) -> list[dict[str, float]]:
    """Return metrics by name, of each model."""
    columns = [metric_named(name).compute(predictions).tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def in_unit(scaled: Tensor, target: TargetScale) -> Tensor:
    """Return scaled numbers in the target's own unit, as float64."""
    return scaled.double().mul(target.std).add_(target.mean)


def none_of(outputs: Tensor) -> Tensor:
    """Return the hits of models that predict numbers: (L, 0)."""
    return outputs.new_empty(len(outputs), 0).bool()
