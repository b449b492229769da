"""Inputs that have one value in all examples: under plain gradient descent they train as one.

Of MNIST's 784 pixels 67 never change. Let an example be (u, c), c its constant inputs, and the weights of a unit
(p, q): it receives p u + q c, and the gradient of q is a multiple of c. So of q = v c/|c| + r a gradient only ever
moves v; decay alone moves r. Trained are (p, v, k) on the inputs (u, |c|, 0): this is a change to other orthogonal
coordinates, in which gradient descent takes the same steps, and k, which begins at 1 and never sees a gradient, is
what decay leaves of r. Optimizers with momentum or moments keep more of a weight than that.

Letters: N examples, H units of a lane, I inputs, K of them constant, W inputs of the narrow layer.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.ops.matmul import sums

FIRST_LOOK = 1000  # examples that are compared before all are: photographs vary everywhere by then
MULTIPLE = 16  # of columns in a narrow layer: at 717 columns products take a tenth longer than at 720

REST = "first.rest"  # a lane's buffer: r


@dataclass(frozen=True)
class ConstantInputs:
    """Which inputs are constant, and the narrow layer's inputs (u, |c|, 0, ...) as `x[columns] * scale + shift`."""

    varying: Tensor  # (I - K,) their numbers
    constant: Tensor  # (K,)
    direction: Tensor  # (K,) c/|c|
    columns: Tensor  # (W,) number of an input; of any one where scale is 0
    scale: Tensor  # (W,)
    shift: Tensor  # (W,)

    def narrow(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights (H, W) that are trained for weight (H, I), and r (H, K)."""
        q = weight[:, self.constant]
        v = sums(q * self.direction).unsqueeze(1)
        narrow = weight.new_zeros(len(weight), len(self.columns))
        ones = torch.ones_like(v)
        narrow[:, : len(self.varying) + 2] = torch.cat([weight[:, self.varying], v, ones], 1)
        return narrow, q - v * self.direction

    def narrow_lane(self, name: str, weights: dict[str, Tensor], buffers: dict[str, Tensor]) -> None:
        """Put the narrow layer in place of a lane's weight `name`, unless that is done; what is left is a buffer."""
        if REST not in buffers:
            weights[name], buffers[REST] = self.narrow(weights[name])

    def widen_lane(self, name: str, tensors: dict[str, Tensor]) -> None:
        """Put the whole weight `name` in place of the narrow layer of a lane's tensors."""
        tensors[name] = self.widen(tensors[name], tensors[REST])

    def widen(self, narrow: Tensor, rest: Tensor) -> Tensor:
        """Return weight (H, I) for weights (H, W), trained or not, and the `rest` (H, K) that `narrow` returned."""
        weight = narrow.new_empty(len(narrow), len(self.varying) + len(self.constant))
        p, v, k = narrow[:, : len(self.varying) + 2].split_with_sizes([len(self.varying), 1, 1], 1)
        weight[:, self.varying] = p
        weight[:, self.constant] = v * self.direction + k * rest
        return weight


def find_constant_inputs(inputs: NDArray[np.generic], scale: Tensor, shift: Tensor) -> ConstantInputs | None:
    """Return the constant inputs of a data set; None if a narrow layer would not be narrower.

    Args:
        inputs: (N, I), as they are stored.
        scale: (I,); models see `input * scale + shift`.
        shift: (I,).
    """
    for seen in (inputs[:FIRST_LOOK], inputs):
        same: NDArray[np.bool_] = seen.min(0) == seen.max(0)
        width = -(-(int(np.count_nonzero(~same)) + 2) // MULTIPLE) * MULTIPLE
        if width >= len(same):
            return None
    fixed = torch.from_numpy(same).to(scale.device)
    varying, constant = (~fixed).nonzero().squeeze(1), fixed.nonzero().squeeze(1)
    c = torch.from_numpy(inputs[0].astype(np.float32)).to(scale)[constant] * scale[constant] + shift[constant]
    size = float(c.double().norm())
    spare = scale.new_zeros(width - len(varying))
    return ConstantInputs(
        varying=varying,
        constant=constant,
        direction=c / size if size else c,
        columns=torch.cat([varying, varying.new_zeros(len(spare))]),
        scale=torch.cat([scale[varying], spare]),
        shift=torch.cat([shift[varying], spare.index_fill(0, varying.new_zeros(1), size)]),
    )
