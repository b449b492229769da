"""Optimizers for lanes: every lane has a rate, a decay and a momentum of its own, and all lanes step together.

A fused parameter is a `Block`: a matrix whose rows belong to lanes. What is a vector over lanes elsewhere is a column
over the block's rows here, so one elementwise pass serves all lanes and none sees another. Gradients come in two forms:
as a matrix, or as the product `delta @ inputs` that would make it, which plain SGD adds straight into the weights.
Called by the fused models (scratch.py, family.py); tested against torch.optim.

Letters: L lanes, R rows of a block, K columns, B examples of the minibatch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.config.optimizers import SGD, Adam, AdamW, Optimizer
from models.ops.matmul import kernels_for, product, step_down


@dataclass(eq=False)
class Block:
    """One fused parameter with the state its optimizer keeps of it."""

    weight: Tensor  # (R, K)
    lanes: Tensor  # (R,) the lane each row belongs to; (1,) where all rows are one lane's
    state: dict[str, Tensor] = field(default_factory=dict)  # tensors like `weight`, by name
    low: Tensor | None = None  # the weight in 16 bits, where products take it so

    def strip(self, rows: slice) -> "Block":
        """Return some rows as a block that shares their memory."""
        lanes = self.lanes[rows] if len(self.lanes) > 1 else self.lanes
        state = {name: tensor[rows] for name, tensor in self.state.items()}
        return Block(self.weight[rows], lanes, state, None if self.low is None else self.low[rows])

    def lower(self) -> None:
        """Bring `low` up to the weight."""
        if self.low is not None:
            self.low.copy_(self.weight)


@dataclass(frozen=True)
class TickHyperparameters:
    """How fast the lanes learn in one tick."""

    rates: Sequence[Sequence[float]]  # (1, L), or (N, L) where each of the tick's N steps has its own
    decay: Sequence[float]  # (L,)
    momentum: Sequence[float]  # (L,)
    steps: Sequence[int]  # (L,) steps each lane has made before this tick
    count: int  # N, steps of this tick


class LaneOptimizer(Protocol):
    """An optimizer bound to the pace of one tick. All methods change blocks in place."""

    def start_step(self) -> None:
        """Count one more step of all lanes."""

    def apply(self, block: Block, gradient: Tensor) -> None:
        """Step down `gradient` (R, K), which is overwritten."""

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        """Step down the gradient `delta @ inputs`, (R, B) @ (B, K); delta is overwritten.

        Both are float32; on a GPU they may be in 16 bits.
        """


def state_names(optimizer: Optimizer, momentum_searched: bool) -> tuple[str, ...]:
    """Return the names of the tensors, each like the weights, that the optimizer keeps."""
    if isinstance(optimizer, SGD):
        return ("momentum",) if optimizer.momentum or momentum_searched else ()
    return ("mean", "square")


def bind_optimizer(
    optimizer: Optimizer, tick: TickHyperparameters, like: Tensor, momentum_searched: bool
) -> LaneOptimizer:
    """Return the optimizer of a recipe at the pace of one tick, with columns of `like`'s type and device."""
    if isinstance(optimizer, SGD):
        if momentum_searched or optimizer.momentum:
            return _MomentumSteps(tick, like, None if momentum_searched else optimizer.momentum, optimizer.decoupled)
        return _PlainSteps(tick, like)
    return _AdamSteps(optimizer, tick, like)


