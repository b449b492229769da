"""The steps of an optimizer on lanes: every lane has its own rate, decay and parameters, and all step together.

A fused parameter is a `Block`: a matrix whose rows belong to lanes. What is a vector over lanes is a column over the
block's rows, so one elementwise pass serves all lanes and none sees another. A gradient is given as a matrix, or as the
two factors `delta @ inputs` whose product it is, which plain SGD adds straight into the weights.

Letters: L lanes, R rows of a block, K columns, B examples of the minibatch, N steps of a tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.config.base import Parameters


@dataclass(frozen=True)
class HiddenMatrix:
    """Where a lane's weights of one layer between the first and the last lie in a block: a row for each output."""

    rows: slice
    columns: slice
    height: int  # rows of the matrix, whatever form the weights have there

    def of(self, tensor: Tensor) -> Tensor:
        """Return the matrix in a tensor like the block's weight, as a view."""
        return tensor[self.rows, self.columns].view(self.height, -1)

    def of_lane(self, column: Tensor) -> Tensor:
        """Return the lane's number in a column over the block's rows, as (1,)."""
        return column[self.rows.start if len(column) > 1 else 0]


@dataclass(eq=False)
class Block:
    """One fused parameter with the state its optimizer keeps of it."""

    weight: Tensor  # (R, K)
    lanes: Tensor  # (R,) the lane each row belongs to; (1,) where all rows are one lane's
    state: dict[str, Tensor] = field(default_factory=dict)  # tensors like `weight`, by name
    low: Tensor | None = None  # the weight in 16 bits, where products take it so
    hidden: tuple[HiddenMatrix, ...] = ()  # in it

    def strip(self, rows: slice) -> "Block":
        """Return some rows as a block that shares their memory; all of them, where it has hidden matrices."""
        lanes = self.lanes[rows] if len(self.lanes) > 1 else self.lanes
        state = {name: tensor[rows] for name, tensor in self.state.items()}
        return Block(self.weight[rows], lanes, state, None if self.low is None else self.low[rows], self.hidden)

    def update_low(self) -> None:
        """Copy the weight into its 16-bit copy, if there is one."""
        if self.low is not None:
            self.low.copy_(self.weight)


@dataclass(frozen=True)
class TickHyperparameters:
    """Hyperparameters of the lanes in one tick."""

    rates: Sequence[Sequence[float]]  # (1, L), or (N, L) where each step of the tick has its own
    decay: Sequence[float]  # (L,) weight decay
    parameters: Sequence[Parameters]  # (L,) all parameters of the trials
    steps: Sequence[int]  # (L,) steps of each lane before this tick
    count: int  # N


class LaneOptimizer(Protocol):
    """An optimizer bound to the hyperparameters of one tick. All methods change blocks in place.

    Made by the `bind` of an `OptimizerConfig` (models/config/optimizers.py). A lane's numbers must not depend on the
    other lanes of a block. Where all that changes from tick to tick is in an attribute `columns`, steps that are
    recorded on a GPU are kept over ticks.

    Example:
        >>> class SignSteps:  # signSGD (Bernstein et al. 2018, arXiv 1802.04434)
        ...     def __init__(self, config, tick, like, searched):
        ...         self.columns = Columns(like, rate=tick.rates)
        ...
        ...     def start_step(self):
        ...         self.columns.start_step()
        ...
        ...     def apply(self, block, gradient):
        ...         block.weight.addcmul_(gradient.sign_(), self.columns("rate", block), value=-1)
        ...         block.update_low()
        ...
        ...     def apply_outer_product(self, block, delta, inputs):
        ...         self.apply(block, (delta @ inputs).to(block.weight))
    """

    def start_step(self) -> None:
        """Begin the next step of all lanes; called once before the blocks of a step."""

    def apply(self, block: Block, gradient: Tensor) -> None:
        """Take a step down `gradient` (R, K), which is overwritten."""

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        """Take a step down the gradient `delta @ inputs`; delta is overwritten.

        Args:
            block: The weights (R, K).
            delta: (R, B), float32; on a GPU it may have 16 bits.
            inputs: (B, K), of the same type.
        """


class Columns:
    """Vectors over lanes, returned as columns over a block's rows and cached while they hold.

    Args:
        like: A tensor of the type and device that the columns have.
        **vectors: Numbers by name: (1, L) for the whole tick, or (N, L) for its N steps.
    """

    def __init__(self, like: Tensor, **vectors: Sequence[Sequence[float]] | np.ndarray) -> None:
        self._vectors = {name: torch.as_tensor(np.asarray(rows, np.float64)).to(like) for name, rows in vectors.items()}
        self._cache: dict[str, dict[int, tuple[Block, Tensor]]] = {name: {} for name in vectors}
        self._varying = [name for name, rows in vectors.items() if len(rows) > 1]
        # The step is counted on the device, so that a step replayed from a CUDA graph counts too.
        self._step = torch.full((1,), -1, device=like.device)

    def start_step(self) -> None:
        """Move on to the next row of the vectors that vary."""
        self._step.add_(1)
        for name in self._varying:
            self._cache[name].clear()

    def __call__(self, name: str, block: Block) -> Tensor:
        """Return the vector `name` as (R, 1), or (1, 1) for a block of one lane."""
        cache = self._cache[name]
        if id(block) not in cache:
            cache[id(block)] = block, self._column(name, block)
        return cache[id(block)][1]

    def _column(self, name: str, block: Block) -> Tensor:
        rows = self._vectors[name]
        row = rows.index_select(0, self._step) if len(rows) > 1 else rows
        return row[0][block.lanes].unsqueeze(1)

    def take_over(self, other: "Columns") -> None:
        """Begin another tick with the numbers of `other`, of the same names and shapes, in the memory of these."""
        self._step.fill_(-1)
        for name, rows in self._vectors.items():
            rows.copy_(other._vectors[name])
            if name not in self._varying:
                for block, column in self._cache[name].values():
                    column.copy_(self._column(name, block))


def take_over(kept: LaneOptimizer, fresh: LaneOptimizer) -> bool:
    """Give an optimizer the hyperparameters of another tick in place, where recorded steps look for them.

    Args:
        kept: The optimizer of an earlier tick, for the same lanes.
        fresh: One that was bound to the hyperparameters.

    Returns:
        Whether that is possible: all that changes from tick to tick must be in their `columns`.
    """
    columns, others = (getattr(optimizer, "columns", None) for optimizer in (kept, fresh))
    if columns is None or others is None:
        return False
    columns.take_over(others)
    return True


def values_of(tick: TickHyperparameters, name: str, default: float) -> list[list[float]]:
    """Return a parameter of every lane, the default where a trial has none, as one row for `Columns`."""
    return [[float(parameters.get(name, default)) for parameters in tick.parameters]]


def shrink_factors(tick: TickHyperparameters) -> list[list[float]]:
    """Return what decoupled decay leaves of a weight in one step, 1 - rate decay, with as many rows as the rates."""
    return [[1.0 - rate * decay for rate, decay in zip(rates, tick.decay, strict=True)] for rates in tick.rates]
