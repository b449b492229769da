"""What a family of models offers to the engine, and `lift`, which makes a family of any ordinary nn.Module.

A family knows how one trial's model is built alone (`build`), which trials can be fused (`group`) and how (`fuse`). A
fused model trains all its lanes on the same minibatches. The perceptrons have hand-derived gradients (scratch.py);
everything else is lifted: parameters stacked over lanes, the forward pass vectorised by torch.func, one backward pass
of the summed loss. Called by lanes.py. Knows nothing of ticks, scores or files.

Letters: L lanes, B examples of the minibatch, C classes.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from models.optim import Block, Stepper
from models.recipe import Loss, Order, Parameters

Weights = dict[str, Tensor]  # one model's own tensors, by the names of its nn.Module


@dataclass(eq=False)
class Lane:
    """One live trial. While it is fused, its tensors are views into those of all lanes."""

    order: Order
    weights: Weights
    state: dict[str, Weights] = field(
        default_factory=dict
    )  # what the optimizer keeps: name -> tensors like the weights
    epochs: int = 0  # done


class Fused(Protocol):
    """Several lanes that train in the same products. `lanes[i]`'s tensors are views into this."""

    def step(self, x: Tensor, y: Tensor, stepper: Stepper) -> tuple[Tensor, Tensor]:
        """Train one step on x (B, ...) and y (B,); return losses (L, B) and hits (L, B) from before it."""

    def score(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return losses (L, B) and hits (L, B) without training."""


class Family(Protocol):
    """One kind of model, for inputs and classes that are fixed."""

    def build(self, parameters: Parameters) -> nn.Module:
        """Return one trial's model as an ordinary module, with fresh weights from torch's global generator."""

    def group(self, parameters: Parameters) -> Hashable:
        """Return a key; trials with the same key can be fused."""

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> Fused:
        """Move the lanes' tensors into one fused model and make them views into it."""


def initial_weights(family: Family, parameters: Parameters, seed: int) -> Weights:
    """Return the weights a trial begins with: those of its module, built right after `torch.manual_seed(seed)`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = family.build(parameters)
    return {name: tensor.detach() for name, tensor in module.named_parameters()}


# --- any nn.Module ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class lift:  # noqa: N801 - a function to its callers
    """Make a family of `build`, a function from a trial's parameters to an ordinary nn.Module.

    Trials whose tensors have the same names and shapes are fused. The module must be a function of its parameters and
    its input alone: no dropout, and no buffer that changes while it trains.
    """

    build: Callable[[Parameters], nn.Module]

    def group(self, parameters: Parameters) -> Hashable:
        """Return names and shapes of the module's tensors, from a build that allocates none."""
        with torch.device("meta"):
            module = self.build(parameters)
        return tuple((name, tuple(tensor.shape)) for name, tensor in module.state_dict().items())

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> Fused:
        """Stack the lanes' tensors."""
        return _Lifted([self.build(lane.order.parameters) for lane in lanes], lanes, loss)


class _Lifted:
    """Lanes of one shape: every parameter stacked to (L, ...)."""

    def __init__(self, modules: Sequence[nn.Module], lanes: Sequence[Lane], loss: Loss) -> None:
        _, self._buffers = stack_module_state(list(modules))
        self._module = modules[0]
        self._loss = loss
        device = next(iter(lanes[0].weights.values())).device
        self._buffers = {name: buffer.to(device) for name, buffer in self._buffers.items()}
        self._stacks: dict[str, Tensor] = {}  # (L, ...), what autograd sees
        self._blocks: dict[str, Block] = {}  # the same memory as (L, K)
        index = torch.arange(len(lanes), device=device)
        for name in lanes[0].weights:
            stack = torch.stack([lane.weights[name] for lane in lanes])
            flat = stack.view(len(lanes), -1)
            block = Block(flat, index)
            for key in lanes[0].state:
                kept = torch.stack([lane.state[key][name] for lane in lanes])
                block.state[key] = kept.view(len(lanes), -1)
                for lane, mine in zip(lanes, kept, strict=True):
                    lane.state[key][name] = mine
            for lane, mine in zip(lanes, stack, strict=True):
                lane.weights[name] = mine
            self._stacks[name], self._blocks[name] = stack.requires_grad_(), block

    def step(self, x: Tensor, y: Tensor, stepper: Stepper) -> tuple[Tensor, Tensor]:
        losses, hits = self._forward(x, y)
        # Lanes do not touch, so the gradient of the summed loss is each lane's own.
        gradients = torch.autograd.grad(losses.mean(1).sum(), list(self._stacks.values()))
        stepper.begin_step()
        with torch.no_grad():
            for block, gradient in zip(self._blocks.values(), gradients, strict=True):
                stepper.descend(block, gradient.reshape(block.weight.shape))
        return losses.detach(), hits

    @torch.no_grad()
    def score(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return self._forward(x, y)

    def _forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        def alone(weights: Weights, buffers: Weights) -> Tensor:
            logits: Tensor = functional_call(self._module, (weights, buffers), (x,))
            return logits

        logits = vmap(alone)(self._stacks, self._buffers)  # (L, B, C)
        return losses_of(self._loss, logits, y), logits.detach().argmax(2) == y


def losses_of(loss: Loss, logits: Tensor, y: Tensor) -> Tensor:
    """Return the loss of every example: logits (L, B, C) and y (B,) to (L, B)."""
    if loss in ("cross_entropy", "nll"):
        return -logits.log_softmax(2).gather(2, y.expand(len(logits), -1).unsqueeze(2)).squeeze(2)
    hot = nn.functional.one_hot(y, logits.shape[2]).to(logits.dtype)
    return (logits.softmax(2) - hot).square().sum(2)
