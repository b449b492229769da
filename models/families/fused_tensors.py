"""Where each lane's tensors lie inside the tensors of all lanes, and products with those in either precision.

Letters: L lanes, B examples of the minibatch, I inputs, R rows of a block, K columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.families.base import Lane
from models.ops.matmul import input_product, kernels_for, product
from models.ops.optimizers.base import Block, HiddenMatrix, LaneOptimizer

STRIP = 256  # rows of a 16-bit gradient that are stepped down at a time: few enough to stay in the cache

# --- where each lane's tensors lie in the fused ones ------------------------------------------------------------------


@dataclass(frozen=True)
class LaneView:
    """One lane's tensor inside a block: rows and columns of it, as the module's own shape."""

    rows: slice
    columns: slice | None = None  # all of them
    form: str = "matrix"  # or "hidden" between two layers, "transposed", or "vector" where the block has one column

    def of(self, fused: Tensor) -> Tensor:
        """Return the lane's view of a tensor like the block's weight."""
        part = fused[self.rows] if self.columns is None else fused[self.rows, self.columns]
        return part.t() if self.form == "transposed" else part.squeeze(1) if self.form == "vector" else part


def fuse(name: str, lanes: Sequence[Lane], views: Sequence[LaneView], shape: tuple[int, int], owner: Tensor) -> Block:
    """Move one tensor of every lane into a block, zeros around them, and make the lanes' tensors views into it.

    Args:
        name: The tensor's name in a lane's weights and optimizer state.
        lanes: L of them.
        views: Where each lane's tensor lies in the block.
        shape: (R, K).
        owner: The lane of each row, (R,); or (1,) for a block of one lane.
    """

    def fused_of(tensors: Sequence[Tensor]) -> Tensor:
        fused = tensors[0].new_zeros(shape)
        for view, tensor in zip(views, tensors, strict=True):
            view.of(fused).copy_(tensor)
        return fused

    block = Block(fused_of([lane.weights[name] for lane in lanes]), owner)
    block.hidden = tuple(
        HiddenMatrix(view.rows, view.columns or slice(None), view.rows.stop - view.rows.start)
        for view in views
        if view.form == "hidden"
    )
    for key in lanes[0].state:
        block.state[key] = fused_of([lane.state[key][name] for lane in lanes])
    for view, lane in zip(views, lanes, strict=True):
        lane.weights[name] = view.of(block.weight)
        for key in lane.state:
            lane.state[key][name] = view.of(block.state[key])
    return block


# --- products in either precision -------------------------------------------------------------------------------------


class Matrix:
    """A block that activations are multiplied by.

    In bfloat16 the factors of a product have 16 bits and its sums 32, at twice the speed where the processor supports
    it; the weights themselves, their gradients and the optimizer state stay in float32.
    """

    def __init__(self, block: Block, low: torch.dtype | None) -> None:
        self.block = block
        if low is not None:
            block.low = block.weight.to(low)
        self._factor = block.weight if block.low is None else block.low
        # On a CPU the gradient is computed in 16 bits, and goes into the weights in strips that stay in the cache.
        self._gradient: Tensor | None = None
        if block.low is not None and kernels_for(block.weight) is None:
            self._gradient = torch.empty_like(block.low)
            height = len(block.weight)
            strip = height if block.hidden else STRIP  # an optimizer of matrices needs a whole one
            strips = [slice(start, min(start + strip, height)) for start in range(0, height, strip)]
            wide = torch.empty_like(block.weight[strips[0]])  # one for all strips, the last of which may be lower
            self._strips = [
                (block.strip(rows), self._gradient[rows], wide[: rows.stop - rows.start]) for rows in strips
            ]

    def input_product(self, x: Tensor, room: Tensor) -> Tensor:
        """Return the block times the transpose of x (B, I), in `room` or in a new tensor."""
        return input_product(self._factor, x.to(self._factor), room)

    def times(self, x: Tensor, out: Tensor, rows: slice = slice(None)) -> None:
        """Write some rows of the block times x."""
        product(self._factor[rows], x.to(self._factor), out)

    def transposed_times(self, x: Tensor, out: Tensor) -> None:
        """Write the transposed block times x."""
        product(self._factor.t(), x.to(self._factor), out)

    def apply(self, delta: Tensor, inputs: Tensor, optimizer: LaneOptimizer) -> None:
        """Take a step down the gradient `delta @ inputs`; delta is overwritten."""
        delta, inputs = delta.to(self._factor), inputs.to(self._factor)
        if self._gradient is None:
            optimizer.apply_outer_product(self.block, delta, inputs)
            return
        torch.mm(delta, inputs, out=self._gradient)
        for strip, gradient, wide in self._strips:
            optimizer.apply(strip, wide.copy_(gradient))
