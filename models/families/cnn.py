"""Convolutional networks: as ordinary modules here, as lanes in fused_cnn.py."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from torch import nn

from models.config.base import Parameters
from models.config.families import Cnn, Padding, Precision
from models.config.losses import Loss
from models.errors import UserError
from models.families.base import Family, FusedModel, Lane
from models.families.cnn_workspace import FIRST, PADDINGS, SECOND
from models.families.custom.fused_modules import FusedModules
from models.families.custom.module_family import ModuleFamily
from models.families.fused_cnn import FusedCnn


@dataclass(frozen=True)
class CnnFamily(Family):
    """Networks of `hidden` and twice `hidden` channels; trials of any widths are fused."""

    config: Cnn
    shape: tuple[int, int, int]  # channels, height, width
    classes: int
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        self.pooled_sizes(self.config.padding)

    def pooled_sizes(self, padding: Padding) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return rows and columns after the first and after the second pooling.

        Raises:
            UserError: Nothing would be left of pictures of this size.
        """
        before, between = PADDINGS[padding]
        smallest = 4 if padding == "same" else (SECOND + 1) * 2 + FIRST - 1
        if min(self.shape[1:]) < smallest:
            raise UserError(
                f"pictures of {self.shape[1]} x {self.shape[2]} are too small for two convolutions",
                f"choose another family, or pictures of at least {smallest} x {smallest}",
            )
        first = [(side + 2 * before - FIRST + 1) // 2 for side in self.shape[1:]]
        second = [(side + 2 * between - SECOND + 1) // 2 for side in first]
        return (first[0], first[1]), (second[0], second[1])

    def build(self, parameters: Parameters) -> nn.Module:
        """Return conv1, relu1, pool1, conv2, relu2, pool2, flatten, dropout, out with torch's own initial weights."""
        padding = self.config.padding_of(parameters)
        hidden, (rows, columns) = int(parameters["hidden"]), self.pooled_sizes(padding)[1]
        before, between = PADDINGS[padding]
        return nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(self.shape[0], hidden, FIRST, padding=before),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                conv2=nn.Conv2d(hidden, 2 * hidden, SECOND, padding=between),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                flatten=nn.Flatten(),
                dropout=nn.Dropout(self.config.dropout_of(parameters)),
                out=nn.Linear(2 * hidden * rows * columns, self.classes),
            )
        )

    def group(self, parameters: Parameters) -> Hashable:
        """Return the padding: lanes of the same one share their patches."""
        return self.config.padding_of(parameters)

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Let the lanes share their pictures; on a GPU, whose libraries are faster, let them be ordinary modules."""
        if lanes[0].weights["out.weight"].device.type == "cuda":
            return FusedModules(self._as_modules(), lanes, loss)
        return FusedCnn(self, lanes, loss)

    def _as_modules(self) -> ModuleFamily:
        read = self.config.required_parameters | self.config.optional_parameters
        return ModuleFamily(self.build, read, vectorize=False, label=self.config.label, precision=self.precision)
