"""Lanes of ordinary modules: vectorised where they are the same function and it is faster, else one after another.

Letters: L lanes of a group, l of those of one part, B examples of the minibatch, C classes, K numbers of one tensor of
one lane.
"""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from models.config.losses import Loss
from models.errors import UserError
from models.families.base import FusedModel, Lane, Weights
from models.families.custom.vectorize import (
    ExecutionPlan,
    accepts_channels_last,
    doubled_forward,
    first_line,
    seeded_generators,
    vectorized_forward,
    why_not_vectorized,
)
from models.ops.losses import answers_of, losses_of
from models.ops.optimizers.base import Block, LaneOptimizer
from models.seeds import derive

if TYPE_CHECKING:
    from models.families.custom.module_family import ModuleFamily

ALIGNED = 16  # numbers; a lane's part of a stack begins at a multiple, so that its products round as they do alone


class FusedModules(FusedModel):
    """The lanes of one group.

    How the lanes of a function train is decided on their first minibatch, and holds for all of the family.
    """

    cuda_graph_safe = False

    def __init__(self, family: "ModuleFamily", lanes: Sequence[Lane], loss: Loss) -> None:
        self._family, self._lanes, self._loss = family, list(lanes), loss
        self._parts: list[_Vectorized | _Sequential] | None = None
        self._seed, self._step, self._examples = 0, 0, 0

    def begin_tick(self, seed: int, examples: int) -> None:
        """Draw everything random in this epoch's forward passes from a seed."""
        self._seed, self._step, self._examples = seed, 0, examples

    def step(
        self, x: Tensor, y: Tensor, optimizer: LaneOptimizer, targets: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Train one step; see `FusedModel`."""
        parts = self._arranged(x, y)
        self._step += 1
        optimizer.start_step()
        return self._run(x, y, derive(self._seed, "step", self._step), parts, optimizer, targets=targets)

    @torch.no_grad()
    def score(self, x: Tensor, y: Tensor, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Score without training; see `FusedModel`."""
        return self._run(x, y, 0, self._arranged(x, y), None, logits)

    def _run(
        self,
        x: Tensor,
        y: Tensor,
        seed: int,
        parts: "list[_Vectorized | _Sequential]",
        optimizer: LaneOptimizer | None,
        all_logits: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        losses = x.new_empty(len(self._lanes), len(y))
        hits = y.new_empty(len(self._lanes), len(y), dtype=y.dtype if y.is_floating_point() else torch.bool)
        channels_last = x
        if any(part.channels_last for part in parts):
            channels_last = x.contiguous(memory_format=torch.channels_last)
        for part in parts:
            with seeded_generators(seed, x.device):
                logits = part.forward(channels_last if part.channels_last else x, optimizer is not None)  # (l, B, C)
            own = targets if targets is None or len(targets) == 1 else targets[part.positions]
            part_losses = losses_of(self._loss, logits, y, own)
            if optimizer is not None:
                part.apply(part_losses, optimizer)
            losses[part.positions] = part_losses.detach()
            hits[part.positions] = answers_of(logits.detach(), y, 2)
            if all_logits is not None:
                all_logits[part.positions] = logits
        return losses, hits

    # --- how lanes are trained

    def _arranged(self, x: Tensor, y: Tensor) -> "list[_Vectorized | _Sequential]":
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
                    self._parts.append(_Vectorized(module, lanes, positions, self._family.label, doubled=alone))
                    continue
                for lane, position in zip(lanes, positions, strict=True):
                    self._parts.append(_Sequential(module_of(self._family, lane), lane, position, plan.channels_last))
        return self._parts

    def _plan(self, module: nn.Module, x: Tensor, y: Tensor) -> ExecutionPlan:
        # Measured on a CPU (DECISIONS.md): pictures whose channels lie together make convolutions 1.6 times as fast;
        # vectorised, convolutions are slower than one lane after another, whatever the layout.
        if x.device.type == "cpu" and any(isinstance(each, _ConvNd) for each in module.modules()):
            return ExecutionPlan(False, x.dim() == 4 and accepts_channels_last(module, x))
        if not self._family.vectorize:
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


# --- the two ways -----------------------------------------------------------------------------------------------------


class _Vectorized:
    """Lanes of one function: every tensor stacked to (l, ...), the forward pass vectorised by torch.func."""

    channels_last = False

    def __init__(
        self, module: nn.Module, lanes: Sequence[Lane], positions: Sequence[int], label: str, *, doubled: bool
    ) -> None:
        self._module, self.positions, self._label, self._doubled = module, list(positions), label, doubled
        index = torch.tensor(self.positions, device=next(iter(lanes[0].weights.values())).device)
        self._weights: Weights = {}  # (l, ...), what autograd sees
        self._blocks: list[Block] = []  # the same memory as (l, K)
        for name in lanes[0].weights:
            stack, flat = _stacked([lane.weights for lane in lanes], name)
            block = Block(flat, index)
            for key in lanes[0].state:
                block.state[key] = _stacked([lane.state[key] for lane in lanes], name)[1]
            self._weights[name] = stack.requires_grad_()
            self._blocks.append(block)
        # A module that takes the statistics of all lanes as one row writes to a copy if they do not lie together.
        buffers = [lane.buffers for lane in lanes]
        self._buffers = {name: _stacked(buffers, name, aligned=1)[0] for name in lanes[0].buffers}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        """Return logits (l, B, C)."""
        forward = doubled_forward if self._doubled else vectorized_forward
        try:
            return forward(self._module.train(training), self._weights, self._buffers, x)
        except Exception as error:
            raise UserError(
                f"{self._label} cannot train many trials at once on some minibatch: {first_line(error)}",
                "let its forward pass take the same way for all data; torch.where chooses without an if",
            ) from error

    def apply(self, losses: Tensor, optimizer: LaneOptimizer) -> None:
        """Step all lanes, down the gradient of their losses (l, B)."""
        # Lanes do not touch, so the gradient of the summed loss is each lane's own.
        _apply(losses.mean(1).sum(), list(self._weights.values()), self._blocks, optimizer)


class _Sequential:
    """One lane, as an ordinary module that has the lane's own tensors."""

    def __init__(self, module: nn.Module, lane: Lane, position: int, channels_last: bool) -> None:
        self._module, self._lane, self.positions, self.channels_last = module, lane, [position], channels_last
        named = dict(module.named_parameters())
        index = torch.tensor([position], device=next(iter(lane.weights.values())).device)
        self._weights = [named[name] for name in lane.weights]
        self._blocks = [
            Block(
                lane.weights[name].view(1, -1), index, {key: kept[name].view(1, -1) for key, kept in lane.state.items()}
            )
            for name in lane.weights
        ]

    def forward(self, x: Tensor, training: bool) -> Tensor:
        """Return logits (1, B, C)."""
        logits: Tensor = self._module.train(training)(x)
        for name, buffer in self._module.named_buffers() if training else ():
            self._lane.buffers[name] = buffer  # a module may have put another tensor in its place
        return logits.unsqueeze(0)

    def apply(self, losses: Tensor, optimizer: LaneOptimizer) -> None:
        """Step the lane, down the gradient of its losses (1, B)."""
        _apply(losses.mean(), self._weights, self._blocks, optimizer)


def _apply(loss: Tensor, weights: Sequence[Tensor], blocks: Sequence[Block], optimizer: LaneOptimizer) -> None:
    seen = set[int]()
    steps: list[tuple[Block, Tensor]] = []
    for block, gradient in zip(blocks, torch.autograd.grad(loss, weights, allow_unused=True), strict=True):
        if gradient is None:  # the weight has no part in this loss: torch.optim leaves such a weight as it is, too
            continue
        flat = gradient.reshape(block.weight.shape).contiguous()
        if flat.data_ptr() in seen:  # autograd gives the terms of a sum one gradient, and optimizers overwrite theirs
            flat = flat.clone()
        seen.add(flat.data_ptr())
        steps.append((block, flat))
    with torch.no_grad():
        for block, flat in steps:
            optimizer.apply(block, flat)


def _stacked(tensors: Sequence[Weights], name: str, aligned: int = ALIGNED) -> tuple[Tensor, Tensor]:
    """Copy one tensor of every lane into one piece of memory, and make the lanes' own tensors views into it.

    Returns it as (l, ...) and as (l, K).
    """
    first = tensors[0][name]
    memory = first.new_zeros(len(tensors), -(-first.numel() // aligned) * aligned)
    flat = memory[:, : first.numel()]
    stack = flat.view(len(tensors), *first.shape)
    for view, lane_tensors in zip(stack, tensors, strict=True):
        lane_tensors[name] = view.copy_(lane_tensors[name])
    return stack, flat


def module_of(family: "ModuleFamily", lane: Lane) -> nn.Module:
    """Return a lane's module, whose tensors are the lane's own, not copies of them."""
    if lane.module is None:
        with torch.random.fork_rng(devices=[]):
            lane.module = family.build(lane.spec.parameters).to(next(iter(lane.weights.values())).device)
    for name, tensor in [*lane.module.named_parameters(), *lane.module.named_buffers()]:
        tensor.data = lane.weights[name].detach() if name in lane.weights else lane.buffers[name]
    return lane.module
