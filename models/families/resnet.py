"""A small residual network (He et al. 2016, arXiv 1512.03385, section 4.2): an ordinary module as a built-in family."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from models.config.base import Parameters
from models.config.families import Width
from models.families.custom.config import ModuleConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

STAGES = 3  # each later stage has twice the channels, at half the height and width


class Resnet(ModuleConfig):
    """Residual convolutions in three stages, global average pooling, and a linear layer to the classes.

    `hidden` is the number of channels of the first stage; each later stage doubles it and halves height and width.
    """

    name: Literal["resnet"] = "resnet"
    blocks: int = Field(
        default=1,
        ge=1,
        le=32,
        description="Residual blocks of two convolutions in each stage, unless `blocks` is searched.",
    )

    kinds: ClassVar[Mapping[str, Any]] = {"hidden": Width}
    required_parameters: ClassVar[frozenset[str]] = frozenset({"hidden"})
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"blocks"})

    def build(self, shape: Sequence[int], classes: int, parameters: Parameters) -> "nn.Module":
        """Return a convolution, the residual blocks, pooling and out with torch's own initial weights."""
        from torch import nn  # a study file is read without it

        hidden, blocks = int(parameters["hidden"]), int(parameters.get("blocks", self.blocks))
        layers: list[nn.Module] = [*_convolution(shape[0], hidden), nn.ReLU()]
        channels = hidden
        for stage in range(STAGES):
            for block in range(blocks):
                outputs, halves = hidden * 2**stage, stage > 0 and block == 0
                layers.append(_residual_block(channels, outputs, 2 if halves else 1))
                channels = outputs
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def _convolution(inputs: int, outputs: int, side: int = 3, stride: int = 1) -> "list[nn.Module]":
    from torch import nn

    convolution = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)  # batch norm has a bias
    return [convolution, nn.BatchNorm2d(outputs)]


def _residual_block(inputs: int, outputs: int, stride: int) -> "nn.Module":
    """Return relu(path(x) + shortcut(x)): two convolutions beside the input, projected where its shape changes."""
    from torch import nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            first, second = _convolution(inputs, outputs, stride=stride), _convolution(outputs, outputs)
            projection = _convolution(inputs, outputs, 1, stride) if stride > 1 or inputs != outputs else []
            self.path, self.shortcut = nn.Sequential(*first, nn.ReLU(), *second), nn.Sequential(*projection)

        def forward(self, x: "Tensor") -> "Tensor":
            result: Tensor = (self.path(x) + self.shortcut(x)).relu()
            return result

    return Residual()
