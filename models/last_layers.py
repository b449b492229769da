"""The last layers of fused perceptrons: ten rows a lane, too small to be one product as the first layers are.

On a CPU each lane has a product of its own, so that its bits never depend on its neighbours. On a GPU, where hundreds
of small products take longer to start than to do, all lanes go through one batched product, the narrower ones filled
up with zeros. Used by scratch.py. Knows no loss and no optimizer.

Letters: L lanes, B examples of the minibatch, W units of the widest lane, S hidden units of all lanes, C classes. The
weight lies transposed, (S, C): a row for what each hidden unit sends out.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor


class LastLayers(Protocol):
    """Products of the last layers of all lanes, forward and backward."""

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z (L, C, B) = W^T h of each lane, of weight (S, C) and h (S, B)."""

    def back(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor, gradient: Tensor) -> None:
        """Write dh (S, B) = W dz and gradient (S, C) = h dz^T of each lane, of dz (L, C, B)."""


class OneByOne:
    """A product a lane."""

    def __init__(self, rows: Sequence[slice]) -> None:
        self._heights = [it.stop - it.start for it in rows]

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z of each lane."""
        weights = weight.t().split_with_sizes(self._heights, 1)  # all views in one call
        for its_weight, its_h, its_z in zip(weights, h.split_with_sizes(self._heights), z.unbind(), strict=True):
            torch.mm(its_weight, its_h, out=its_z)  # (C, H) @ (H, B)

    def back(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor, gradient: Tensor) -> None:
        """Write dh and the gradient of each lane."""
        below = (tensor.split_with_sizes(self._heights) for tensor in (weight, h, dh, gradient))
        for its_weight, its_h, its_dh, its_gradient, its_dz, turned in zip(
            *below, dz.unbind(), dz.transpose(1, 2).unbind(), strict=True
        ):
            torch.mm(its_weight, its_dz, out=its_dh)  # (H, C) @ (C, B)
            torch.mm(its_h, turned, out=its_gradient)  # (H, B) @ (B, C)


class Together:
    """One batched product, in which each lane is as wide as the widest."""

    def __init__(self, rows: Sequence[slice], device: torch.device) -> None:
        starts = torch.tensor([it.start for it in rows])
        widths = torch.tensor([it.stop - it.start for it in rows])
        unit = torch.arange(int(widths.max()))
        exists = unit < widths[:, None]  # (L, W)
        # A unit that a lane lacks is its first one over again, with a weight of zero: what it reads is the lane's own,
        # so that a lane which diverges spoils no other.
        self._taken = (starts[:, None] + torch.where(exists, unit, 0)).flatten().to(device)  # (L W,) places in S
        self._kept = exists.flatten().nonzero().squeeze(1).to(device)  # (S,) places in L W
        self._exists = exists.unsqueeze(2).to(device)
        self._lanes = len(rows)

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z of each lane."""
        torch.bmm(self._apart(weight).mul_(self._exists).transpose(1, 2), self._apart(h), out=z)

    def back(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor, gradient: Tensor) -> None:
        """Write dh and the gradient of each lane."""
        torch.index_select(torch.bmm(self._apart(weight), dz).flatten(0, 1), 0, self._kept, out=dh)
        torch.index_select(torch.bmm(self._apart(h), dz.transpose(1, 2)).flatten(0, 1), 0, self._kept, out=gradient)

    def _apart(self, fused: Tensor) -> Tensor:
        """Return (S, K) as (L, W, K)."""
        return fused.index_select(0, self._taken).view(self._lanes, -1, fused.shape[1])


def last_layers(rows: Sequence[slice], device: torch.device) -> LastLayers:
    """Return what suits the device; `rows` are those of each lane in S, which they fill without gaps."""
    return Together(rows, device) if device.type == "cuda" else OneByOne(rows)
