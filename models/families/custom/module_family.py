"""Any nn.Module as a family: `ModuleFamily` makes one of a function that builds a module.

All lanes share the minibatch. Lanes of the same function of their tensors train in one vectorised pass where that is
faster, all others one after another by ordinary autograd (fused_modules.py). A lane learns the same either way, up to
rounding. Dropout draws its masks from (study seed, stream, tick, step), so lanes of one shape have the same ones;
buffers such as batch norm's statistics are each lane's own. Knows no study and no file.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from models.config.base import Parameters
from models.config.families import PictureLayout, Precision
from models.config.losses import Loss
from models.datasets.batches import BatchSource
from models.families.base import Family, FusedModel, Lane
from models.families.custom.fused_modules import FusedModules
from models.families.custom.probe import probe
from models.families.custom.vectorize import ExecutionPlan


@dataclass(frozen=True)
class ModuleFamily(Family):
    """A family made of a function that builds an ordinary module."""

    factory: Callable[[Parameters], nn.Module]  # returns a module for a trial's parameters
    # Those that `factory` reads; trials that are equal in them are the same function of their tensors
    structural_parameters: frozenset[str] = frozenset()
    vectorize: bool = True  # whether lanes of one function train in one pass, if they can
    label: str = "the model"  # what messages call the model
    # Returns where in the user's code an error arose, for messages
    locate: Callable[[BaseException], str] = lambda _: ""
    precision: Precision = "float32"  # "bfloat16" by torch's automatic mixed precision
    picture_layout: PictureLayout = "plain"  # of pictures of one channel
    plans: dict[Hashable, ExecutionPlan] = field(default_factory=dict, compare=False, repr=False)  # by function
    _notes: list[str] = field(default_factory=list, compare=False, repr=False)

    def build(self, parameters: Parameters) -> nn.Module:
        """Return one trial's model with fresh weights."""
        return self.factory(parameters)

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Stack the tensors of lanes that are vectorised; give every other lane a module of its own."""
        return FusedModules(self, lanes, loss)

    def check(self, parameters: Parameters, train_set: BatchSource, batch_size: int) -> None:
        """Try a model on a minibatch. Raises UserError where it can never be trained."""
        probe(self, parameters, train_set, batch_size)

    def function(self, parameters: Parameters) -> Hashable:
        """Return a key; trials with the same one differ only in the numbers of their tensors."""
        return tuple(
            (name, type(parameters[name]).__name__, parameters[name])
            for name in sorted(self.structural_parameters)
            if name in parameters
        )

    def notes(self, device: torch.device) -> list[str]:
        """Return why trials are not vectorised."""
        return self._notes

    def note(self, reason: str) -> None:
        """Let the user know why trials are not vectorised, each reason once."""
        note = f"{self.label} trains one trial after another, not vectorised: {reason}"
        if note not in self._notes:
            self._notes.append(note)
