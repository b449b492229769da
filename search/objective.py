"""What a curve comes to: the one rule of which epoch speaks for a trial."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from models.config.messages import EpochMetrics
from models.config.recipe import Keep


class SelectedEpoch(NamedTuple):
    """The epoch that speaks for a curve, and its validation figures."""

    epoch: int
    accuracy: float
    loss: float


def select_epoch(keep: Keep, curve: Iterable[EpochMetrics]) -> SelectedEpoch | None:
    """Return the best epoch (ties: lower loss, then earlier) or the last one; None for a curve without numbers."""
    known = [
        SelectedEpoch(score.epoch, score.validation_accuracy, score.validation_loss)
        for score in curve
        if math.isfinite(score.validation_loss)
    ]
    if not known:
        return None
    if keep == "last":
        return max(known)
    return min(known, key=lambda it: (-it.accuracy, it.loss, it.epoch))
