"""Perceptrons with hidden layers: as ordinary modules here, as lanes in fused_mlp.py."""

import math
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from torch import nn

from models.config.base import Parameters
from models.config.families import Mlp, Precision
from models.config.losses import Loss
from models.config.registry import ACTIVATIONS
from models.families.base import Family, FusedModel, Lane
from models.families.fused_mlp import FusedMlp
from models.ops.activations import Activation


@dataclass(frozen=True)
class MlpFamily(Family):
    """`depth` hidden layers of `hidden` units; trials of any widths are fused, if alike in depth and activation."""

    config: Mlp
    shape: tuple[int, int, int]  # channels, height, width
    classes: int
    precision: Precision = "float32"
    fused_by_hand = True
    input_weight = "hidden1.weight"

    def build(self, parameters: Parameters) -> nn.Module:
        """Return flatten, hidden1, activation1, hidden2, ..., out with fresh initial weights."""
        hidden, width = int(parameters["hidden"]), math.prod(self.shape)
        activation = self._activation(parameters).module()
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        for number in range(1, self.config.depth_of(parameters) + 1):
            layers[f"hidden{number}"] = self._layer(width, hidden)
            layers[f"activation{number}"] = activation
            if dropout := self.config.dropout_of(parameters):
                layers[f"dropout{number}"] = nn.Dropout(dropout)
            width = hidden
        layers["out"] = self._layer(width, self.classes)
        return nn.Sequential(layers)

    def _layer(self, inputs: int, outputs: int) -> nn.Linear:
        layer = nn.Linear(inputs, outputs, bias=self.config.bias)
        if self.config.initial == "normal":
            nn.init.normal_(layer.weight, std=inputs**-0.5)
            if self.config.bias:
                nn.init.zeros_(layer.bias)
        return layer

    def _activation(self, parameters: Parameters) -> Activation:
        activation: Activation = ACTIVATIONS.load(self.config.activation_of(parameters))
        return activation

    def group(self, parameters: Parameters) -> Hashable:
        """Return depth and activation: layers of the same number with the same in between are fused."""
        return self.config.depth_of(parameters), self.config.activation_of(parameters)

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Concatenate the lanes' units."""
        parameters = lanes[0].spec.parameters
        depth, activation = self.config.depth_of(parameters), self._activation(parameters)
        dropout = [self.config.dropout_of(lane.spec.parameters) for lane in lanes]
        return FusedMlp(lanes, depth, activation, self.config.bias, loss, self.precision, dropout)
