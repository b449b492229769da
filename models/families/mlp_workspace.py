"""Memory for the activations of fused perceptrons; the letters are those of fused_mlp.py."""

from torch import Tensor

from models.ops.losses import one_hot

ROWS = 4  # a lane's rows in a fused product are a multiple: 4 rows of float32, however long, are a multiple of 16 bytes


def rounded_up(rows: int) -> int:
    """Return the rows that a lane of so many takes."""
    return -(-rows // ROWS) * ROWS


class Workspace:
    """Memory for the activations of one minibatch size, so that a step allocates next to nothing."""

    def __init__(
        self, like: Tensor, layers: int, lanes: int, classes: int, size: int, *, keeps: bool, drops: bool
    ) -> None:
        units = like.shape[0]
        self.hidden = [like.new_empty(units, size) for _ in range(layers)]
        self.kept = [like.new_empty(units, size) if keeps else None for _ in range(layers)]  # by the activation
        # What the layer above a hidden layer sees: the same, unless units are dropped. A unit of no lane stays 0.
        self.seen = [like.new_zeros(units, size) for _ in range(layers)] if drops else self.hidden
        self.masks = [like.new_zeros(units, size) for _ in range(layers)] if drops else []
        self.delta = like.new_empty(units, size)
        self.z = like.new_empty(lanes, rounded_up(classes * size))[:, : classes * size].view(lanes, classes, size)
        self._hot = like.new_empty(classes, size)

    def one_hot(self, y: Tensor) -> Tensor:
        """Return labels y (B,) as (C, B) of zeros and ones; numbers as (1, B)."""
        return one_hot(y, self._hot)
