"""The engine: trains its lanes for one tick, all on the same minibatches, and scores them on the validation split.

Its contract is the coordinator's whole view of it: `add` lanes, `tick`, `drop` lanes, `save` and `load` a snapshot,
`weights` of one lane. What a lane learns depends on its order and on the ticks it lives through, never on its
neighbours. Hosted by search/engine.py. Knows no trial's fate: it does not prune, rank or write to a database.

Letters: L lanes of a group, N training examples, V validation examples, B examples of the minibatch.
"""

import torch
from torch import Tensor

from models.ops.matmul import long_sums


class _Figures:
    """Loss and hit of every example of an epoch, a row a lane; the sums are made once, lane by lane."""

    def __init__(self, lanes: int, examples: int, device: torch.device) -> None:
        self._losses = torch.empty(lanes, examples, device=device)
        self._hits = torch.empty(lanes, examples, dtype=torch.bool, device=device)

    def put(self, places: slice, losses: Tensor, hits: Tensor) -> None:
        self._losses[:, places] = losses
        self._hits[:, places] = hits

    def means(self) -> tuple[list[float], list[float]]:
        """Mean loss (summed in float64) and accuracy of every lane."""
        examples = self._hits.shape[1]
        return (long_sums(self._losses) / examples).tolist(), (self._hits.sum(1).double() / examples).tolist()
