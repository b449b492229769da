"""Activations for lanes: forward and backward written by hand, in place, on tensors of any shape.

Letters: S hidden units of all lanes, B examples of the minibatch; a is a pre-activation, h = f(a).
"""

from typing import Protocol

import torch
from torch import Tensor, nn

# torch's own kernels, which can write in place; the functions of torch.nn.functional allocate their results.
_aten = torch.ops.aten


class Activation(Protocol):
    """The door for activations: an elementwise function with f(0) = 0, so that units of zeros can pad a narrow lane.

    Registered in models/config/registry.py, or by another package under `studyhall.activations`; made without
    arguments.

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


class ReLU:
    """h = max(a, 0)."""

    keeps_input = False
    lane_by_lane = False

    def forward(self, a: Tensor, kept: Tensor | None) -> None:
        """Overwrite a by h."""
        torch.relu_(a)

    def backward(self, dh: Tensor, h: Tensor, kept: Tensor | None) -> None:
        """Overwrite dh by da = dh where h > 0, else 0."""
        _aten.threshold_backward.grad_input(dh, h, 0, grad_input=dh)

    def module(self) -> nn.Module:
        """Return nn.ReLU."""
        return nn.ReLU()


class LeakyReLU:
    """h = a where a > 0, else 0.01 a, as torch's."""

    keeps_input = False
    lane_by_lane = False
    slope = 0.01

    def forward(self, a: Tensor, kept: Tensor | None) -> None:
        """Overwrite a by h."""
        _aten.leaky_relu_(a, self.slope)

    def backward(self, dh: Tensor, h: Tensor, kept: Tensor | None) -> None:
        """Overwrite dh by da = dh where h > 0, else 0.01 dh; h has the sign of a."""
        _aten.leaky_relu_backward.grad_input(dh, h, self.slope, True, grad_input=dh)

    def module(self) -> nn.Module:
        """Return nn.LeakyReLU."""
        return nn.LeakyReLU(self.slope)


class Tanh:
    """h = tanh(a)."""

    keeps_input = False
    lane_by_lane = False

    def forward(self, a: Tensor, kept: Tensor | None) -> None:
        """Overwrite a by h."""
        torch.tanh_(a)

    def backward(self, dh: Tensor, h: Tensor, kept: Tensor | None) -> None:
        """Overwrite dh by da = (1 - h^2) dh."""
        _aten.tanh_backward.grad_input(dh, h, grad_input=dh)

    def module(self) -> nn.Module:
        """Return nn.Tanh."""
        return nn.Tanh()


class GELU:
    """h = a P(X < a) for X from N(0, 1) (Hendrycks and Gimpel 2016, arXiv 1606.08415), by the error function."""

    keeps_input = True  # the function is not monotonic: two inputs have the same h and different slopes
    lane_by_lane = True

    def forward(self, a: Tensor, kept: Tensor | None) -> None:
        """Overwrite a by h; keep a."""
        assert kept is not None
        kept.copy_(a)
        _aten.gelu_(a)

    def backward(self, dh: Tensor, h: Tensor, kept: Tensor | None) -> None:
        """Overwrite dh by da = (P(X < a) + a p(a)) dh, p the density of N(0, 1)."""
        _aten.gelu_backward.grad_input(dh, kept, grad_input=dh)

    def module(self) -> nn.Module:
        """Return nn.GELU."""
        return nn.GELU()


class SiLU:
    """h = a s(a), s the logistic function (Elfwing et al. 2018, arXiv 1702.03118); also called swish."""

    keeps_input = True  # not monotonic either
    lane_by_lane = True

    def forward(self, a: Tensor, kept: Tensor | None) -> None:
        """Overwrite a by h; keep a."""
        assert kept is not None
        kept.copy_(a)
        _aten.silu_(a)

    def backward(self, dh: Tensor, h: Tensor, kept: Tensor | None) -> None:
        """Overwrite dh by da = s(a) (1 + a (1 - s(a))) dh."""
        _aten.silu_backward.grad_input(dh, kept, grad_input=dh)

    def module(self) -> nn.Module:
        """Return nn.SiLU."""
        return nn.SiLU()
