"""Memory for the activations of fused convolutional networks; the letters are those of fused_cnn.py."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from models.config.families import Padding

if TYPE_CHECKING:
    from models.families.cnn import CnnFamily

FIRST, SECOND = 5, 7  # the sides of the two convolutions' filters
PADDINGS = {"none": (0, 0), "same": (FIRST // 2, SECOND // 2)}  # zeros around the input of either convolution
PATCH = FIRST + 1  # what the four members of a pooling window see together


class Patches(NamedTuple):
    """What each first pooling window of a minibatch sees, with a 1 at the end that meets the bias.

    Attributes:
        pixels: (I * 36 + 1, B * P), a pixel of the patch a row.
        places: (B * P, I * 36 + 1), the same, a patch a row: each product is fastest with one of both.
    """

    pixels: Tensor
    places: Tensor


class Workspace:
    """Memory for the activations of one width and one minibatch size, so that a step allocates little.

    Lanes of the same width take turns in it.
    """

    def __init__(self, family: "CnnFamily", padding: Padding, hidden: int, size: int, like: Tensor) -> None:
        channels, ((rows, columns), (rows2, columns2)) = family.shape[0], family.pooled_sizes(padding)
        first, pixels = size * rows * columns, channels * PATCH * PATCH
        self.windows1 = like.new_empty(2, 2, first, hidden)
        self.winners1 = like.new_empty(2, first, hidden)
        self.hidden1 = like.new_empty(first, hidden)
        # The same as convolutions take it, (B, H, rows, columns).
        self.pictures1 = self.hidden1.view(size, rows, columns, hidden).permute(0, 3, 1, 2)
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
        self.filters2 = like.new_empty(2 * hidden, hidden, SECOND, SECOND).to(memory_format=torch.channels_last)
        self.even = (2 * rows2, 2 * columns2)  # what the second pooling leaves no row or column of
        self.winners2 = like.new_empty(2, size, rows2, columns2, 2 * hidden)
        self.hidden2 = like.new_empty(size, rows2, columns2, 2 * hidden)

    def windows2(self, a2: Tensor) -> Tensor:
        """Return the members of the second pooling's windows, (2, 2, B, rows, columns, 2 H), a view of a2."""
        rows, columns = self.even
        pixels = a2.permute(0, 2, 3, 1)[:, :rows, :columns]
        return pixels.view(len(a2), rows // 2, 2, columns // 2, 2, -1).permute(2, 4, 0, 1, 3, 5)
