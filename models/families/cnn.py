"""The convolutional family: two convolutions, each with ReLU and 2 x 2 max-pooling, then a linear layer.

An ordinary module in `build`; as lanes, forward and backward by hand. The second convolution is most of the arithmetic
and runs at the machine's peak as it is; what costs an ordinary loop as much again is the first one and the pooling:
their copies, indices and memory taken anew every step. Here the first convolution leaves the four members of all
pooling windows apart from each other, so that pooling is three maxima of whole tensors, in room that is kept. No
autograd: each gradient is derived beside its code and tested against it. Called by lanes.py; knows nothing of ticks,
scores or files.

The lanes share the patches of the pictures, cut once a minibatch; from there each goes its own way, so that its bits
are its own whoever stands beside it, whatever the width, in either precision.

Letters: B examples of the minibatch, I channels of a picture, H channels of the first convolution (the second has
2 H), P places in a picture after the first pooling, Q after the second, C classes.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from torch import nn

from models.config.base import Parameters
from models.config.families import Cnn, Precision
from models.config.losses import Loss
from models.errors import UserError
from models.families.base import FusedModel, Lane
from models.families.fused_cnn import FIRST, SECOND, Convolutions


@dataclass(frozen=True)
class CnnFamily:
    """Networks of `hidden` and twice `hidden` channels; trials of any widths are fused."""

    word: Cnn
    shape: tuple[int, int, int]  # channels, height, width
    classes: int
    precision: Precision = "float32"
    input_weight = None  # a filter sees some inputs only

    def __post_init__(self) -> None:
        least = (SECOND + 1) * 2 + FIRST - 1
        if min(self.shape[1:]) < least:
            raise UserError(
                f"pictures of {self.shape[1]} x {self.shape[2]} are too small for two convolutions",
                f"choose another family, or pictures of at least {least} x {least}",
            )

    @property
    def places(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows and columns after the first and after the second pooling."""
        first = [(side - FIRST + 1) // 2 for side in self.shape[1:]]
        second = [(side - SECOND + 1) // 2 for side in first]
        return (first[0], first[1]), (second[0], second[1])

    def build(self, parameters: Parameters) -> nn.Module:
        """Return conv1, relu1, pool1, conv2, relu2, pool2, flatten, out with torch's own initial weights."""
        hidden, (rows, columns) = int(parameters["hidden"]), self.places[1]
        return nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(self.shape[0], hidden, FIRST),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                conv2=nn.Conv2d(hidden, 2 * hidden, SECOND),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                flatten=nn.Flatten(),
                out=nn.Linear(2 * hidden * rows * columns, self.classes),
            )
        )

    def group(self, parameters: Parameters) -> Hashable:
        """All trials are one group."""
        return ()

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Let the lanes share their pictures."""
        return Convolutions(self, lanes, loss)
