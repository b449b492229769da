"""Muon for lanes: hidden matrices step by their orthogonalized momentum, all other weights as by AdamW.

Letters: A rows of a hidden matrix, which are a layer's outputs, and B columns, its inputs.
"""

from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor

from models.config.optimizers import Muon
from models.ops.matmul import lacks_16_bit_products
from models.ops.optimizers.adam import AdamSteps
from models.ops.optimizers.base import Block, HiddenMatrix, TickHyperparameters

COEFFICIENTS, ITERATIONS, SMALLEST = (3.4445, -4.7750, 2.0315), 5, 1e-7  # of Newton and Schulz, as in torch.optim.Muon


def orthogonalized(matrix: Tensor) -> Tensor:
    """Return a matrix (A, B) with its singular values brought near 1, by the iteration of Newton and Schulz.

    As torch.optim.Muon in 16 bits (Jordan et al. 2024); in float32 on a processor without products of 16 bits, where
    they take 13 to 38 times as long.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    near = (matrix.T if tall else matrix).to(torch.float32 if lacks_16_bit_products(matrix.device) else torch.bfloat16)
    near = near / near.norm().clamp(min=SMALLEST)  # so that no singular value exceeds 1
    for _ in range(ITERATIONS):
        squared = near @ near.T
        near = torch.addmm(near, torch.addmm(squared, squared, squared, beta=b, alpha=c), near, beta=a)
    return near.T if tall else near


class MuonSteps(AdamSteps):
    """m <- beta m + (1 - beta) g;  w <- (1 - rate decay) w - .2 sqrt(max(A, B)) rate O.

    O is near U V^T, where U S V^T is the singular value decomposition of (1 - beta) g + beta m. As torch.optim.Muon
    with adjust_lr_fn="match_rms_adamw": a step's root mean square is that of AdamW, so one rate serves both.
    """

    def __init__(self, config: Muon, tick: TickHyperparameters, like: Tensor, searched: Collection[str]) -> None:
        momentum = np.array([[float(each.get("momentum", config.momentum)) for each in tick.parameters]])
        super().__init__(config, tick, like, searched, whole_rate=tick.rates, momentum=momentum, new=1 - momentum)

    def apply(self, block: Block, gradient: Tensor) -> None:
        """Take a step down a gradient; see `LaneOptimizer`."""
        moved = [self._moved(block, gradient, matrix) for matrix in block.hidden]
        if sum(weight.numel() for weight, _ in moved) < block.weight.numel():  # something else lies in the block
            super().apply(block, gradient)
        for matrix, (weight, mean) in zip(block.hidden, moved, strict=True):
            matrix.of(block.weight).copy_(weight)
            matrix.of(block.state["mean"]).copy_(mean)
        block.update_low()

    def _moved(self, block: Block, gradient: Tensor, matrix: HiddenMatrix) -> tuple[Tensor, Tensor]:
        """Return a hidden matrix after the step, and its momentum; nothing is changed."""
        weight, mean, own = (matrix.of(tensor) for tensor in (block.weight, block.state["mean"], gradient))
        new, momentum, shrink, rate = (
            matrix.of_lane(self.columns(name, block)) for name in ("new", "momentum", "shrink", "whole_rate")
        )
        mean = mean.lerp(own, new.expand_as(own))
        step = orthogonalized(own.lerp(mean, momentum.expand_as(own))).to(weight)
        return weight * shrink - step * (0.2 * max(step.shape) ** 0.5 * rate), mean
