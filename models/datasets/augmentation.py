"""Augmentation: pictures of a training minibatch moved at random, by torchvision's transforms.

A transform of torchvision.transforms.v2 draws one set of numbers for all the pictures it is given. So the pictures of
several minibatches are moved at a time and cut crosswise: those that share a draw lie `DRAW_STRIDE` examples from one
another, and in a minibatch of up to that size every picture is moved differently. A call costs much the same for one
picture as for ten; this way it is paid once for up to `MAX_SHARING` of them. Pictures are moved as bytes, so what moves
in at the border is black (0). Knows no lane and no file; imports torchvision only if a study asks for augmentation.

Shapes: M examples moved at a time, C channels, H height, W width.
"""

import importlib
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models.config.augmentation import Augment, Cutout, Flip, Rotate, Shift
from models.datasets.array_store import Inputs
from models.datasets.download import import_torchvision
from models.errors import UserError
from models.seeds import derive

DRAW_STRIDE = 128  # examples from one that shares a draw to the next
MAX_SHARING = 32  # examples that share a draw
MAX_BYTES = 1 << 25  # of pictures moved at a time, so that large ones take no more memory than small ones


def check_movable(augment: Sequence[Augment], inputs: Inputs) -> None:
    """Raise UserError if examples of this kind cannot be moved so. Imports no torchvision."""
    height, width = inputs.shape[2:]
    if augment and inputs.dtype != np.uint8:
        raise UserError("augment moves pictures, and the data are a table", "leave augment= out")
    for step in augment:
        if isinstance(step, Shift) and step.pixels >= min(height, width):
            raise UserError(
                f"Shift({step.pixels}) would move pictures of {height} x {width} out of sight",
                f"shift them by at most {min(height, width) - 1}",
            )


class _Cutout(nn.Module):
    """Sets a square to 0: rows and columns from y - side // 2 up to y + side // 2, as the authors' code does."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self._side = side

    def forward(self, pictures: Tensor) -> Tensor:
        """Return a copy of pictures (..., H, W) without the square."""
        y, x = (int(torch.randint(length, ())) - self._side // 2 for length in pictures.shape[-2:])
        cut = pictures.clone()
        cut[..., max(0, y) : y + self._side, max(0, x) : x + self._side] = 0
        return cut


class Augmentation:
    """The transforms of one pass over pictures of a shape (C, H, W), whose moves are all drawn from one seed."""

    def __init__(self, augment: Sequence[Augment], shape: Sequence[int], seed: int) -> None:
        import_torchvision()
        v2 = importlib.import_module("torchvision.transforms.v2")
        transforms: list[nn.Module] = []
        for step in augment:
            match step:
                case Shift():
                    transforms.append(v2.RandomCrop(tuple(shape[1:]), padding=step.pixels))
                case Flip():
                    transforms.append(v2.RandomHorizontalFlip())
                case Rotate():
                    # fill=None is black as well, and spares a mask that is turned along
                    transforms.append(
                        v2.RandomRotation(step.degrees, interpolation=v2.InterpolationMode.BILINEAR, fill=None)
                    )
                case Cutout():
                    transforms.append(_Cutout(step.pixels))
        self._transforms = nn.Sequential(*transforms)
        self._sharing = max(1, min(MAX_SHARING, MAX_BYTES // (DRAW_STRIDE * math.prod(shape))))
        self._seed, self._calls = seed, 0

    def span(self, size: int) -> int:
        """Return how many examples to move at a time: whole minibatches of `size`."""
        return math.ceil(self._sharing * DRAW_STRIDE / size) * size

    def move(self, pictures: Tensor) -> None:
        """Move pictures (M, C, H, W) uint8 in place. The draws follow from the seed and the number of earlier calls."""
        with torch.random.fork_rng(devices=[]):  # the transforms draw from the process's generator, on the CPU
            torch.default_generator.manual_seed(derive(self._seed, "call", self._calls))
            for first in range(min(DRAW_STRIDE, len(pictures))):
                sharing = pictures[first::DRAW_STRIDE]
                sharing.copy_(self._transforms(sharing))
        self._calls += 1
