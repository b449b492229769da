"""Perceptrons with hidden layers: as ordinary modules here, as lanes in scratch.py."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from torch import nn

from models.family import Fused, Lane
from models.recipe import Loss, Mlp, Parameters
from models.scratch import SLOPE, Perceptrons


@dataclass(frozen=True)
class MlpFamily:
    """`depth` hidden layers of `hidden` units; trials of any widths are fused."""

    word: Mlp
    inputs: int
    classes: int

    def build(self, parameters: Parameters) -> nn.Module:
        """Return flatten, hidden1, activation1, hidden2, ..., out with torch's own initial weights."""
        activations = {"relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(SLOPE), "tanh": nn.Tanh()}
        hidden, width = int(parameters["hidden"]), self.inputs
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        for number in range(1, self.word.depth + 1):
            layers[f"hidden{number}"] = nn.Linear(width, hidden, bias=self.word.bias)
            layers[f"activation{number}"] = activations[self.word.activation]
            width = hidden
        layers["out"] = nn.Linear(width, self.classes, bias=self.word.bias)
        return nn.Sequential(layers)

    def group(self, parameters: Parameters) -> Hashable:
        """All trials are one group."""
        return ()

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> Fused:
        """Concatenate the lanes' units."""
        return Perceptrons(lanes, self.word.depth, self.word.activation, self.word.bias, loss)
