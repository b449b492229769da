"""Perceptrons with hidden layers: as ordinary modules here, as lanes in scratch.py."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from torch import nn

from models.config.base import Parameters
from models.config.families import Mlp, Precision
from models.config.losses import Loss
from models.families.base import FusedModel, Lane
from models.families.fused_mlp import FusedMlp
from models.ops.activations import SLOPE


@dataclass(frozen=True)
class MlpFamily:
    """`depth` hidden layers of `hidden` units; trials of any widths are fused, if alike in depth and activation."""

    word: Mlp
    inputs: int
    classes: int
    precision: Precision = "float32"
    input_weight = "hidden1.weight"

    def build(self, parameters: Parameters) -> nn.Module:
        """Return flatten, hidden1, activation1, hidden2, ..., out with fresh initial weights."""
        activations = {"relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(SLOPE), "tanh": nn.Tanh()}
        hidden, width = int(parameters["hidden"]), self.inputs
        activation = activations[self.word.activation_of(parameters)]
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        for number in range(1, self.word.depth_of(parameters) + 1):
            layers[f"hidden{number}"] = self._layer(width, hidden)
            layers[f"activation{number}"] = activation
            width = hidden
        layers["out"] = self._layer(width, self.classes)
        return nn.Sequential(layers)

    def _layer(self, inputs: int, outputs: int) -> nn.Linear:
        layer = nn.Linear(inputs, outputs, bias=self.word.bias)
        if self.word.initial == "normal":
            nn.init.normal_(layer.weight, std=inputs**-0.5)
            if self.word.bias:
                nn.init.zeros_(layer.bias)
        return layer

    def group(self, parameters: Parameters) -> Hashable:
        """Return depth and activation: layers of the same number with the same in between are fused."""
        return self.word.depth_of(parameters), self.word.activation_of(parameters)

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Concatenate the lanes' units."""
        like = lanes[0].order.parameters
        depth, activation = self.word.depth_of(like), self.word.activation_of(like)
        return FusedMlp(lanes, depth, activation, self.word.bias, loss, self.precision)
