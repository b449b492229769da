"""Any nn.Module as lanes: `ModuleFamily` makes a family of a function that builds one.

All lanes share the minibatch. Lanes of the same function of their tensors train in one vectorised pass where that is
faster, all others one after another by ordinary autograd. What a lane learns is the same either way, up to rounding:
dropout draws its masks from (study seed, stream, tick, step), so lanes of one shape have the same ones; buffers such as
batch norm's statistics are each lane's own. Used by lanes.py, which says when a tick begins, and for models of the
user's own by `probe`, which says in two lines what cannot be trained. Knows no study and no file.

Letters: L lanes of a group, B examples of the minibatch, C classes, K numbers of one tensor of one lane.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from models.config.losses import Loss
from models.families.base import Weights
from models.ops.losses import losses_of

LONGEST = 160  # letters of a reason


def _vectorised(module: nn.Module, weights: Weights, buffers: Weights, x: Tensor) -> Tensor:
    def alone(weights: Weights, buffers: Weights) -> Tensor:
        logits: Tensor = functional_call(module, (weights, buffers), (x,))
        return logits

    return vmap(alone, randomness="same")(weights, buffers)


@contextmanager
def drawing(seed: int, device: torch.device) -> Iterator[None]:
    """Let torch's generators of the CPU and of a device begin from a seed inside, and be afterwards as they were."""
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed asks after every kind of device: 190 us
        for number in devices:
            torch.cuda.default_generators[number].manual_seed(seed)
        yield


# --- trying -----------------------------------------------------------------------------------------------------------


def _same_in_channels_last(module: nn.Module, x: Tensor) -> bool:
    """Whether a module takes pictures whose channels lie together: `view` refuses what it makes of them."""
    try:
        with torch.no_grad():
            found = []
            for each in (x, x.contiguous(memory_format=torch.channels_last)):
                with drawing(0, x.device):
                    found.append(copy.deepcopy(module).train()(each))
    except Exception:  # noqa: BLE001 - whatever the module raises; plain pictures will tell whether it is at fault
        return False
    return _close(*found)


def _why_not_together(module: nn.Module, x: Tensor, y: Tensor, loss: Loss) -> str:
    """Return why a module cannot be vectorised over lanes, in a line; "" where two come to what one does alone."""
    try:
        alone = copy.deepcopy(module).train()
        with drawing(0, x.device):
            wanted = losses_of(loss, alone(x).unsqueeze(0), y)
        named = {name: it for name, it in alone.named_parameters() if it.requires_grad}
        gradients = torch.autograd.grad(wanted.mean(), list(named.values()), allow_unused=True)
    except Exception:  # noqa: BLE001 - it cannot be trained at all, and will say so where it is
        return "it fails on a minibatch"
    try:
        both = copy.deepcopy(module).train()
        frozen = {name: it for name, it in both.named_parameters() if not it.requires_grad}
        buffers = {name: torch.stack([it, it]) for name, it in {**frozen, **dict(both.named_buffers())}.items()}
        weights = {name: torch.stack([it.detach()] * 2).requires_grad_() for name, it in both.named_parameters()}
        weights = {name: weights[name] for name in named}
        with drawing(0, x.device):
            found = losses_of(loss, _vectorised(both, weights, buffers, x), y)
        again = torch.autograd.grad(found.mean(1).sum(), list(weights.values()), allow_unused=True)
        with torch.no_grad(), drawing(0, x.device):
            _vectorised(both.eval(), weights, {name: it.clone() for name, it in buffers.items()}, x)
    except Exception as error:  # noqa: BLE001 - torch has no one error for what it cannot vectorise
        return _line(error)
    same = _close(wanted.expand(2, -1), found)
    for one, two in zip(gradients, again, strict=True):
        same = same and (one is None) == (two is None) and (one is None or _close(one.expand_as(two), two))
    for name, buffer in alone.named_buffers():
        same = same and _close(buffer.expand_as(buffers[name]), buffers[name])
    return "" if same else "vectorised, it comes to other numbers"


def _close(one: Tensor, two: Tensor) -> bool:
    """Whether two ways came to the same numbers: what they compute differently is above a thousandth of the largest."""
    one, two = one.detach().double(), two.detach().double()
    return bool((one - two).abs().max() <= 1e-3 * two.abs().max()) if two.numel() else True


def _line(error: Exception) -> str:
    """The first sentence of an error."""
    text = (str(error).strip().splitlines() or [""])[0].removeprefix("vmap: ").partition(". ")[0]
    return f"{type(error).__name__}: {text}"[:LONGEST]


@dataclass(frozen=True)
class ExecutionPlan:
    """How lanes of one function are trained, found out on their first minibatch."""

    together: bool  # in one vectorised pass
    channels_last: bool  # whether the pictures of a minibatch are laid out so
