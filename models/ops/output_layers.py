"""The last layers of fused perceptrons: ten rows a lane, too small to be one product as the first layers are.

On a CPU each lane has a product of its own, so that its bits never depend on its neighbours. On a GPU, where hundreds
of small products take longer to start than to do, one kernel does them all, each in pieces that are its own. Used by
scratch.py. Knows no loss and no optimizer.

Letters: L lanes, B examples of the minibatch, S hidden units of all lanes, C classes. The weight lies transposed,
(S, C): a row for what each hidden unit sends out.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Protocol

import torch
from torch import Tensor

from models.ops.matmul import kernels_for


class LastLayers(Protocol):
    """Products of the last layers of all lanes, forward and backward."""

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z (L, C, B) = W^T h of each lane, of weight (S, C) and h (S, B)."""

    def back(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor) -> Tensor:
        """Write dh (S, B) = W dz and return the gradient (S, C) = h dz^T of each lane, of dz (L, C, B).

        The next call overwrites what this one returned.
        """


class _Parts:
    """Each lane's part of a tensor, cut anew only where it is another tensor than the last time.

    For cutting a tensor into a dozen parts takes as long as a product of one of them.
    """

    def __init__(self, cut: Callable[[Tensor], Sequence[Tensor]]) -> None:
        self._cut = cut
        self._whole: Tensor | None = None

    def __call__(self, whole: Tensor) -> Sequence[Tensor]:
        """Return the parts of a tensor."""
        if whole is not self._whole:
            self._whole, self._parts = whole, self._cut(whole)
        return self._parts


class OneByOne:
    """A product a lane."""

    def __init__(self, rows: Sequence[slice], like: Tensor, classes: int) -> None:
        heights = [it.stop - it.start for it in rows]

        def split(tensor: Tensor) -> Sequence[Tensor]:
            return tensor.split_with_sizes(heights)

        # The gradient lies transposed, a row for each class: so its products take half as long.
        self._gradient = like.new_empty(classes, sum(heights)).t()
        self._gradients = split(self._gradient)
        self._weight, self._h, self._dh = _Parts(split), _Parts(split), _Parts(split)
        self._turned_weight = _Parts(lambda weight: weight.t().split_with_sizes(heights, 1))
        self._z, self._turned_z = _Parts(torch.unbind), _Parts(lambda z: z.transpose(1, 2).unbind())

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z of each lane."""
        for its_weight, its_h, its_z in zip(self._turned_weight(weight), self._h(h), self._z(z), strict=True):
            torch.mm(its_weight, its_h, out=its_z)  # (C, H) @ (H, B)

    def back(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor) -> Tensor:
        """Write dh and return the gradient, lane by lane."""
        for its_weight, its_dz, its_dh in zip(self._weight(weight), self._z(dz), self._dh(dh), strict=True):
            torch.mm(its_weight, its_dz, out=its_dh)  # (H, C) @ (C, B)
        for its_h, turned, its_gradient in zip(self._h(h), self._turned_z(dz), self._gradients, strict=True):
            torch.mm(its_h, turned, out=its_gradient)  # (H, B) @ (B, C)
        return self._gradient


class AllAtOnce:
    """One kernel for all lanes."""

    def __init__(self, rows: Sequence[slice], like: Tensor, classes: int, kernels: ModuleType) -> None:
        starts, widths = [it.start for it in rows], [it.stop - it.start for it in rows]
        self._kernels = kernels
        self._gradient = like.new_empty(sum(widths), classes)
        self._starts, self._widths, *self._cut = (
            torch.tensor(numbers, device=like.device) for numbers in (starts, widths, *kernels.pieces(starts, widths))
        )

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z of each lane."""
        self._kernels.logits(weight, h, z, self._starts, self._widths)

    def back(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor) -> Tensor:
        """Write dh and return the gradient."""
        self._kernels.back(weight, h, dz, dh, self._gradient, self._cut)
        return self._gradient


def last_layers(rows: Sequence[slice], like: Tensor, classes: int) -> LastLayers:
    """Return what suits the device and type of a tensor; `rows` are those of each lane in S, filled without gaps."""
    kernels = kernels_for(like)
    return OneByOne(rows, like, classes) if kernels is None else AllAtOnce(rows, like, classes, kernels)
