"""Softmax regression: one linear layer as an ordinary module here, as lanes without hidden layers in fused_mlp.py."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from models.config.base import Parameters
from models.config.families import Linear, Precision
from models.config.losses import Loss
from models.families.base import Family, FusedModel, Lane
from models.families.fused_mlp import FusedMlp


@dataclass(frozen=True)
class LinearFamily(Family):
    """A linear layer from all inputs to the classes."""

    config: Linear
    shape: tuple[int, int, int]  # channels, height, width
    classes: int
    precision: Precision = "float32"
    fused_by_hand = True
    input_weight = "out.weight"

    def build(self, parameters: Parameters) -> nn.Module:
        """Return flatten and out with torch's own initial weights."""
        out = nn.Linear(math.prod(self.shape), self.classes, bias=self.config.bias)
        return nn.Sequential(OrderedDict(flatten=nn.Flatten(), out=out))

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Concatenate the lanes' classes."""
        return FusedMlp(lanes, 0, None, self.config.bias, loss, self.precision)
