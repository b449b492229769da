"""Perceptrons from scratch: layers with forward and backward written by hand, for many lanes at once.

All lanes see the same minibatch, so the first layers of all lanes are one matrix product whatever their widths, and so
is its gradient. Later hidden layers are one product per lane (the last: last_layers.py). No autograd and no torch.nn:
each gradient is derived beside its code and tested against autograd. Used by mlp.py and linear.py; driven by lanes.py.

Letters: L lanes, B examples of the minibatch, I inputs, H hidden units of one lane, S hidden units of all lanes, C
classes. Activations are held units first, (S, B): then a lane's units are whole rows, so each lane's part of every
tensor is one contiguous piece.

A lane comes to the same bits whoever stands beside it; the tests demand it. Two things make it so, both measured on one
thread: a product gives a lane of at least 4 rows the same bits wherever they stand in it, if the minibatch is not tiny;
and a product of one lane alone gives the same bits if its matrices begin at a multiple of 16 bytes. So lanes are padded
to a multiple of 4 rows with zeros (they stay zero under ReLU, leaky ReLU and tanh, since such a unit neither sends nor
receives), each lane's logits begin at such a place, and a tiny last minibatch goes through one product a lane.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.families.base import Lane
from models.ops.matmul import kernels_for, of_inputs, product
from models.ops.optimizers import Block, LaneOptimizer

STRIP = 256  # rows that go through all passes after a product of 16 bits at a time: few enough to stay in the cache

# --- where each lane's tensors lie in the fused ones ------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """One lane's tensor inside a block: rows and columns of it, as the module's own shape."""

    rows: slice
    columns: slice | None = None  # all of them
    form: str = "matrix"  # or "transposed", or "vector" where the block has one column

    def of(self, fused: Tensor) -> Tensor:
        """Return the lane's view of a tensor like the block's weight."""
        part = fused[self.rows] if self.columns is None else fused[self.rows, self.columns]
        return part.t() if self.form == "transposed" else part.squeeze(1) if self.form == "vector" else part


def _fuse(name: str, lanes: Sequence[Lane], pieces: Sequence[Piece], shape: tuple[int, int], owner: Tensor) -> Block:
    """Move the lanes' tensors called `name` into one block, zeros around them, and make them views into it."""

    def moved(tensors: Sequence[Tensor]) -> Tensor:
        fused = tensors[0].new_zeros(shape)
        for piece, tensor in zip(pieces, tensors, strict=True):
            piece.of(fused).copy_(tensor)
        return fused

    block = Block(moved([lane.weights[name] for lane in lanes]), owner)
    for key in lanes[0].state:
        block.state[key] = moved([lane.state[key][name] for lane in lanes])
    for piece, lane in zip(pieces, lanes, strict=True):
        lane.weights[name] = piece.of(block.weight)
        for key in lane.state:
            lane.state[key][name] = piece.of(block.state[key])
    return block


# --- products in either precision -------------------------------------------------------------------------------------


class Matrix:
    """A block that activations are multiplied by.

    In bfloat16 the factors of a product are of 16 bits and its sum is made in 32, where the processor can do that at
    twice the speed; the weights themselves, their gradients and the optimizer stay in float32.
    """

    def __init__(self, block: Block, low: torch.dtype | None) -> None:
        self.block = block
        if low is not None:
            block.low = block.weight.to(low)
        self._factor = block.weight if block.low is None else block.low
        # On a CPU the gradient is made in 16 bits, and goes into the weights in strips that stay in the cache.
        self._gradient: Tensor | None = None
        if block.low is not None and kernels_for(block.weight) is None:
            self._gradient = torch.empty_like(block.low)
            height = len(block.weight)
            strips = [slice(start, min(start + STRIP, height)) for start in range(0, height, STRIP)]
            wide = torch.empty_like(block.weight[strips[0]])  # one for all strips, the last of which may be lower
            self._strips = [
                (block.strip(rows), self._gradient[rows], wide[: rows.stop - rows.start]) for rows in strips
            ]

    def of_inputs(self, x: Tensor, room: Tensor) -> Tensor:
        """Return the block times the transpose of x (B, I), in `room` or elsewhere."""
        return of_inputs(self._factor, x.to(self._factor), room)

    def times(self, x: Tensor, out: Tensor, rows: slice = slice(None)) -> None:
        """Write some rows of the block times x."""
        product(self._factor[rows], x.to(self._factor), out)

    def turned_times(self, x: Tensor, out: Tensor) -> None:
        """Write the transposed block times x."""
        product(self._factor.t(), x.to(self._factor), out)

    def apply(self, delta: Tensor, inputs: Tensor, optimizer: LaneOptimizer) -> None:
        """Step down the gradient `delta @ inputs`; delta is overwritten."""
        delta, inputs = delta.to(self._factor), inputs.to(self._factor)
        if self._gradient is None:
            optimizer.apply_outer_product(self.block, delta, inputs)
            return
        torch.mm(delta, inputs, out=self._gradient)
        for strip, gradient, wide in self._strips:
            optimizer.apply(strip, wide.copy_(gradient))
