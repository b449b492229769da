"""The last layers of fused perceptrons: ten rows a lane, too small to be one product as the first layers are.

On a CPU each lane has a product of its own, so that its bits never depend on its neighbours. On a GPU, where hundreds
of small products take longer to start than to do, one kernel does them all, each in pieces that are its own. Used by
scratch.py. Knows no loss and no optimizer.

Letters: L lanes, B examples of the minibatch, S hidden units of all lanes, C classes. The weight lies transposed,
(S, C): a row for what each hidden unit sends out.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Protocol

import torch
from torch import Tensor

from models.products import kernels_for


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


class AllAtOnce:
    """One kernel for all lanes."""

    def __init__(self, rows: Sequence[slice], kernels: ModuleType, device: torch.device) -> None:
        starts, widths = [it.start for it in rows], [it.stop - it.start for it in rows]
        self._kernels = kernels
        self._starts, self._widths, *self._cut = (
            torch.tensor(numbers, device=device) for numbers in (starts, widths, *kernels.pieces(starts, widths))
        )

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z of each lane."""
        self._kernels.logits(weight, h, z, self._starts, self._widths)

    def back(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor, gradient: Tensor) -> None:
        """Write dh and the gradient of each lane."""
        self._kernels.back(weight, h, dz, dh, gradient, self._cut)


def last_layers(rows: Sequence[slice], like: Tensor) -> LastLayers:
    """Return what suits the device of a tensor; `rows` are those of each lane in S, which they fill without gaps."""
    kernels = kernels_for(like)
    return OneByOne(rows) if kernels is None else AllAtOnce(rows, kernels, like.device)
