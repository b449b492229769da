"""Lanes of ordinary modules: vectorised where they are the same function and it is faster, else one after another.

Letters: L lanes of a group, l of those of one part, B examples of the minibatch, C classes.
"""

from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from models.config.losses import Loss
from models.families.base import FusedModel, Lane
from models.families.custom.module_lanes import SequentialLane, VectorizedLanes, module_of
from models.families.custom.vectorize import (
    ExecutionPlan,
    accepts_channels_last,
    in_channels_last,
    seed_generators,
    seeded_generators,
    why_not_vectorized,
)
from models.ops.losses import answers_of, losses_of
from models.ops.optimizers.base import LaneOptimizer
from models.seeds import derive

if TYPE_CHECKING:
    from models.families.custom.module_family import ModuleFamily


class FusedModules(FusedModel):
    """The lanes of one group.

    How the lanes of a function train is decided on their first minibatch, and holds for all of the family.
    """

    cuda_graph_safe = True  # what a module does otherwise shows where it is recorded

    def __init__(self, family: "ModuleFamily", lanes: Sequence[Lane], loss: Loss) -> None:
        self._family, self._lanes, self._loss = family, list(lanes), loss
        self._parts: list[VectorizedLanes | SequentialLane] | None = None
        self._seed, self._step, self._examples = 0, 0, 0
        self._low = family.precision == "bfloat16"

    def begin_tick(self, seed: int, examples: int) -> None:
        """Draw everything random in this epoch's forward passes from a seed."""
        self._seed, self._step, self._examples = seed, 0, examples

    def seed_step(self, number: int) -> None:
        """Seed torch's generators; see `FusedModel`."""
        seed_generators(self._step_seed(number), next(iter(self._lanes[0].weights.values())).device)

    def _step_seed(self, number: int) -> int:
        return derive(self._seed, "step", number) if number else 0

    def host_state(self) -> Hashable:
        """Return the plain attributes of all modules; see `FusedModel`."""
        modules = [each for lane in self._lanes for each in module_of(self._family, lane).modules()]
        plain = (sorted(vars(each).items()) for each in modules)
        kinds = bool | int | float | str
        return tuple(item for items in plain for item in items if isinstance(item[1], kinds) and item[0] != "training")

    def step(
        self, x: Tensor, y: Tensor, optimizer: LaneOptimizer, targets: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Train one step; see `FusedModel`."""
        parts = self._arranged(x, y)
        self._step += 1
        optimizer.start_step()
        return self._run(x, y, self._step, parts, optimizer, targets=targets)

    @torch.no_grad()
    def score(self, x: Tensor, y: Tensor, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Score without training; see `FusedModel`."""
        return self._run(x, y, 0, self._arranged(x, y), None, logits)

    def _run(
        self,
        x: Tensor,
        y: Tensor,
        number: int,
        parts: "list[VectorizedLanes | SequentialLane]",
        optimizer: LaneOptimizer | None,
        all_logits: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        losses = x.new_empty(len(self._lanes), len(y))
        hits = y.new_empty(len(self._lanes), len(y), dtype=y.dtype if y.is_floating_point() else torch.bool)
        channels_last = x
        if any(part.channels_last for part in parts):
            is_plain = self._family.picture_layout == "plain" and not self._low
            channels_last = x.contiguous(memory_format=torch.channels_last) if is_plain else in_channels_last(x)
        for part in parts:
            seeded = nullcontext() if self.replayed else seeded_generators(self._step_seed(number), x.device)
            with seeded, self._in_precision(x.device):
                logits = part.forward(channels_last if part.channels_last else x, optimizer is not None)  # (l, B, C)
            logits = logits.float()
            own = targets if targets is None or len(targets) == 1 else targets[part.positions]
            part_losses = losses_of(self._loss, logits, y, own)
            if optimizer is not None:
                part.apply(part_losses, optimizer)
            positions = slice(None) if len(parts) == 1 else part.positions  # a list goes to the device at each step
            losses[positions] = part_losses.detach()
            hits[positions] = answers_of(logits.detach(), y, 2)
            if all_logits is not None:
                all_logits[positions] = logits
        return losses, hits

    def _in_precision(self, device: torch.device) -> AbstractContextManager[object]:
        if not self._low:
            return nullcontext()
        return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)  # a cache would outlive a recording

    # --- how lanes are trained

    def _arranged(self, x: Tensor, y: Tensor) -> "list[VectorizedLanes | SequentialLane]":
        if self._parts is None:
            by_function: dict[Hashable, list[int]] = {}
            for position, lane in enumerate(self._lanes):
                by_function.setdefault(self._family.function(lane.spec.parameters), []).append(position)
            self._parts = []
            for function, positions in by_function.items():
                lanes = [self._lanes[position] for position in positions]
                module = module_of(self._family, lanes[0])
                if function not in self._family.plans:
                    self._family.plans[function] = self._plan(module, x, y)
                plan = self._family.plans[function]
                if plan.vectorized:
                    alone = len(lanes) == 1 and y.is_floating_point()
                    self._parts.append(VectorizedLanes(module, lanes, positions, self._family.label, doubled=alone))
                    continue
                for lane, position in zip(lanes, positions, strict=True):
                    own = module_of(self._family, lane)
                    self._parts.append(SequentialLane(own, lane, position, plan.channels_last, replayed=self.replayed))
        return self._parts

    def _plan(self, module: nn.Module, x: Tensor, y: Tensor) -> ExecutionPlan:
        # Measured on a CPU (DECISIONS.md): pictures whose channels lie together make convolutions 1.6 times as fast;
        # vectorised, convolutions are slower than one lane after another, whatever the layout. On a GPU they make them
        # faster in 16 bits.
        convolves = any(isinstance(each, _ConvNd) for each in module.modules())
        if convolves and (x.device.type == "cpu" or self._low):
            return ExecutionPlan(False, x.dim() == 4 and accepts_channels_last(module, x))
        # In 16 bits a batch of products rounds by how many they are.
        if self.replayed or self._low or not self._family.vectorize:
            return ExecutionPlan(False, False)
        if any(isinstance(each, _NormBase) for each in module.modules()):
            # All lanes' channels lie in one row, and a channel's sums round by its position in it (1e-9 of them).
            reason = "batch norm would round otherwise beside other trials"
        else:
            last = self._examples % len(x)  # examples of an epoch's last minibatch
            minibatches = [(x, y), (x[:last], y[:last])] if last else [(x, y)]
            reason = why_not_vectorized(module, minibatches, self._loss)
        if reason:
            self._family.note(reason)
        return ExecutionPlan(not reason, False)
