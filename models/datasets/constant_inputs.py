"""Inputs that have one value in all examples: under plain SGD they train as one.

Of MNIST's 784 pixels 67 never change. Let an example be (u, c), c its unchanging inputs, and the weights of a unit
(p, q): it receives p u + q c, and the gradient of q is a multiple of c. So of q = v c/|c| + r a gradient only ever
moves v; decay alone moves r. Trained are (p, v, k) on the inputs (u, |c|, 0): this is a change to other orthogonal
coordinates, in which gradient descent takes the same steps, and k, which begins at 1 and never sees a gradient, is
what decay leaves of r. Momentum and Adam keep more of a weight than that. Found by minibatches.py, used by lanes.py.

Letters: H units of a lane, I inputs, K of them unchanging, W inputs of the narrow layer.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.ops.matmul import sums

FIRST = 1000  # examples that are looked at before all are: photographs change everywhere by then
MULTIPLE = 16  # of columns in a narrow layer: at 717 columns products take a tenth longer than at 720


@dataclass(frozen=True)
class Unchanging:
    """Which inputs never change, and the narrow layer's inputs (u, |c|, 0, ...) as `x[columns] * scale + shift`."""

    changing: Tensor  # (I - K,) their numbers
    constant: Tensor  # (K,)
    direction: Tensor  # (K,) c/|c|
    columns: Tensor  # (W,) number of an input; of anyone where scale is 0
    scale: Tensor  # (W,)
    shift: Tensor  # (W,)

    def narrow(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights (H, W) that are trained for weight (H, I), and r (H, K)."""
        q = weight[:, self.constant]
        v = sums(q * self.direction).unsqueeze(1)
        narrow = weight.new_zeros(len(weight), len(self.columns))
        ones = torch.ones_like(v)
        narrow[:, : len(self.changing) + 2] = torch.cat([weight[:, self.changing], v, ones], 1)
        return narrow, q - v * self.direction

    def widen(self, narrow: Tensor, rest: Tensor) -> Tensor:
        """Return weight (H, I) for what became of the weights and `rest` that `narrow` returned."""
        weight = narrow.new_empty(len(narrow), len(self.changing) + len(self.constant))
        p, v, k = narrow[:, : len(self.changing) + 2].split_with_sizes([len(self.changing), 1, 1], 1)
        weight[:, self.changing] = p
        weight[:, self.constant] = v * self.direction + k * rest
        return weight


def find(inputs: NDArray[np.generic], scale: Tensor, shift: Tensor) -> Unchanging | None:
    """Look through inputs (N, I), which are trained on as `input * scale + shift`, both (I,).

    Returns None where a narrow layer would not be narrower.
    """
    for seen in (inputs[:FIRST], inputs):
        same: NDArray[np.bool_] = seen.min(0) == seen.max(0)
        width = -(-(int(np.count_nonzero(~same)) + 2) // MULTIPLE) * MULTIPLE
        if width >= len(same):
            return None
    fixed = torch.from_numpy(same).to(scale.device)
    changing, constant = (~fixed).nonzero().squeeze(1), fixed.nonzero().squeeze(1)
    c = torch.from_numpy(inputs[0].astype(np.float32)).to(scale)[constant] * scale[constant] + shift[constant]
    size = float(c.double().norm())
    spare = scale.new_zeros(width - len(changing))
    return Unchanging(
        changing=changing,
        constant=constant,
        direction=c / size if size else c,
        columns=torch.cat([changing, changing.new_zeros(len(spare))]),
        scale=torch.cat([scale[changing], spare]),
        shift=torch.cat([shift[changing], spare.index_fill(0, changing.new_zeros(1), size)]),
    )
