"""Any nn.Module as lanes: `ModuleFamily` makes a family of a function that builds one.

All lanes share the minibatch. Lanes of the same function of their tensors train in one vectorised pass where that is
faster, all others one after another by ordinary autograd. What a lane learns is the same either way, up to rounding:
dropout draws its masks from (study seed, stream, tick, step), so lanes of one shape have the same ones; buffers such as
batch norm's statistics are each lane's own. Used by lanes.py, which says when a tick begins, and for models of the
user's own by `probe`, which says in two lines what cannot be trained. Knows no study and no file.

Letters: L lanes of a group, B examples of the minibatch, C classes, K numbers of one tensor of one lane.
"""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from models.config.losses import Loss
from models.families.base import Lane, Weights
from models.families.custom.vectorize import (
    ExecutionPlan,
    _line,
    _same_in_channels_last,
    _vectorised,
    _why_not_together,
    drawing,
)
from models.ops.losses import losses_of
from models.ops.optimizers import Block, LaneOptimizer
from models.seeds import derive

if TYPE_CHECKING:
    from models.families.custom.module_family import ModuleFamily

ALIGNED = 16  # numbers; a lane's part of a stack begins at a multiple, so that its products round as they do alone


class FusedModules:
    """The lanes of one group."""

    cuda_graph_safe = False

    def __init__(self, family: "ModuleFamily", lanes: Sequence[Lane], loss: Loss) -> None:
        self._family, self._lanes, self._loss = family, list(lanes), loss
        self._parts: list[_Vmapped | _Sequential] | None = None  # arranged when there is a minibatch to try them on
        self._seed, self._step = 0, 0

    def begin_tick(self, seed: int) -> None:
        """Draw all that is random in this tick's forward passes from a seed."""
        self._seed, self._step = seed, 0

    def step(self, x: Tensor, y: Tensor, optimizer: LaneOptimizer) -> tuple[Tensor, Tensor]:
        """Train one step; see Fused."""
        parts = self._arranged(x, y)
        self._step += 1
        optimizer.start_step()
        return self._each(x, y, derive(self._seed, "step", self._step), parts, optimizer)

    @torch.no_grad()
    def score(self, x: Tensor, y: Tensor, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Score without training; see `FusedModel`."""
        return self._each(x, y, 0, self._arranged(x, y), None, logits)

    def _each(
        self,
        x: Tensor,
        y: Tensor,
        seed: int,
        parts: "list[_Vmapped | _Sequential]",
        optimizer: LaneOptimizer | None,
        kept: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        losses, hits = x.new_empty(len(self._lanes), len(y)), y.new_empty(len(self._lanes), len(y), dtype=torch.bool)
        laid_out = {False: x}
        waiting = list(reversed(parts))
        while waiting:
            part = waiting.pop()
            if part.channels_last and True not in laid_out:
                laid_out[True] = x.contiguous(memory_format=torch.channels_last)
            try:
                with drawing(seed, x.device):
                    logits = part.forward(laid_out[part.channels_last], optimizer is not None)  # (l, B, C)
            except Exception as error:
                if isinstance(part, _Sequential):
                    raise
                waiting += reversed(self._parted(part, error))  # what it does on some data alone cannot be vectorised
                continue
            lost = losses_of(self._loss, logits, y)
            if optimizer is not None:
                part.apply(lost, optimizer)
            losses[part.places] = lost.detach()
            hits[part.places] = logits.detach().argmax(2) == y
            if kept is not None:
                kept[part.places] = logits
        return losses, hits

    def _arranged(self, x: Tensor, y: Tensor) -> "list[_Vmapped | _Sequential]":
        if self._parts is None:
            alike: dict[Hashable, list[int]] = {}
            for place, lane in enumerate(self._lanes):
                alike.setdefault(self._family.function(lane.order.parameters), []).append(place)
            self._parts = []
            for function, places in alike.items():
                if function not in self._family.plans:
                    module = module_of(self._family, self._lanes[places[0]])
                    self._family.plans[function] = self._manner(module, x, y)
                if self._family.plans[function].together:
                    lanes = [self._lanes[place] for place in places]
                    self._parts.append(_Vmapped(module_of(self._family, lanes[0]), lanes, places))
                else:
                    self._parts += self._apart(places)
        return self._parts

    def _apart(self, places: Sequence[int]) -> "list[_Sequential]":
        lanes = [self._lanes[place] for place in places]
        manner = self._family.plans[self._family.function(lanes[0].order.parameters)]
        return [
            _Sequential(module_of(self._family, lane), lane, place, manner.channels_last)
            for lane, place in zip(lanes, places, strict=True)
        ]

    def _parted(self, part: "_Vmapped", error: Exception) -> "list[_Sequential]":
        """Take lanes apart that were trained together until this minibatch."""
        assert self._parts is not None
        self._family.part(self._lanes[part.places[0]].order.parameters, _line(error))
        apart = self._apart(part.places)
        self._parts = [it for it in self._parts if it is not part] + list(apart)
        return apart

    def _manner(self, module: nn.Module, x: Tensor, y: Tensor) -> ExecutionPlan:
        """Try a minibatch, on copies."""
        # Measured on a CPU (DECISIONS.md): pictures whose channels lie together make convolutions 1.6 times as fast;
        # vectorised, convolutions are slower than one lane after another, whatever the layout.
        if x.device.type == "cpu" and any(isinstance(it, _ConvNd) for it in module.modules()):
            return ExecutionPlan(False, x.dim() == 4 and _same_in_channels_last(module, x))
        if not self._family.together:
            return ExecutionPlan(False, False)
        if any(isinstance(it, _NormBase) for it in module.modules()):
            # All lanes' channels lie in one row, and a channel's sums round by its place in it (1e-9 of them).
            reason = "batch norm would round otherwise beside other trials"
        else:
            reason = _why_not_together(module, x, y, self._loss)
        if reason:
            self._family.note(reason)
        return ExecutionPlan(not reason, False)


# --- the two ways -----------------------------------------------------------------------------------------------------


class _Vmapped:
    """Lanes of one function: every tensor stacked to (L, ...), the forward pass vectorised by torch.func."""

    channels_last = False

    def __init__(self, module: nn.Module, lanes: Sequence[Lane], places: Sequence[int]) -> None:
        self._module, self.places = module, list(places)
        index = torch.tensor(self.places, device=next(iter(lanes[0].weights.values())).device)
        self._weights: Weights = {}  # (L, ...), what autograd sees
        self._blocks: list[Block] = []  # the same memory as (L, K)
        for name in lanes[0].weights:
            stack, flat = _stacked([lane.weights for lane in lanes], name)
            block = Block(flat, index)
            for key in lanes[0].state:
                block.state[key] = _stacked([lane.state[key] for lane in lanes], name)[1]
            self._weights[name] = stack.requires_grad_()
            self._blocks.append(block)
        # What takes the statistics of all lanes as one row writes to a copy of them where they do not lie together.
        buffers = [lane.buffers for lane in lanes]
        self._buffers = {name: _stacked(buffers, name, aligned=1)[0] for name in lanes[0].buffers}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        """Return logits (L, B, C). Where that fails the buffers are as they were."""
        before = {name: buffer.clone() for name, buffer in self._buffers.items()} if training else {}
        try:
            return _vectorised(self._module.train(training), self._weights, self._buffers, x)
        except Exception:
            for name, buffer in before.items():
                self._buffers[name].copy_(buffer)
            raise

    def apply(self, losses: Tensor, optimizer: LaneOptimizer) -> None:
        """Step all lanes, down the gradient of their losses (L, B)."""
        # Lanes do not touch, so the gradient of the summed loss is each lane's own.
        _apply(losses.mean(1).sum(), list(self._weights.values()), self._blocks, optimizer)


class _Sequential:
    """One lane, as an ordinary module that has the lane's own tensors."""

    def __init__(self, module: nn.Module, lane: Lane, place: int, channels_last: bool) -> None:
        self._module, self._lane, self.places, self.channels_last = module, lane, [place], channels_last
        named = dict(module.named_parameters())
        index = torch.tensor([place], device=next(iter(lane.weights.values())).device)
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
    taken = set[int]()
    steps: list[tuple[Block, Tensor]] = []
    for block, gradient in zip(blocks, torch.autograd.grad(loss, weights, allow_unused=True), strict=True):
        if gradient is None:  # no part in this loss: torch.optim passes such a weight by as well
            continue
        mine = gradient.reshape(block.weight.shape).contiguous()
        if mine.data_ptr() in taken:  # autograd gives the terms of a sum one gradient, and steppers overwrite theirs
            mine = mine.clone()
        taken.add(mine.data_ptr())
        steps.append((block, mine))
    with torch.no_grad():
        for block, mine in steps:
            optimizer.apply(block, mine)


def _stacked(tensors: Sequence[Weights], name: str, aligned: int = ALIGNED) -> tuple[Tensor, Tensor]:
    """Lay one tensor of every lane into one piece of memory, and make the lanes' own views into it.

    Returns it as (L, ...) and as (L, K).
    """
    first = tensors[0][name]
    room = first.new_zeros(len(tensors), -(-first.numel() // aligned) * aligned)
    flat = room[:, : first.numel()]
    stack = flat.view(len(tensors), *first.shape)
    for mine, own in zip(stack, tensors, strict=True):
        own[name] = mine.copy_(own[name])
    return stack, flat


def module_of(family: "ModuleFamily", lane: Lane) -> nn.Module:
    """Return a lane's module, whose tensors are the lane's own, not copies of them."""
    if lane.module is None:
        with torch.random.fork_rng(devices=[]):
            lane.module = family.build(lane.order.parameters).to(next(iter(lane.weights.values())).device)
    for name, tensor in [*lane.module.named_parameters(), *lane.module.named_buffers()]:
        tensor.data = lane.weights[name].detach() if name in lane.weights else lane.buffers[name]
    return lane.module
