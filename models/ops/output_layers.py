"""The output layers of fused perceptrons: ten rows a lane, too few for one product of all lanes.

On a CPU each lane has a product of its own, so that its bits never depend on its neighbours. On a GPU, where hundreds
of small products take longer to start than to compute, one kernel computes them all, each in pieces of its own. Knows
no loss and no optimizer.

Letters: L lanes, B examples of the minibatch, S hidden units of all lanes, H of one lane, C classes. The weight lies
transposed, (S, C): a row for what each hidden unit sends out.
"""

from collections.abc import Callable, Sequence
from types import ModuleType

import torch
from torch import Tensor

from models.ops.matmul import kernels_for


class _Parts:
    """Each lane's part of a tensor, cut again only for another tensor than the last.

    Cutting a tensor into a dozen parts takes as long as a product of one of them.
    """

    def __init__(self, cut: Callable[[Tensor], Sequence[Tensor]]) -> None:
        self._cut = cut
        self._whole: Tensor | None = None

    def __call__(self, whole: Tensor) -> Sequence[Tensor]:
        """Return the parts of a tensor."""
        if whole is not self._whole:
            self._whole, self._parts = whole, self._cut(whole)
        return self._parts


class LaneByLane:
    """One product for each lane."""

    def __init__(self, rows: Sequence[slice], like: Tensor, classes: int) -> None:
        heights = [each.stop - each.start for each in rows]

        def split(tensor: Tensor) -> Sequence[Tensor]:
            return tensor.split_with_sizes(heights)

        # The gradient lies transposed, a row for each class: its products then take half as long.
        self._gradient = like.new_empty(classes, sum(heights)).t()
        self._gradients = split(self._gradient)
        self._weight, self._h, self._dh = _Parts(split), _Parts(split), _Parts(split)
        self._transposed_weight = _Parts(lambda weight: weight.t().split_with_sizes(heights, 1))
        self._z, self._transposed_z = _Parts(torch.unbind), _Parts(lambda z: z.transpose(1, 2).unbind())

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z (L, C, B) = W^T h of each lane, of weight (S, C) and h (S, B)."""
        for lane_weight, lane_h, lane_z in zip(self._transposed_weight(weight), self._h(h), self._z(z), strict=True):
            torch.mm(lane_weight, lane_h, out=lane_z)  # (C, H) @ (H, B)

    def backward(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor) -> Tensor:
        """Write dh (S, B) = W dz and return the gradient (S, C) = h dz^T of each lane, of dz (L, C, B).

        The next call overwrites what this one returned.
        """
        for lane_weight, lane_dz, lane_dh in zip(self._weight(weight), self._z(dz), self._dh(dh), strict=True):
            torch.mm(lane_weight, lane_dz, out=lane_dh)  # (H, C) @ (C, B)
        for lane_h, lane_dz, lane_gradient in zip(self._h(h), self._transposed_z(dz), self._gradients, strict=True):
            torch.mm(lane_h, lane_dz, out=lane_gradient)  # (H, B) @ (B, C)
        return self._gradient


class OneKernel:
    """One kernel for all lanes, on a GPU."""

    def __init__(self, rows: Sequence[slice], like: Tensor, classes: int, kernels: ModuleType) -> None:
        starts, widths = [each.start for each in rows], [each.stop - each.start for each in rows]
        self._kernels = kernels
        self._gradient = like.new_empty(sum(widths), classes)
        self._starts, self._widths, *self._cut = (
            torch.tensor(numbers, device=like.device) for numbers in (starts, widths, *kernels.pieces(starts, widths))
        )

    def logits(self, weight: Tensor, h: Tensor, z: Tensor) -> None:
        """Write z, as `LaneByLane` does."""
        self._kernels.logits(weight, h, z, self._starts, self._widths)

    def backward(self, weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor) -> Tensor:
        """Write dh and return the gradient, as `LaneByLane` does."""
        self._kernels.backward(weight, h, dz, dh, self._gradient, self._cut)
        return self._gradient


def output_layers(rows: Sequence[slice], like: Tensor, classes: int) -> LaneByLane | OneKernel:
    """Return the output layers for the device and type of `like`; `rows` are each lane's in S, without gaps."""
    kernels = kernels_for(like)
    return LaneByLane(rows, like, classes) if kernels is None else OneKernel(rows, like, classes, kernels)
