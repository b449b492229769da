"""Augmentation: pictures of a training minibatch moved at random, by torchvision's transforms.

A transform of torchvision.transforms.v2 draws one set of numbers for all the pictures it is given. So pictures are
fetched for some minibatches at a time and cut crosswise: those that share a draw lie `APART` examples from one another,
and in a minibatch of up to that size all are moved differently. A call costs much the same for one picture as for ten;
this way it is paid once for `ALIKE` of them. Used by minibatches.py, on bytes, so that what moves in is black (0);
knows no lane and no file. torchvision is imported here alone among the engine's modules, where a study asks for it.

Letters: M examples moved at a time, C channels, H height, W width.
"""

import importlib
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models.config.augmentation import Augment, Flip, Rotate, Shift
from models.datasets.array_store import Inputs
from models.datasets.download import import_torchvision
from models.errors import UserError
from models.seeds import derive

APART = 128  # examples from one that shares a draw to the next
ALIKE = 32  # examples that share a draw, at most
MOST_BYTES = 1 << 25  # of pictures moved at a time, so that large ones take no more memory than small ones


def check_movable(words: Sequence[Augment], inputs: Inputs) -> None:
    """Raise UserError where examples cannot be moved so. Costs no torchvision."""
    height, width = inputs.shape[2:]
    if words and inputs.dtype != np.uint8:
        raise UserError("augment moves pictures, and the data are a table", "leave augment= out")
    for word in words:
        if isinstance(word, Shift) and word.pixels >= min(height, width):
            raise UserError(
                f"Shift({word.pixels}) would move pictures of {height} x {width} out of sight",
                f"shift them by at most {min(height, width) - 1}",
            )


class Augmentation:
    """The transforms of a recipe for pictures of `shape` (C, H, W), with the draws of one pass over the examples."""

    def __init__(self, words: Sequence[Augment], shape: Sequence[int], seed: int) -> None:
        import_torchvision()
        v2 = importlib.import_module("torchvision.transforms.v2")
        made: list[nn.Module] = []
        for word in words:
            match word:
                case Shift():
                    made.append(v2.RandomCrop(tuple(shape[1:]), padding=word.pixels))
                case Flip():
                    made.append(v2.RandomHorizontalFlip())
                case Rotate():
                    # fill=None is black as well, and spares a mask that is turned along
                    made.append(v2.RandomRotation(word.degrees, interpolation=v2.InterpolationMode.BILINEAR, fill=None))
        self._transforms = nn.Sequential(*made)
        self._alike = max(1, min(ALIKE, MOST_BYTES // (APART * math.prod(shape))))
        self._seed, self._calls = seed, 0

    def span(self, size: int) -> int:
        """How many examples to move at a time: whole minibatches of `size`."""
        return math.ceil(self._alike * APART / size) * size

    def move(self, pictures: Tensor) -> None:
        """Move pictures (M, C, H, W) uint8 where they lie. The draws follow from the seed and the calls before."""
        with torch.random.fork_rng(devices=[]):  # the transforms draw from the process's generator, on the CPU
            torch.default_generator.manual_seed(derive(self._seed, "call", self._calls))
            for place in range(min(APART, len(pictures))):
                alike = pictures[place::APART]
                alike.copy_(self._transforms(alike))
        self._calls += 1
