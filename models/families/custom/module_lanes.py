"""The two ways in which lanes of ordinary modules train: stacked in one vectorised pass, or each by itself.

Letters: l lanes, B examples of the minibatch, C classes, K numbers of one tensor of one lane.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.errors import UserError
from models.families.base import Lane, Weights
from models.families.custom.hidden_weights import hidden_weights
from models.families.custom.vectorize import doubled_forward, first_line, vectorized_forward
from models.ops.optimizers.base import Block, HiddenMatrix, LaneOptimizer

if TYPE_CHECKING:
    from models.families.custom.module_family import ModuleFamily

ALIGNED = 16  # numbers; a lane's part of a stack begins at a multiple, so that its products round as they do alone


class VectorizedLanes:
    """Lanes of one function: every tensor stacked to (l, ...), the forward pass vectorised by torch.func."""

    channels_last = False

    def __init__(
        self, module: nn.Module, lanes: Sequence[Lane], positions: Sequence[int], label: str, *, doubled: bool
    ) -> None:
        self.module, self.positions, self._label, self._doubled = module, list(positions), label, doubled
        index = torch.tensor(self.positions, device=next(iter(lanes[0].weights.values())).device)
        self._weights: Weights = {}  # (l, ...), what autograd sees
        self._blocks: list[Block] = []  # the same memory as (l, K)
        hidden = hidden_weights(module)
        for name in lanes[0].weights:
            stack, flat = _stacked([lane.weights for lane in lanes], name)
            block = Block(flat, index, hidden=_in_rows(range(len(lanes)), hidden.get(name)))
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
            return forward(self.module.train(training), self._weights, self._buffers, x)
        except Exception as error:
            raise UserError(
                f"{self._label} cannot train many trials at once on some minibatch: {first_line(error)}",
                "let its forward pass take the same way for all data; torch.where chooses without an if",
            ) from error

    def apply(self, losses: Tensor, optimizer: LaneOptimizer) -> None:
        """Step all lanes, down the gradient of their losses (l, B)."""
        # Lanes do not touch, so the gradient of the summed loss is each lane's own.
        gradients = torch.autograd.grad(losses.mean(1).sum(), list(self._weights.values()), allow_unused=True)
        _apply(gradients, self._blocks, optimizer)


class SequentialLane:
    """One lane, as an ordinary module that has the lane's own tensors."""

    def __init__(self, module: nn.Module, lane: Lane, position: int, channels_last: bool, *, replayed: bool) -> None:
        self.module, self._lane, self.positions, self.channels_last = module, lane, [position], channels_last
        self._standing = dict(module.named_buffers()) if replayed else {}  # buffers, which must stay where they are
        named = dict(module.named_parameters())
        index = torch.tensor([position], device=next(iter(lane.weights.values())).device)
        self._weights = [named[name] for name in lane.weights]
        hidden = hidden_weights(module)
        self._whole = _Whole(lane, index, hidden) if replayed else None
        for name, weight in lane.weights.items():
            named[name].data = weight
        self._blocks = [
            Block(
                lane.weights[name].view(1, -1),
                index,
                {key: kept[name].view(1, -1) for key, kept in lane.state.items()},
                hidden=_in_rows(range(1), hidden.get(name)),
            )
            for name in lane.weights
        ]

    def forward(self, x: Tensor, training: bool) -> Tensor:
        """Return logits (1, B, C)."""
        logits: Tensor = self.module.train(training)(x)
        for name, buffer in list(self.module.named_buffers()) if training else ():
            self._lane.buffers[name] = self._stood(name, buffer)
        return logits.unsqueeze(0)

    def _stood(self, name: str, buffer: Tensor) -> Tensor:
        """Return a buffer, for which the module may have put another tensor in its place."""
        standing = self._standing.get(name, buffer)
        if standing is not buffer:
            standing.data.copy_(buffer.detach())
            owner, _, own_name = name.rpartition(".")
            setattr(self.module.get_submodule(owner), own_name, standing)
        return standing

    def apply(self, losses: Tensor, optimizer: LaneOptimizer) -> None:
        """Step the lane, down the gradient of its losses (1, B)."""
        gradients = torch.autograd.grad(losses.mean(), self._weights, allow_unused=True)
        if self._whole is None or any(gradient is None for gradient in gradients):
            _apply(gradients, self._blocks, optimizer)
        else:
            self._whole.apply(gradients, optimizer)


class _Whole:
    """All weights of a lane in one row: its optimizer's step is one pass over them, in few kernels."""

    def __init__(self, lane: Lane, index: Tensor, hidden: Mapping[str, int]) -> None:
        row, lane.weights = _in_row(lane.weights)
        begins = {name: lane.weights[name].storage_offset() for name in hidden if name in lane.weights}
        self._block = Block(
            row,
            index,
            hidden=tuple(
                HiddenMatrix(slice(0, 1), slice(begin, begin + lane.weights[name].numel()), hidden[name])
                for name, begin in begins.items()
            ),
        )
        for key, kept in lane.state.items():
            self._block.state[key], lane.state[key] = _in_row({name: kept[name] for name in lane.weights})
        self._gradient, gradients = _in_row(lane.weights)
        self._gradients = list(gradients.values())

    @torch.no_grad()
    def apply(self, gradients: Sequence[Tensor], optimizer: LaneOptimizer) -> None:
        """Step down the gradients of all weights."""
        self._gradient.zero_()  # between them as well
        torch._foreach_copy_(self._gradients, list(gradients))
        optimizer.apply(self._block, self._gradient)


def _in_rows(rows: Iterable[int], height: int | None) -> tuple[HiddenMatrix, ...]:
    """Return the hidden matrices of a block that has one in each row; none where there is no height."""
    return tuple(HiddenMatrix(slice(row, row + 1), slice(None), height) for row in rows if height is not None)


def _in_row(tensors: Weights) -> tuple[Tensor, Weights]:
    """Copy tensors into one row (1, K), each at a multiple of what a GPU reads at once; return it, and its parts."""
    widths = [-(-tensor.numel() // ALIGNED) * ALIGNED for tensor in tensors.values()]
    row = next(iter(tensors.values())).new_zeros(1, sum(widths))
    parts = {}
    for (name, tensor), part in zip(tensors.items(), row.split_with_sizes(widths, 1), strict=True):
        parts[name] = part[0, : tensor.numel()].view(tensor.shape).copy_(tensor)
    return row, parts


def _apply(gradients: Sequence[Tensor | None], blocks: Sequence[Block], optimizer: LaneOptimizer) -> None:
    seen = set[int]()
    steps: list[tuple[Block, Tensor]] = []
    for block, gradient in zip(blocks, gradients, strict=True):
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
