"""What a family of models offers to the engine.

A family knows how one trial's model is built alone (`build`), which trials can be fused (`group`) and how (`fuse`). A
fused model trains all its lanes on the same minibatches. The perceptrons have hand-derived gradients (scratch.py), and
so have the convolutions (cnn.py); any other nn.Module is lifted (lifted.py). Called by lanes.py. Knows nothing of
ticks, scores or files.

Letters: L lanes, B examples of the minibatch, C classes.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from models.config.base import Parameters
from models.config.losses import Loss
from models.config.messages import LaneSpec
from models.ops.optimizers import LaneOptimizer

Weights = dict[str, Tensor]  # one model's own tensors, by the names of its nn.Module


@dataclass(eq=False)
class Lane:
    """One live trial. While it is fused, its tensors are views into those of all lanes."""

    order: LaneSpec
    weights: Weights
    state: dict[str, Weights] = field(
        default_factory=dict
    )  # what the optimizer keeps: name -> tensors like the weights
    epochs: int = 0  # done
    buffers: Weights = field(default_factory=dict)  # tensors that no gradient changes: batch norm's statistics
    module: nn.Module | None = None  # where it trains as an ordinary module


class FusedModel(Protocol):
    """Several lanes that train in the same products. `lanes[i]`'s tensors are views into this."""

    cuda_graph_safe: bool  # whether every step of as many examples does the same, with nothing looked at in between

    def step(self, x: Tensor, y: Tensor, optimizer: LaneOptimizer) -> tuple[Tensor, Tensor]:
        """Train one step on x (B, ...) and y (B,); return losses (L, B) and hits (L, B) from before it."""

    def score(self, x: Tensor, y: Tensor, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return losses (L, B) and hits (L, B) without training; write the logits (L, B, C) where room is given."""


class Family(Protocol):
    """One kind of model, for inputs and classes that are fixed."""

    @property
    def input_weight(self) -> str | None:
        """The name of the weight (units, inputs) that all inputs go through at once, if there is one."""

    def build(self, parameters: Parameters) -> nn.Module:
        """Return one trial's model as an ordinary module, with fresh weights from torch's global generator."""

    def group(self, parameters: Parameters) -> Hashable:
        """Return a key; trials with the same key can be fused."""

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Move the lanes' tensors into one fused model and make them views into it."""


def initial_weights(family: Family, parameters: Parameters, seed: int) -> Weights:
    """Return the weights a trial begins with: those of its module, built right after `torch.manual_seed(seed)`."""
    return initial_tensors(family, parameters, seed)[0]


def initial_tensors(family: Family, parameters: Parameters, seed: int) -> tuple[Weights, Weights]:
    """Return the weights and the buffers that a trial begins with. Frozen parameters count as buffers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = family.build(parameters)
    weights = {name: it.detach().contiguous() for name, it in module.named_parameters() if it.requires_grad}
    frozen = {name: it.detach().contiguous() for name, it in module.named_parameters() if not it.requires_grad}
    return weights, frozen | {name: it.detach().contiguous() for name, it in module.named_buffers()}
