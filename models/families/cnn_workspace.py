"""Memory for the activations of fused convolutional networks; the letters are those of fused_cnn.py."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from models.config.families import Padding
from models.ops.convolution import Convolution, DirectConvolution, FrequencyConvolution

if TYPE_CHECKING:
    from models.families.cnn import CnnFamily

FIRST, SECOND = 5, 7  # the sides of the two convolutions' filters
PADDINGS = {"none": (0, 0), "same": (FIRST // 2, SECOND // 2)}  # zeros around the input of either convolution
PATCH = FIRST + 1  # what the four members of a pooling window see together


class Patches(NamedTuple):
    """What each first pooling window of a minibatch sees, with a 1 at the end that meets the bias.

    Attributes:
        pixels: (I * 36 + 1, P * B), a pixel of the patch a row.
        places: (P * B, I * 36 + 1), the same, a patch a row: each product is fastest with one of both.
    """

    pixels: Tensor
    places: Tensor


class Workspace:
    """Memory for the activations of one width and one minibatch size, so that a step allocates little.

    Lanes of the same width take turns in it. Activations lie by place, example and channel.
    """

    def __init__(self, family: "CnnFamily", padding: Padding, hidden: int, size: int, like: Tensor) -> None:
        channels, ((rows, columns), (rows2, columns2)) = family.shape[0], family.pooled_sizes(padding)
        first, pixels = rows * columns * size, channels * PATCH * PATCH
        self.windows1 = like.new_empty(2, 2, first, hidden)
        self.winners1 = like.new_empty(2, first, hidden)
        self.hidden1 = like.new_empty(first, hidden)
        self.pictures1 = self.hidden1.view(rows, columns, size, hidden)
        # The filters as the windows' members see the patch: shifted by row and column, zeros around; see _Net.
        self.filters = like.new_zeros(2, 2, pixels + 1, hidden)
        self.filters_gradient = like.new_empty(2, 2, pixels + 1, hidden)
        self.shifted, self.shifted_gradient = (
            [
                member[r, c, :-1]
                .view(channels, PATCH, PATCH, hidden)[:, r : r + FIRST, c : c + FIRST]
                .permute(3, 0, 1, 2)
                for r in (0, 1)
                for c in (0, 1)
            ]  # 4 of (H, I, 5, 5)
            for member in (self.filters, self.filters_gradient)
        )
        even, around = (2 * rows2, 2 * columns2), PADDINGS[padding][1]  # pooling leaves the last one if they are odd
        self.convolution2: Convolution = (
            DirectConvolution(around, even)  # 16 bits are too few for frequencies
            if like.dtype == torch.bfloat16
            else FrequencyConvolution((rows, columns), SECOND, around, even, size, (hidden, 2 * hidden), like)
        )
        self.winners2 = like.new_empty(2, rows2, columns2, size, 2 * hidden)
        self.hidden2 = like.new_empty(rows2, columns2, size, 2 * hidden)


def windows_of(a: Tensor) -> Tensor:
    """Return the members of the pooling windows of a (2 r, 2 c, ...), (2, 2, r, c, ...), a view."""
    rows, columns, *rest = a.shape
    return a.view(rows // 2, 2, columns // 2, 2, *rest).movedim((1, 3), (0, 1))
