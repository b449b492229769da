"""SGD for lanes, with and without momentum, as torch.optim.SGD.

Letters: R rows of a block, K columns, B examples of the minibatch.
"""

from collections.abc import Collection

import torch
from torch import Tensor

from models.config.optimizers import SGD
from models.ops.matmul import kernels_for, product, step_down
from models.ops.optimizers.base import (
    Block,
    Columns,
    LaneOptimizer,
    TickHyperparameters,
    shrink_factors,
    values_of,
)


def sgd_steps(config: SGD, tick: TickHyperparameters, like: Tensor, searched: Collection[str]) -> LaneOptimizer:
    """Return the steps of one tick; see `OptimizerConfig.bind`."""
    if config.state_names(searched):
        return _MomentumSteps(tick, like, config, searched)
    return _PlainSteps(tick, like)


class _PlainSteps:
    """SGD without momentum: w <- (1 - rate decay) w - rate g, the same as torch.optim.SGD's w - rate (g + decay w)."""

    def __init__(self, tick: TickHyperparameters, like: Tensor) -> None:
        self._decays = any(tick.decay)
        self.columns = Columns(like, rate=tick.rates, shrink=shrink_factors(tick))

    def start_step(self) -> None:
        self.columns.start_step()

    def apply(self, block: Block, gradient: Tensor) -> None:
        if self._decays:  # multiplying a lane without decay by exactly 1 changes nothing
            block.weight.mul_(self.columns("shrink", block))
        block.weight.addcmul_(gradient, self.columns("rate", block), value=-1)
        block.update_low()

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        shrink = self.columns("shrink", block) if self._decays else None
        step_down(block.weight, block.low, delta, inputs, self.columns("rate", block), shrink)


class _MomentumSteps:
    """SGD as torch.optim.SGD: v <- momentum v + g + decay w; w <- w - rate v.

    Decoupled: v <- momentum v + g; w <- (1 - rate decay) w - rate v. A lane with Nesterov's momentum takes
    g + momentum v in the place of v.
    """

    def __init__(self, tick: TickHyperparameters, like: Tensor, config: SGD, searched: Collection[str]) -> None:
        self._decays, self._decoupled = any(tick.decay), config.decoupled
        # One momentum for all lanes is the product's own factor. Whether there is one depends on the study alone,
        # never on the neighbours: the two ways round differently.
        self._momentum = None if "momentum" in searched else config.momentum
        self._looks_ahead = config.looks_ahead(searched)
        ((*momentum,), (*ahead,)) = (
            *values_of(tick, "momentum", config.momentum),
            *values_of(tick, "nesterov", config.nesterov),
        )
        # Of the velocity and of the gradient in a step: (1, 0), and (momentum, 1) of a lane that looks ahead.
        of_velocity = [m if looks else 1.0 for m, looks in zip(momentum, ahead, strict=True)]
        vectors = {"momentum": [momentum], "of_velocity": [of_velocity], "of_gradient": [ahead]}
        vectors |= {"shrink": shrink_factors(tick)} if config.decoupled else {"decay": [list(tick.decay)]}
        self.columns = Columns(like, rate=tick.rates, **vectors)

    def start_step(self) -> None:
        self.columns.start_step()

    def apply(self, block: Block, gradient: Tensor) -> None:
        velocity = block.state["momentum"]
        if self._looks_ahead:
            self._apply_nesterov(block, velocity, gradient)
            return
        velocity.mul_(self.columns("momentum", block)).add_(gradient)
        self._move(block, velocity)

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        velocity = block.state["momentum"]
        if self._looks_ahead or kernels_for(velocity):
            gradient = torch.empty_like(velocity)
            product(delta, inputs, gradient)
            self.apply(block, gradient)
            return
        if self._momentum is None:
            velocity.mul_(self.columns("momentum", block)).addmm_(delta, inputs)
        else:
            velocity.addmm_(delta, inputs, beta=self._momentum)
        self._move(block, velocity)

    def _apply_nesterov(self, block: Block, velocity: Tensor, gradient: Tensor) -> None:
        if self._decays and not self._decoupled:
            gradient.addcmul_(block.weight, self.columns("decay", block))
        velocity.mul_(self.columns("momentum", block)).add_(gradient)
        if self._decays and self._decoupled:
            block.weight.mul_(self.columns("shrink", block))
        gradient.mul_(self.columns("of_gradient", block)).addcmul_(velocity, self.columns("of_velocity", block))
        block.weight.addcmul_(gradient, self.columns("rate", block), value=-1)
        block.update_low()

    def _move(self, block: Block, velocity: Tensor) -> None:
        if self._decays and self._decoupled:
            block.weight.mul_(self.columns("shrink", block))
        elif self._decays:
            velocity.addcmul_(block.weight, self.columns("decay", block))
        block.weight.addcmul_(velocity, self.columns("rate", block), value=-1)
        block.update_low()
