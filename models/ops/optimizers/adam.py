"""Adam and AdamW for lanes, as torch.optim.Adam and torch.optim.AdamW.

Letters: L lanes, R rows of a block, K columns, B examples of the minibatch, N steps of a tick.
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from models.config.optimizers import Adam, AdamW, Muon
from models.ops.matmul import product
from models.ops.optimizers.base import Block, Columns, TickHyperparameters, shrink_factors, values_of

FUSED_FROM = 64  # columns of a block from which one pass a lane beats several over all lanes


class AdamSteps:
    """Adam (arXiv 1412.6980) and AdamW (arXiv 1711.05101), in the order of operations of torch.optim.

    On a CPU, a large block goes lane by lane through torch's own fused kernel: it is one pass, while the vector
    operations that serve all lanes at once take three times as long.
    """

    def __init__(
        self,
        config: Adam | AdamW | Muon,
        tick: TickHyperparameters,
        like: Tensor,
        searched: Collection[str],
        **vectors: Sequence[Sequence[float]] | np.ndarray,
    ) -> None:
        # Whether lanes may differ in these depends on the study alone, never on the neighbours.
        self._differ = bool({"beta1", "beta2", "epsilon"} & set(searched))
        (self._beta1,), (self._beta2,), (self._epsilon,) = (
            values_of(tick, name, default)
            for name, default in (("beta1", config.betas[0]), ("beta2", config.betas[1]), ("epsilon", config.epsilon))
        )
        self._decoupled = config.decoupled
        self._decays = any(tick.decay)
        self._tick = tick
        # The corrections for moments that began at 0 change with every step. Those of the whole tick are computed at
        # once, since handing numbers to a GPU at each step would make it wait.
        counts = np.array(tick.steps) + np.arange(1, tick.count + 1)[:, np.newaxis]  # (N, L)
        beta1, beta2 = np.array(self._beta1), np.array(self._beta2)  # (L,)
        rate, root = np.array(tick.rates) / (1.0 - beta1**counts), (1.0 - beta2**counts) ** 0.5
        self.columns = Columns(
            like,
            decay=[tick.decay],
            shrink=shrink_factors(tick),
            rate=rate,
            root=root,
            new1=1.0 - beta1[np.newaxis],
            beta2=[self._beta2],
            new2=1.0 - beta2[np.newaxis],
            epsilon=[self._epsilon],
            **vectors,
        )
        self._done = 0  # steps of this tick
        self._steps_made = torch.tensor(tick.steps, dtype=torch.float32)  # (L,)
        self._kernel = torch._fused_adamw_ if self._decoupled else torch._fused_adam_
        self._on_cpu = like.device.type == "cpu"
        self._lane_rows: dict[int, list[tuple[int, slice]]] = {}
        self._scratch: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}

    def start_step(self) -> None:
        """Count one more step; see `LaneOptimizer`."""
        self.columns.start_step()
        if not self._on_cpu:  # where steps are replayed, this is not called for each of them
            return
        self._rates = self._tick.rates[self._done if len(self._tick.rates) > 1 else 0]
        self._done += 1
        self._steps_made.add_(1)

    def apply(self, block: Block, gradient: Tensor) -> None:
        """Take a step down a gradient; see `LaneOptimizer`."""
        if self._on_cpu and block.weight.shape[1] >= FUSED_FROM:
            self._apply_fused(block, gradient)
            return
        mean, square = block.state["mean"], block.state["square"]
        if self._decays and self._decoupled:
            block.weight.mul_(self.columns("shrink", block))
        elif self._decays:
            gradient.addcmul_(block.weight, self.columns("decay", block))
        root = self._scratch_like(block)[1]
        if self._differ:
            mean.lerp_(gradient, self.columns("new1", block).expand_as(mean))
            torch.mul(gradient, gradient, out=root)
            square.mul_(self.columns("beta2", block)).addcmul_(root, self.columns("new2", block))
        else:
            mean.lerp_(gradient, 1.0 - self._beta1[0])
            square.mul_(self._beta2[0]).addcmul_(gradient, gradient, value=1.0 - self._beta2[0])
        torch.sqrt(square, out=root).div_(self.columns("root", block))
        root.add_(self.columns("epsilon", block) if self._differ else self._epsilon[0])
        # mean / root goes where the gradient was: it is not needed again.
        torch.div(mean, root, out=gradient)
        block.weight.addcmul_(gradient, self.columns("rate", block), value=-1)
        block.update_low()

    def _apply_fused(self, block: Block, gradient: Tensor) -> None:
        mean, square = block.state["mean"], block.state["square"]
        for lane, rows in self._rows_of_lanes(block):
            self._kernel(
                [block.weight[rows]],
                [gradient[rows]],
                [mean[rows]],
                [square[rows]],
                [],
                [self._steps_made[lane]],
                lr=self._rates[lane],
                beta1=self._beta1[lane],
                beta2=self._beta2[lane],
                weight_decay=self._tick.decay[lane],
                eps=self._epsilon[lane],
                amsgrad=False,
                maximize=False,
            )
        block.update_low()

    def _rows_of_lanes(self, block: Block) -> list[tuple[int, slice]]:
        """Return each lane of a block with its rows, which are consecutive."""
        if id(block) not in self._lane_rows:
            lanes, counts = torch.unique_consecutive(block.lanes, return_counts=True)
            rows = block.weight.shape[0] // len(block.lanes)  # all of them where the block is one lane's, else 1
            ends = (counts * rows).cumsum(0)
            self._lane_rows[id(block)] = [
                (lane, slice(end - count * rows, end))
                for lane, count, end in zip(lanes.tolist(), counts.tolist(), ends.tolist(), strict=True)
            ]
        return self._lane_rows[id(block)]

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        """Take a step down a gradient given as two factors; see `LaneOptimizer`."""
        gradient = self._scratch_like(block)[0]
        product(delta, inputs, gradient)
        self.apply(block, gradient)

    def _scratch_like(self, block: Block) -> tuple[Tensor, Tensor]:
        """Two matrices like the block's, overwritten by the next call."""
        shape = tuple(block.weight.shape)
        if shape not in self._scratch:
            self._scratch[shape] = (torch.empty_like(block.weight), torch.empty_like(block.weight))
        return self._scratch[shape]
