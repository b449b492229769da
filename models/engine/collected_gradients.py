"""Gradients that are collected before a step: summed over minibatches, and clipped by the norm of all together.

Stands between a fused model, which gives away each gradient as soon as it has it, and the optimizer.

Letters: L lanes, R rows of a block.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.ops.matmul import product
from models.ops.optimizers.base import Block, LaneOptimizer


class CollectedGradients(LaneOptimizer):
    """An optimizer that steps when all the gradients of a step are there.

    Args:
        largest_norms: (L,) what each lane's gradient is clipped to, as torch.nn.utils.clip_grad_norm_ does; inf for no
            clipping; None where no lane of the study is clipped.
        minibatches: How many minibatches a step is the mean of.
    """

    def __init__(self, largest_norms: Sequence[float] | None, minibatches: int) -> None:
        self._largest_norms, self._minibatches = largest_norms, minibatches
        self._pending: dict[int, tuple[Block, Tensor]] = {}  # gradients of this step, by block
        self._rooms: dict[int, Tensor] = {}
        self._products: dict[int, Tensor] = {}
        self._seen = 0  # minibatches of this step
        self._largest: Tensor | None = None  # the norms, on the device

    def start_step(self) -> None:
        """Count a minibatch; the step begins when it is taken."""
        self._seen += 1

    def apply(self, block: Block, gradient: Tensor) -> None:
        """Keep a copy of a gradient."""
        key = id(block)
        if key in self._pending:
            self._pending[key][1].add_(gradient)
            return
        if key not in self._rooms:
            self._rooms[key] = torch.empty_like(block.weight)
        self._pending[key] = (block, self._rooms[key].copy_(gradient))

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        """Keep a gradient given as two factors."""
        key = id(block)
        if key not in self._products:
            self._products[key] = torch.empty_like(block.weight)
        product(delta, inputs, self._products[key])
        self.apply(block, self._products[key])

    def end_minibatch(self, optimizer: LaneOptimizer, *, is_last: bool) -> bool:
        """Step if all minibatches of the step are there, or no other comes; return whether it stepped."""
        if self._seen < self._minibatches and not is_last:
            return False
        if self._seen > 1:
            for _, gradient in self._pending.values():
                gradient.mul_(1.0 / self._seen)
        if self._largest_norms is not None:
            self._clip(self._largest_norms)
        optimizer.start_step()
        for block, gradient in self._pending.values():
            optimizer.apply(block, gradient)
        self.forget()
        return True

    def forget(self) -> None:
        """Forget all gradients."""
        self._pending.clear()
        self._seen = 0

    def _clip(self, largest_norms: Sequence[float]) -> None:
        like = next(iter(self._pending.values()))[1]
        squares = like.new_zeros(len(largest_norms), dtype=torch.float64)  # (L,)
        for block, gradient in self._pending.values():
            rows = gradient.square().sum(1, dtype=torch.float64)  # (R,)
            squares.index_add_(0, block.lanes, rows if len(block.lanes) > 1 else rows.sum(0, keepdim=True))
        if self._largest is None:
            self._largest = squares.new_tensor(largest_norms)
        shrink = (self._largest / (squares.sqrt() + 1e-6)).clamp_(max=1.0).to(like)
        for block, gradient in self._pending.values():
            gradient.mul_(shrink[block.lanes].unsqueeze(1))
