"""Softmax regression: one linear layer, as an ordinary module here, as lanes without hidden layers in scratch.py."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from torch import nn

from models.config.base import Parameters
from models.config.families import Linear, Precision
from models.config.losses import Loss
from models.families.base import FusedModel, Lane
from models.families.fused_mlp import FusedMlp


@dataclass(frozen=True)
class LinearFamily:
    """A linear layer from all inputs to the classes; it has no parameter of its own to search."""

    word: Linear
    inputs: int
    classes: int
    precision: Precision = "float32"
    input_weight = "out.weight"

    def build(self, parameters: Parameters) -> nn.Module:
        """Return flatten and out with torch's own initial weights."""
        out = nn.Linear(self.inputs, self.classes, bias=self.word.bias)
        return nn.Sequential(OrderedDict(flatten=nn.Flatten(), out=out))

    def group(self, parameters: Parameters) -> Hashable:
        """All trials are one group."""
        return ()

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Concatenate the lanes' classes."""
        return FusedMlp(lanes, depth=0, activation="relu", bias=self.word.bias, loss=loss, precision=self.precision)
