"""What the lanes of a group answered over one epoch, collected minibatch by minibatch, and its metrics.

Letters: L lanes, N examples of the epoch, B examples of the minibatch, C classes.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from models.datasets.target import TargetScale
from models.engine.predictions import in_unit, none_of
from models.metrics.base import Metric, Predictions


class EpochPredictions:
    """Room for the losses and hits of every example, a row a lane; metrics are computed once, at the end.

    Args:
        lanes: L.
        examples: N.
        metrics: What to compute, by name.
        device: Where everything lies.
        classes: C, if logits are kept for the metrics that ask for them; else those metrics are left out.
        target: How the number is scaled that a regression predicts: its predictions are kept in place of hits.
    """

    def __init__(
        self,
        lanes: int,
        examples: int,
        metrics: Mapping[str, Metric],
        device: torch.device,
        classes: int | None = None,
        target: TargetScale | None = None,
    ) -> None:
        self._metrics = {name: it for name, it in metrics.items() if classes is not None or not it.needs_logits}
        self._losses = torch.empty(lanes, examples, device=device)
        self._target = target
        of_answers, of_labels = (torch.bool, torch.long) if target is None else (torch.float32, torch.float32)
        self._hits = torch.empty(lanes, examples, dtype=of_answers, device=device)
        self._labels = torch.empty(examples, dtype=of_labels, device=device)
        self._logits: Tensor | None = None
        if classes is not None and any(metric.needs_logits for metric in self._metrics.values()):
            self._logits = torch.empty(lanes, examples, classes, device=device)

    def logits(self, places: slice) -> Tensor | None:
        """Return room (L, B, C) for the logits of a minibatch; None where no metric asks for them."""
        return None if self._logits is None else self._logits[:, places]

    def put(self, places: slice, labels: Tensor, losses: Tensor, hits: Tensor) -> None:
        """Keep labels (B,), losses (L, B) and hits (L, B) of the minibatch at these places of the epoch."""
        self._labels[places] = labels
        self._losses[:, places] = losses
        self._hits[:, places] = hits

    def put_at(self, places: Tensor, labels: Tensor, losses: Tensor, hits: Tensor, logits: Tensor | None) -> None:
        """Keep them, and logits (L, B, C) where there is `room`, at places (B,) that only the device knows."""
        self._labels.index_copy_(0, places, labels)
        self._losses.index_copy_(1, places, losses)
        self._hits.index_copy_(1, places, hits)
        if self._logits is not None and logits is not None:
            self._logits.index_copy_(1, places, logits)

    def room(self, examples: int) -> Tensor | None:
        """Return room (L, B, C) for the logits of so many examples; None where no metric asks for them."""
        return None if self._logits is None else torch.empty_like(self._logits[:, :examples])

    def metrics(self) -> list[dict[str, float]]:
        """Return the metrics of every lane, by name."""
        return named_metrics(self.names, [column.tolist() for column in self._computed()])

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics' names."""
        return tuple(self._metrics)

    def columns(self) -> Tensor:
        """Return the metrics (M, L) of every lane, in the order of their names, still on the device."""
        return torch.stack([column.to(self._losses.device, torch.float64) for column in self._computed()])

    def _computed(self) -> list[Tensor]:
        predictions = Predictions(self._losses, self._hits, self._labels, self._logits)
        if self._target is not None:
            labels, answers = (in_unit(scaled, self._target) for scaled in (self._labels, self._hits))
            predictions = Predictions(self._losses, none_of(self._losses), labels, self._logits, answers)
        return [metric.compute(predictions) for metric in self._metrics.values()]


def named_metrics(names: Sequence[str], columns: Sequence[Sequence[float]]) -> list[dict[str, float]]:
    """Return metrics (M, L) by name, of each lane."""
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