class _Columns:
    """Vectors over lanes, handed out as columns over a block's rows and kept while they hold.

    Each is given as (1, L) for the whole tick, or as (N, L) for its N steps.
    """

    def __init__(self, like: Tensor, **vectors: Sequence[Sequence[float]] | np.ndarray) -> None:
        self._vectors = {name: torch.as_tensor(np.asarray(rows, np.float64)).to(like) for name, rows in vectors.items()}
        self._kept: dict[str, dict[int, Tensor]] = {name: {} for name in vectors}
        self._varying = [name for name, rows in vectors.items() if len(rows) > 1]
        # Which row is next is counted on the device, where a step that is replayed counts as well.
        self._step = torch.full((1,), -1, device=like.device)

    def start_step(self) -> None:
        """Move on to the next row of what varies."""
        self._step.add_(1)
        for name in self._varying:
            self._kept[name].clear()

    def __call__(self, name: str, block: Block) -> Tensor:
        """Return the vector `name` as (R, 1), or (1, 1) for a block of one lane."""
        kept = self._kept[name]
        if id(block) not in kept:
            rows = self._vectors[name]
            row = rows.index_select(0, self._step) if len(rows) > 1 else rows
            kept[id(block)] = row[0][block.lanes].unsqueeze(1)
        return kept[id(block)]


def _shrink(tick: TickHyperparameters) -> list[list[float]]:
    """What decoupled decay leaves of a weight in one step: 1 - rate decay, with as many rows as the rates."""
    return [[1.0 - rate * decay for rate, decay in zip(rates, tick.decay, strict=True)] for rates in tick.rates]


class _PlainSteps:
    """SGD without momentum: w <- (1 - rate decay) w - rate g, the same as torch.optim.SGD's w - rate (g + decay w)."""

    def __init__(self, tick: TickHyperparameters, like: Tensor) -> None:
        self._decays = any(tick.decay)
        self._column = _Columns(like, rate=tick.rates, shrink=_shrink(tick))

    def start_step(self) -> None:
        self._column.start_step()

    def apply(self, block: Block, gradient: Tensor) -> None:
        if self._decays:  # multiplying a lane without decay by exactly 1 changes nothing
            block.weight.mul_(self._column("shrink", block))
        block.weight.addcmul_(gradient, self._column("rate", block), value=-1)
        block.lower()

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        shrink = self._column("shrink", block) if self._decays else None
        step_down(block.weight, block.low, delta, inputs, self._column("rate", block), shrink)


class _MomentumSteps:
    """SGD as torch.optim.SGD: v <- momentum v + g + decay w; w <- w - rate v.

    Decoupled: v <- momentum v + g; w <- (1 - rate decay) w - rate v.
    """

    def __init__(self, tick: TickHyperparameters, like: Tensor, momentum: float | None, decoupled: bool) -> None:
        self._decays, self._decoupled = any(tick.decay), decoupled
        # One momentum for all is the product's own factor. Which way is taken depends on the study alone, never on
        # the neighbours: the two ways round differently.
        self._momentum = momentum
        decay = {"shrink": _shrink(tick)} if decoupled else {"decay": [tick.decay]}
        self._column = _Columns(like, rate=tick.rates, momentum=[tick.momentum], **decay)

    def start_step(self) -> None:
        self._column.start_step()

    def apply(self, block: Block, gradient: Tensor) -> None:
        velocity = block.state["momentum"]
        velocity.mul_(self._column("momentum", block)).add_(gradient)
        self._move(block, velocity)

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        velocity = block.state["momentum"]
        if kernels_for(velocity):
            gradient = torch.empty_like(velocity)
            product(delta, inputs, gradient)
            self.apply(block, gradient)
            return
        if self._momentum is None:
            velocity.mul_(self._column("momentum", block)).addmm_(delta, inputs)
        else:
            velocity.addmm_(delta, inputs, beta=self._momentum)
        self._move(block, velocity)

    def _move(self, block: Block, velocity: Tensor) -> None:
        if self._decays and self._decoupled:
            block.weight.mul_(self._column("shrink", block))
        elif self._decays:
            velocity.addcmul_(block.weight, self._column("decay", block))
        block.weight.addcmul_(velocity, self._column("rate", block), value=-1)
        block.lower()


FUSED_FROM = 64  # columns of a block from which one pass a lane beats several over all lanes


