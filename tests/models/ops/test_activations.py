"""Every activation is the function of the module that it names, with that function's gradient."""

import pytest
import torch
from torch import Tensor

from models.config.registry import ACTIVATIONS
from models.ops.activations import Activation

every = pytest.mark.parametrize("name", ACTIVATIONS.names())


def activation(name: str) -> Activation:
    loaded: Activation = ACTIVATIONS.load(name)
    return loaded


def forward_and_backward(name: str, a: Tensor, dh: Tensor) -> tuple[Tensor, Tensor]:
    """Return h and da, in tensors of their own."""
    it, h, da = activation(name), a.clone(), dh.clone()
    kept = torch.empty_like(h) if it.keeps_input else None
    it.forward(h, kept)
    it.backward(da, h, kept)
    return h, da


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_value_and_gradient_are_those_of_the_module(name: str, dtype: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(0)
    a, dh = 3 * torch.randn(37, 50, generator=draw, dtype=dtype), torch.randn(37, 50, generator=draw, dtype=dtype)
    a[0], a[1], a[2] = 0.0, 40.0, -40.0  # the corner, and where exponentials run over or under
    x = a.clone().requires_grad_()
    expected = activation(name).module()(x)
    expected.backward(dh)
    h, da = forward_and_backward(name, a, dh)
    torch.testing.assert_close(h, expected.detach())
    torch.testing.assert_close(da, x.grad)


@every
def test_the_gradient_is_that_of_finite_differences(name: str) -> None:
    a = torch.tensor([-3.0, -0.5, -0.01, 0.01, 0.5, 3.0], dtype=torch.float64)  # beside the corner, not on it
    step = 1e-6
    above, below = (forward_and_backward(name, a + by, a)[0] for by in (step, -step))
    _, slope = forward_and_backward(name, a, torch.ones_like(a))
    # Central differences: step^2 of the third derivative, and 1e-16 / step of rounding.
    torch.testing.assert_close(slope, (above - below) / (2 * step), rtol=0, atol=1e-8)


@every
def test_zero_stays_zero(name: str) -> None:
    # The zeros that pad a narrow lane rest on it.
    h, _ = forward_and_backward(name, torch.zeros(5), torch.ones(5))
    assert torch.equal(h, torch.zeros(5))


@every
def test_a_number_has_the_same_bits_wherever_it_lies_unless_lanes_are_called_apart(name: str) -> None:
    if activation(name).lane_by_lane:
        pytest.skip("each lane's part is a call of its own")
    draw = torch.Generator().manual_seed(1)
    a, dh = torch.randn(2048, generator=draw), torch.randn(2048, generator=draw)
    whole, whole_gradient = forward_and_backward(name, a, dh)
    for count in range(1, 70):  # vectors of any processor, and what is left over
        h, da = forward_and_backward(name, a[:count], dh[:count])
        assert torch.equal(h, whole[:count])
        assert torch.equal(da, whole_gradient[:count])
