"""Optimizers that need a gradient as a matrix: Lion, RMSprop, Adagrad and NAdam, each as its authority.

All that a lane has of its own is a column over its rows, so a lane steps as it would alone.

Letters: L lanes, N steps of a tick; w weight, g gradient.
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from models.config.optimizers import Adagrad, Lion, NAdam, OptimizerConfig, RMSprop
from models.ops.matmul import product
from models.ops.optimizers.base import Block, Columns, TickHyperparameters, shrink_factors, values_of


class ElementwiseSteps:
    """What they share: decay, which joins the gradient or shrinks the weight, and gradients given as two factors.

    Args:
        config: The optimizer's settings.
        tick: Hyperparameters of the lanes.
        like: A tensor of the type and device of the weights.
        decoupled: Whether decay passes the optimizer's state by.
        vectors: The subclass's own numbers of the lanes, for `Columns`.
    """

    def __init__(
        self,
        config: OptimizerConfig,
        tick: TickHyperparameters,
        like: Tensor,
        decoupled: bool,
        **vectors: Sequence[Sequence[float]] | np.ndarray,
    ) -> None:
        self._decays, self._decoupled = any(tick.decay), decoupled
        self.columns = Columns(like, decay=[tick.decay], shrink=shrink_factors(tick), rate=tick.rates, **vectors)
        self._rooms: dict[tuple[int, ...], Tensor] = {}

    def start_step(self) -> None:
        """Begin the next step; see `LaneOptimizer`."""
        self.columns.start_step()

    def apply(self, block: Block, gradient: Tensor) -> None:
        """Take a step down a gradient; see `LaneOptimizer`."""
        if self._decays and self._decoupled:
            block.weight.mul_(self.columns("shrink", block))
        elif self._decays:
            gradient.addcmul_(block.weight, self.columns("decay", block))
        self.move(block, gradient)
        block.update_low()

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        """Take a step down a gradient given as two factors; see `LaneOptimizer`."""
        shape = tuple(block.weight.shape)
        if shape not in self._rooms:
            self._rooms[shape] = torch.empty_like(block.weight)
        product(delta, inputs, self._rooms[shape])
        self.apply(block, self._rooms[shape])

    def move(self, block: Block, gradient: Tensor) -> None:
        """Change the state and the weight by a gradient that may be overwritten; decay is done already."""
        raise NotImplementedError


class LionSteps(ElementwiseSteps):
    """w <- (1 - rate decay) w - rate sign(beta1 m + (1 - beta1) g); m <- beta2 m + (1 - beta2) g.

    Algorithm 2 of arXiv 2302.06675.
    """

    def __init__(self, config: Lion, tick: TickHyperparameters, like: Tensor, searched: Collection[str]) -> None:
        (beta1,), (beta2,) = (values_of(tick, f"beta{n}", beta) for n, beta in enumerate(config.betas, 1))
        super().__init__(config, tick, like, True, new1=1 - np.array([beta1]), new2=1 - np.array([beta2]))

    def move(self, block: Block, gradient: Tensor) -> None:
        """Step by the sign."""
        mean = block.state["mean"]
        direction = mean.lerp(gradient, self.columns("new1", block).expand_as(mean)).sign_()
        block.weight.addcmul_(direction, self.columns("rate", block), value=-1)
        mean.lerp_(gradient, self.columns("new2", block).expand_as(mean))


class RMSpropSteps(ElementwiseSteps):
    """s <- alpha s + (1 - alpha) g^2;  w <- w - rate g / (sqrt(s) + epsilon), with g + decay w for g."""

    def __init__(self, config: RMSprop, tick: TickHyperparameters, like: Tensor, searched: Collection[str]) -> None:
        (alpha,), epsilon = values_of(tick, "alpha", config.alpha), values_of(tick, "epsilon", config.epsilon)
        super().__init__(config, tick, like, False, alpha=[alpha], new=1 - np.array([alpha]), epsilon=epsilon)

    def move(self, block: Block, gradient: Tensor) -> None:
        """Step by the gradient over the root of its mean square."""
        square = block.state["square"]
        square.mul_(self.columns("alpha", block)).addcmul_(gradient.square(), self.columns("new", block))
        gradient.div_(square.sqrt().add_(self.columns("epsilon", block)))
        block.weight.addcmul_(gradient, self.columns("rate", block), value=-1)


class AdagradSteps(ElementwiseSteps):
    """s <- s + g^2;  w <- w - rate g / (sqrt(s) + epsilon), with g + decay w for g."""

    def __init__(self, config: Adagrad, tick: TickHyperparameters, like: Tensor, searched: Collection[str]) -> None:
        super().__init__(config, tick, like, False, epsilon=values_of(tick, "epsilon", config.epsilon))

    def move(self, block: Block, gradient: Tensor) -> None:
        """Step by the gradient over the root of the sum of its squares."""
        total = block.state["sum"].addcmul_(gradient, gradient)
        gradient.div_(total.sqrt().add_(self.columns("epsilon", block)))
        block.weight.addcmul_(gradient, self.columns("rate", block), value=-1)


class NAdamSteps(ElementwiseSteps):
    """Adam that looks ahead.

    With mu_t = beta1 (1 - .96^(t momentum_decay) / 2) and M_t = mu_1 ... mu_t:
    w <- w - rate ((1 - mu_t) / (1 - M_t) g + mu_(t+1) / (1 - M_(t+1)) m) / (sqrt(s / (1 - beta2^t)) + epsilon).
    """

    def __init__(self, config: NAdam, tick: TickHyperparameters, like: Tensor, searched: Collection[str]) -> None:
        (beta1,), (beta2,) = (values_of(tick, f"beta{n}", beta) for n, beta in enumerate(config.betas, 1))
        counts = np.array(tick.steps) + np.arange(1, tick.count + 1)[:, np.newaxis]  # (N, L), 1 is the first step
        every = np.arange(1, counts.max() + 2)[:, np.newaxis]
        mu = np.array(beta1) * (1.0 - 0.5 * 0.96 ** (every * config.momentum_decay))  # (all steps and one, L)
        product_of_mu, lane = mu.cumprod(0), np.arange(len(beta1))
        super().__init__(
            config,
            tick,
            like,
            True,
            new1=1 - np.array([beta1]),
            beta2=[beta2],
            new2=1 - np.array([beta2]),
            epsilon=values_of(tick, "epsilon", config.epsilon),
            root=(1.0 - np.array(beta2) ** counts) ** 0.5,
            gradient_rate=np.array(tick.rates) * (1 - mu[counts - 1, lane]) / (1 - product_of_mu[counts - 1, lane]),
            mean_rate=np.array(tick.rates) * mu[counts, lane] / (1 - product_of_mu[counts, lane]),
        )

    def move(self, block: Block, gradient: Tensor) -> None:
        """Step by the gradient and the mean that the next step will have."""
        mean, square = block.state["mean"], block.state["square"]
        mean.lerp_(gradient, self.columns("new1", block).expand_as(mean))
        square.mul_(self.columns("beta2", block)).addcmul_(gradient.square(), self.columns("new2", block))
        root = square.sqrt().div_(self.columns("root", block)).add_(self.columns("epsilon", block))
        block.weight.addcmul_(gradient.div_(root), self.columns("gradient_rate", block), value=-1)
        block.weight.addcmul_(torch.div(mean, root, out=gradient), self.columns("mean_rate", block), value=-1)
