"""Memory for the activations of fused convolutional networks; the letters are those of fused_cnn.py."""

from typing import TYPE_CHECKING

from torch import Tensor

from models.config.families import Padding

if TYPE_CHECKING:
    from models.families.cnn import CnnFamily

FIRST, SECOND = 5, 7  # the sides of the two convolutions' filters
PADDINGS = {"none": (0, 0), "same": (FIRST // 2, SECOND // 2)}  # zeros around the input of either convolution
PATCH = FIRST + 1  # what the four members of a pooling window see together


class Workspace:
    """Memory for the activations of one width and one minibatch size, so that a step allocates little.

    Lanes of the same width take turns in it.
    """

    def __init__(self, family: "CnnFamily", padding: Padding, hidden: int, size: int, like: Tensor) -> None:
        channels, ((rows, columns), (rows2, columns2)) = family.shape[0], family.pooled_sizes(padding)
        first, pixels = size * rows * columns, channels * PATCH * PATCH
        self.windows1 = like.new_empty(2, 2, hidden, first)
        self.winners1 = like.new_empty(2, hidden, first)
        self.maxima1 = like.new_empty(hidden, first)
        self.hidden1 = like.new_empty(size, hidden, rows, columns)
        # The filters as the windows' members see the patch: shifted by row and column, zeros around; see _Net.
        self.filters = like.new_zeros(2, 2, hidden, pixels + 1)
        self.filters_gradient = like.new_empty(pixels + 1, 2, 2, hidden)
        spread = self.filters[..., :-1].view(2, 2, hidden, channels, PATCH, PATCH)
        gathered = self.filters_gradient[:-1].view(channels, PATCH, PATCH, 2, 2, hidden)
        shifts = [(row, column) for row in (0, 1) for column in (0, 1)]
        self.shifted = [spread[r, c, :, :, r : r + FIRST, c : c + FIRST] for r, c in shifts]  # 4 of (H, I, 5, 5)
        self.shifted_gradient = [gathered[:, r : r + FIRST, c : c + FIRST, r, c].permute(3, 0, 1, 2) for r, c in shifts]
        # The second layer's places first: then the members of its windows are whole rows.
        self.even = (2 * rows2, 2 * columns2)  # what pooling leaves no row or column of
        self.second = like.new_empty(4 * rows2 * columns2, size * 2 * hidden)
        self.windows2 = self.second.view(rows2, 2, columns2, 2, -1).permute(1, 3, 0, 2, 4)
        self.winners2 = like.new_empty(2, rows2, columns2, size * 2 * hidden)
        self.maxima2 = like.new_empty(rows2, columns2, size * 2 * hidden)