class _AdamSteps:
    """Adam (arXiv 1412.6980) and AdamW (arXiv 1711.05101), in the order of operations of torch.optim.

    On a CPU, what is large goes lane by lane through torch's own fused kernel: one pass where several vector
    operations, which serve all lanes at once, take three times as long.
    """

    def __init__(self, optimizer: Adam | AdamW, tick: TickHyperparameters, like: Tensor) -> None:
        self._beta1, self._beta2 = optimizer.betas
        self._epsilon = optimizer.epsilon
        self._decoupled = isinstance(optimizer, AdamW)
        self._decays = any(tick.decay)
        self._tick = tick
        # The corrections for moments that began at 0 change with every step: all of the tick's are made at once, since
        # handing numbers to a GPU at each step would make it wait.
        made = np.array(tick.steps) + np.arange(1, tick.count + 1)[:, np.newaxis]  # (N, L)
        rate, root = np.array(tick.rates) / (1.0 - self._beta1**made), (1.0 - self._beta2**made) ** 0.5
        self._column = _Columns(like, decay=[tick.decay], shrink=_shrink(tick), rate=rate, root=root)
        self._done = 0  # steps of this tick
        self._made = torch.tensor(tick.steps, dtype=torch.float32)  # (L,)
        self._kernel = torch._fused_adamw_ if self._decoupled else torch._fused_adam_
        self._on_cpu = like.device.type == "cpu"
        self._pieces: dict[int, list[tuple[int, slice]]] = {}
        self._scratch: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}

    def start_step(self) -> None:
        self._column.start_step()
        self._rates = self._tick.rates[self._done if len(self._tick.rates) > 1 else 0]
        self._done += 1
        self._made.add_(1)

    def apply(self, block: Block, gradient: Tensor) -> None:
        if self._on_cpu and block.weight.shape[1] >= FUSED_FROM:
            self._apply_fused(block, gradient)
            return
        mean, square = block.state["mean"], block.state["square"]
        if self._decays and self._decoupled:
            block.weight.mul_(self._column("shrink", block))
        elif self._decays:
            gradient.addcmul_(block.weight, self._column("decay", block))
        mean.lerp_(gradient, 1.0 - self._beta1)
        square.mul_(self._beta2).addcmul_(gradient, gradient, value=1.0 - self._beta2)
        root = torch.sqrt(square, out=self._spare(block)[1])
        root.div_(self._column("root", block)).add_(self._epsilon)
        # mean / root goes where the gradient was: it is not needed again.
        torch.div(mean, root, out=gradient)
        block.weight.addcmul_(gradient, self._column("rate", block), value=-1)
        block.lower()

    def _apply_fused(self, block: Block, gradient: Tensor) -> None:
        mean, square = block.state["mean"], block.state["square"]
        for lane, rows in self._pieces_of(block):
            self._kernel(
                [block.weight[rows]],
                [gradient[rows]],
                [mean[rows]],
                [square[rows]],
                [],
                [self._made[lane]],
                lr=self._rates[lane],
                beta1=self._beta1,
                beta2=self._beta2,
                weight_decay=self._tick.decay[lane],
                eps=self._epsilon,
                amsgrad=False,
                maximize=False,
            )
        block.lower()

    def _pieces_of(self, block: Block) -> list[tuple[int, slice]]:
        """Return each lane of a block with its rows, which lie together."""
        if id(block) not in self._pieces:
            lanes, counts = torch.unique_consecutive(block.lanes, return_counts=True)
            rows = block.weight.shape[0] // len(block.lanes)  # all of them where the block is one lane's, else 1
            ends = (counts * rows).cumsum(0)
            self._pieces[id(block)] = [
                (lane, slice(end - count * rows, end))
                for lane, count, end in zip(lanes.tolist(), counts.tolist(), ends.tolist(), strict=True)
            ]
        return self._pieces[id(block)]

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        gradient = self._spare(block)[0]
        product(delta, inputs, gradient)
        self.apply(block, gradient)

    def _spare(self, block: Block) -> tuple[Tensor, Tensor]:
        """Two matrices like the block's, for nobody to keep."""
        shape = tuple(block.weight.shape)
        if shape not in self._scratch:
            self._scratch[shape] = (torch.empty_like(block.weight), torch.empty_like(block.weight))
        return self._scratch[shape]
