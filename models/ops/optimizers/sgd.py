"""SGD for lanes, with and without momentum, as torch.optim.SGD.

Letters: R rows of a block, K columns, B examples of the minibatch.
"""

from collections.abc import Collection

import torch
from torch import Tensor

from models.config.optimizers import SGD
from models.ops.matmul import kernels_for, product, step_down
from models.ops.optimizers.base import Block, Columns, LaneOptimizer, TickHyperparameters, shrink_factors


def sgd_steps(config: SGD, tick: TickHyperparameters, like: Tensor, searched: Collection[str]) -> LaneOptimizer:
    """Return the steps of one tick; see `OptimizerConfig.bind`."""
    if config.state_names(searched):
        return _MomentumSteps(tick, like, config, "momentum" in searched)
    return _PlainSteps(tick, like)


class _PlainSteps:
    """SGD without momentum: w <- (1 - rate decay) w - rate g, the same as torch.optim.SGD's w - rate (g + decay w)."""

    def __init__(self, tick: TickHyperparameters, like: Tensor) -> None:
        self._decays = any(tick.decay)
        self._columns = Columns(like, rate=tick.rates, shrink=shrink_factors(tick))

    def start_step(self) -> None:
        self._columns.start_step()

    def apply(self, block: Block, gradient: Tensor) -> None:
        if self._decays:  # multiplying a lane without decay by exactly 1 changes nothing
            block.weight.mul_(self._columns("shrink", block))
        block.weight.addcmul_(gradient, self._columns("rate", block), value=-1)
        block.update_low()

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        shrink = self._columns("shrink", block) if self._decays else None
        step_down(block.weight, block.low, delta, inputs, self._columns("rate", block), shrink)


class _MomentumSteps:
    """SGD as torch.optim.SGD: v <- momentum v + g + decay w; w <- w - rate v.

    Decoupled: v <- momentum v + g; w <- (1 - rate decay) w - rate v.
    """

    def __init__(self, tick: TickHyperparameters, like: Tensor, config: SGD, searched: bool) -> None:
        self._decays, self._decoupled = any(tick.decay), config.decoupled
        # One momentum for all lanes is the product's own factor. Whether there is one depends on the study alone,
        # never on the neighbours: the two ways round differently.
        self._momentum = None if searched else config.momentum
        momentum = [float(parameters.get("momentum", config.momentum)) for parameters in tick.parameters]
        decay = {"shrink": shrink_factors(tick)} if config.decoupled else {"decay": [tick.decay]}
        self._columns = Columns(like, rate=tick.rates, momentum=[momentum], **decay)

    def start_step(self) -> None:
        self._columns.start_step()

    def apply(self, block: Block, gradient: Tensor) -> None:
        velocity = block.state["momentum"]
        velocity.mul_(self._columns("momentum", block)).add_(gradient)
        self._move(block, velocity)

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        velocity = block.state["momentum"]
        if kernels_for(velocity):
            gradient = torch.empty_like(velocity)
            product(delta, inputs, gradient)
            self.apply(block, gradient)
            return
        if self._momentum is None:
            velocity.mul_(self._columns("momentum", block)).addmm_(delta, inputs)
        else:
            velocity.addmm_(delta, inputs, beta=self._momentum)
        self._move(block, velocity)

    def _move(self, block: Block, velocity: Tensor) -> None:
        if self._decays and self._decoupled:
            block.weight.mul_(self._columns("shrink", block))
        elif self._decays:
            velocity.addcmul_(block.weight, self._columns("decay", block))
        block.weight.addcmul_(velocity, self._columns("rate", block), value=-1)
        block.update_low()
