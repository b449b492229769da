"""The door for families, its torch side: how one model is built, and how lanes of it train fused.

Perceptrons and convolutions have gradients derived by hand (fused_mlp.py, fused_cnn.py); any other `nn.Module` trains
by autograd (custom/). Knows no ticks, metrics or files. Its torch-free side is `FamilyConfig` in
models/config/families.py.

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
from models.datasets.batches import BatchSource
from models.ops.matmul import notes_for
from models.ops.optimizers.base import LaneOptimizer

Weights = dict[str, Tensor]  # one model's own tensors, by the names of its nn.Module


@dataclass(eq=False)
class Lane:
    """One live or paused trial. While it is fused, its tensors are views into those of all lanes."""

    spec: LaneSpec
    weights: Weights
    state: dict[str, Weights] = field(default_factory=dict)  # of the optimizer: name -> tensors like the weights
    epochs: int = 0  # finished
    buffers: Weights = field(default_factory=dict)  # tensors without a gradient: batch norm's statistics
    module: nn.Module | None = None  # where it trains as an ordinary module

    def in_host_memory(self) -> "Lane":
        """Return the lane with copies of its tensors that lie in the host's memory and hold no other lane's."""

        def copied(tensors: Weights) -> Weights:
            # A view would keep the tensors of all lanes that it was fused with.
            return {
                name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
                for name, tensor in tensors.items()
            }

        state = {key: copied(tensors) for key, tensors in self.state.items()}
        return Lane(self.spec, copied(self.weights), state, self.epochs, copied(self.buffers))


class FusedModel(Protocol):
    """Several lanes that train on the same minibatches. `lanes[i]`'s tensors are views into this."""

    cuda_graph_safe: bool  # whether all steps on as many examples run the same kernels, without a look at their results
    # Set before the first step where steps are recorded and replayed: then `step` seeds no generator of torch, since
    # `seed_step` is called before each.
    replayed: bool = False

    def begin_tick(self, seed: int, examples: int) -> None:
        """Prepare for an epoch: nothing is done where no step is random.

        Args:
            seed: Seed of everything random in the epoch's forward passes.
            examples: Examples of the epoch.
        """
        return

    def step(
        self, x: Tensor, y: Tensor, optimizer: LaneOptimizer, targets: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Train one step; return losses (L, B) and hits (L, B) from before it.

        Args:
            x: (B, ...)
            y: (B,) labels, which hits are counted by; or numbers to predict, and the predictions stand for hits.
            optimizer: Takes each gradient as soon as it is there.
            targets: (L or 1, C, B) what the loss is the cross entropy to, instead of the labels' own.
        """

    def score(self, x: Tensor, y: Tensor, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return losses (L, B) and hits (L, B) without training; write the logits (L, B, C) to `logits` if given."""

    def seed_step(self, number: int) -> None:
        """Seed torch's generators for what a step draws from them: nothing is done where that is nothing.

        Args:
            number: The step's, from 1; 0 for scoring.
        """
        return

    def host_state(self) -> Hashable:
        """Return what steps may change in Python, as numbers and texts: a step that does so cannot be replayed."""
        return ()

    def weights_changed(self) -> None:
        """Take note that the lanes' weights were written to: copies of them are renewed."""
        return


class Family(Protocol):
    """One kind of model, for inputs and classes that are fixed.

    Made by `FamilyConfig.make` of (config, shape, classes, precision). A subclass of this class takes over what it
    does not define.
    """

    fused_by_hand: bool = False  # whether lanes share products on a GPU too; else each has a graph of its own there
    input_weight: str | None = None  # the name of a weight (units, inputs) that all inputs are multiplied by, if any

    def build(self, parameters: Parameters) -> nn.Module:
        """Return one trial's model as an ordinary module, with fresh weights from torch's global generator."""
        raise NotImplementedError

    def group(self, parameters: Parameters) -> Hashable:
        """Return a key; trials with the same key can be fused."""
        return ()

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Move the lanes' tensors into one fused model and make them views into it."""
        raise NotImplementedError

    def check(self, parameters: Parameters, train_set: BatchSource, batch_size: int) -> None:
        """Try one model before the first trial begins, if it may be unable to train.

        Raises:
            UserError: It can never be trained.
        """

    def notes(self, device: torch.device) -> list[str]:
        """Return what the user should know about how lanes train on a device, a sentence each."""
        return notes_for(device)


def initial_tensors(family: Family, parameters: Parameters, seed: int) -> tuple[Weights, Weights]:
    """Return the weights and buffers that a trial begins with; frozen parameters count as buffers.

    They are those of its module, built right after `torch.manual_seed(seed)`; torch's generator stays as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = family.build(parameters)
    weights: Weights = {}
    buffers: Weights = {}
    for name, tensor in module.named_parameters():
        (weights if tensor.requires_grad else buffers)[name] = tensor.detach().contiguous()
    return weights, buffers | {name: tensor.detach().contiguous() for name, tensor in module.named_buffers()}


def state_tensors(module: nn.Module) -> dict[str, str]:
    """Return the names in a module's state, each with the name of its parameter or buffer; tied ones share one."""
    names = {id(tensor): name for name, tensor in [*module.named_parameters(), *module.named_buffers()]}
    state = module.state_dict(keep_vars=True)
    return {name: names[id(tensor)] for name, tensor in state.items() if id(tensor) in names}
