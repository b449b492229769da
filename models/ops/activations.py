"""Perceptrons from scratch: layers with forward and backward written by hand, for many lanes at once.

All lanes see the same minibatch, so the first layers of all lanes are one matrix product whatever their widths, and so
is its gradient. Later hidden layers are one product per lane (the last: last_layers.py). No autograd and no torch.nn:
each gradient is derived beside its code and tested against autograd. Used by mlp.py and linear.py; driven by lanes.py.

Letters: L lanes, B examples of the minibatch, I inputs, H hidden units of one lane, S hidden units of all lanes, C
classes. Activations are held units first, (S, B): then a lane's units are whole rows, so each lane's part of every
tensor is one contiguous piece.

A lane comes to the same bits whoever stands beside it; the tests demand it. Two things make it so, both measured on one
thread: a product gives a lane of at least 4 rows the same bits wherever they stand in it, if the minibatch is not tiny;
and a product of one lane alone gives the same bits if its matrices begin at a multiple of 16 bytes. So lanes are padded
to a multiple of 4 rows with zeros (they stay zero under ReLU, leaky ReLU and tanh, since such a unit neither sends nor
receives), each lane's logits begin at such a place, and a tiny last minibatch goes through one product a lane.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# --- activations: h = f(a) in place, and da = f'(a) dh in place, told by h alone --------------------------------------


@dataclass(frozen=True)
class Activation:
    """A function of one number with f(0) = 0 whose derivative can be told from its value."""

    forward: Callable[[Tensor], Tensor]  # a -> h, in place
    backward: Callable[[Tensor, Tensor], Tensor]  # (dh, h) -> da, in place of dh


def _relu_backward(dh: Tensor, h: Tensor) -> Tensor:
    # h = max(a, 0):  da = dh where h > 0, else 0
    return torch.ops.aten.threshold_backward.grad_input(dh, h, 0, grad_input=dh)  # type: ignore[no-any-return]


def _tanh_backward(dh: Tensor, h: Tensor) -> Tensor:
    # h = tanh(a):  dh/da = 1 - h^2
    return torch.ops.aten.tanh_backward.grad_input(dh, h, grad_input=dh)  # type: ignore[no-any-return]


SLOPE = 0.01  # of leaky ReLU below 0, as torch's


def _leaky_backward(dh: Tensor, h: Tensor) -> Tensor:
    # h = a where a > 0, else SLOPE a; h has the sign of a:  da = dh where h > 0, else SLOPE dh
    return torch.ops.aten.leaky_relu_backward.grad_input(dh, h, SLOPE, True, grad_input=dh)  # type: ignore[no-any-return]


ACTIVATIONS = {
    "relu": Activation(torch.relu_, _relu_backward),
    "leaky_relu": Activation(lambda a: torch.ops.aten.leaky_relu_(a, SLOPE), _leaky_backward),
    "tanh": Activation(torch.tanh_, _tanh_backward),
}
