"""Activations for lanes: forward and backward written by hand, in place, on tensors of any shape.

Letters: S hidden units of all lanes, B examples of the minibatch; a is a pre-activation, h = f(a).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

# torch's own kernels, which can write in place; the functions of torch.nn.functional allocate their results. Where a
# kernel has no such form, `dh.copy_(...)` of its result is right as well, and slower.
_aten = torch.ops.aten


class Activation(Protocol):
    """The door for activations: an elementwise function with f(0) = 0, so that units of zeros can pad a narrow lane.

    Registered in models/config/registry.py, or by another package under `studyhall.activations`, as an object
    that is ready for use.

    Example:
        >>> class Softsign:
        ...     keeps_input = True
        ...     lane_by_lane = True
        ...
        ...     def forward(self, a, kept):
        ...         kept.copy_(a)
        ...         a.div_(1 + a.abs())
        ...
        ...     def backward(self, dh, h, kept):
        ...         dh.div_((1 + kept.abs()).square_())
        ...
        ...     def module(self):
        ...         return nn.Softsign()
        >>> softsign = Softsign()
    """

    keeps_input: bool  # whether `backward` needs more than h: `forward` is then given a tensor to keep it in
    # Whether each lane's part is a call of its own. torch computes the last numbers of a tensor one by one, the others
    # in vectors; where the two round differently, a lane's bits would depend on its neighbours. True is always right.
    lane_by_lane: bool

    def forward(self, a: Tensor, kept: Tensor | None) -> None:
        """Overwrite a (S, B), or the rows of one lane, by h = f(a).

        Args:
            a: Pre-activations.
            kept: A tensor like `a`, to write what `backward` needs; None unless `keeps_input`.
        """

    def backward(self, dh: Tensor, h: Tensor, kept: Tensor | None) -> None:
        """Overwrite dh (S, B), the gradient by h, by the gradient by a: f'(a) dh.

        Args:
            dh: Gradient of the loss by h.
            h: What `forward` wrote.
            kept: What `forward` kept.
        """

    def module(self) -> nn.Module:
        """Return the same function as an ordinary module."""


@dataclass(frozen=True)
class Kernels:
    """An activation made of torch's own in-place kernels."""

    overwrite: Callable[[Tensor], object]  # a -> h, in place
    overwrite_gradient: Callable[[Tensor, Tensor], object]  # (dh, h) -> da in place of dh, or (dh, a) if a is kept
    module: Callable[[], nn.Module]
    keeps_input: bool = False
    lane_by_lane: bool = False

    def forward(self, a: Tensor, kept: Tensor | None) -> None:
        """Overwrite a by h; see `Activation`."""
        if kept is not None:
            kept.copy_(a)
        self.overwrite(a)

    def backward(self, dh: Tensor, h: Tensor, kept: Tensor | None) -> None:
        """Overwrite dh by da; see `Activation`."""
        self.overwrite_gradient(dh, h if kept is None else kept)


SLOPE = 0.01  # of leaky ReLU below 0, as torch's

# h = max(a, 0);  da = dh where h > 0, else 0
relu = Kernels(torch.relu_, lambda dh, h: _aten.threshold_backward.grad_input(dh, h, 0, grad_input=dh), nn.ReLU)

# h = a where a > 0, else SLOPE a; it has the sign of a;  da = dh where h > 0, else SLOPE dh
leaky_relu = Kernels(
    lambda a: _aten.leaky_relu_(a, SLOPE),
    lambda dh, h: _aten.leaky_relu_backward.grad_input(dh, h, SLOPE, True, grad_input=dh),
    lambda: nn.LeakyReLU(SLOPE),
)

# h = tanh(a);  da = (1 - h^2) dh
tanh = Kernels(torch.tanh_, lambda dh, h: _aten.tanh_backward.grad_input(dh, h, grad_input=dh), nn.Tanh)

# Those below are not monotonic: two inputs have the same h and different slopes.

# h = a P(a), P the distribution and p the density of N(0, 1) (Hendrycks and Gimpel 2016, arXiv 1606.08415);
# da = (P(a) + a p(a)) dh
gelu = Kernels(
    _aten.gelu_,
    lambda dh, a: _aten.gelu_backward.grad_input(dh, a, grad_input=dh),
    nn.GELU,
    keeps_input=True,
    lane_by_lane=True,
)

# h = a s(a), s the logistic function (Elfwing et al. 2018, arXiv 1702.03118);  da = s(a) (1 + a (1 - s(a))) dh
silu = Kernels(
    _aten.silu_,
    lambda dh, a: _aten.silu_backward.grad_input(dh, a, grad_input=dh),
    nn.SiLU,
    keeps_input=True,
    lane_by_lane=True,
)
