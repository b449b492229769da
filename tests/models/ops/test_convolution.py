"""Convolutions among frequencies: what torch's own give, forward and back, and closer to the truth."""

import pytest
import torch
from torch import Tensor

from models.ops.convolution import Convolution, DirectConvolution, FrequencyConvolution

# Pictures, side of the filters, zeros around, wanted places; n of the transform is odd, even, and other by axis.
SHAPES = [
    ((14, 14), 7, 3, (14, 14)),
    ((12, 12), 7, 0, (6, 6)),
    ((11, 9), 7, 0, (4, 2)),  # one more row and column than are wanted
    ((9, 12), 5, 2, (8, 12)),
    ((1, 2), 7, 3, (1, 2)),  # smaller than the filter
    ((8, 7), 3, 0, (6, 5)),
]
INPUTS, OUTPUTS, SIZE = 3, 5, 4


def both(
    shape: tuple[tuple[int, int], int, int, tuple[int, int]], dtype: torch.dtype
) -> tuple[list[Convolution], Tensor, Tensor, Tensor]:
    """The two convolutions; x, the weight and dy."""
    (pictures, side, padding, wanted), draw = shape, torch.Generator().manual_seed(4)
    x = torch.randn(*pictures, SIZE, INPUTS, generator=draw, dtype=dtype)
    weight = torch.randn(OUTPUTS, INPUTS, side, side, generator=draw, dtype=dtype)
    dy = torch.randn(*wanted, SIZE, OUTPUTS, generator=draw, dtype=dtype)
    frequency = FrequencyConvolution(pictures, side, padding, wanted, SIZE, (INPUTS, OUTPUTS), x)
    return [DirectConvolution(padding, wanted), frequency], x, weight, dy


def results(convolution: Convolution, x: Tensor, weight: Tensor, dy: Tensor) -> list[Tensor]:
    """Return y and the gradients of x and the weight."""
    y = convolution.forward(x, weight)
    kept = y.clone()
    y.copy_(dy)
    dx, dweight = convolution.backward()
    return [kept, dx, dweight]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward_and_back_are_torchs_own(shape: tuple[tuple[int, int], int, int, tuple[int, int]]) -> None:
    convolutions, x, weight, dy = both(shape, torch.float64)
    _, _, padding, (rows, columns) = shape
    leaves = x.permute(2, 3, 0, 1).clone().requires_grad_(), weight.clone().requires_grad_()
    y = torch.conv2d(*leaves, padding=padding)[:, :, :rows, :columns]
    dx, dweight = torch.autograd.grad(y, leaves, dy.permute(2, 3, 0, 1))
    expected = [y.detach().permute(2, 3, 0, 1), dx.permute(2, 3, 0, 1), dweight]
    for convolution in convolutions:
        for _ in range(2):  # memory that is used again holds nothing of before
            for mine, theirs in zip(results(convolution, x, weight, dy), expected, strict=True):
                torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


def test_a_shorter_transform_would_wrap_around() -> None:
    # The last picture's column meets the filter that hangs over the first one: the room between them is wanted.
    x, weight = torch.zeros(5, 5, 1, 1), torch.zeros(1, 1, 5, 5)
    x[:, -1], weight[..., 0] = 1, 1  # the filter's left edge, seen from column 0, lies two columns before the picture
    y = FrequencyConvolution((5, 5), 5, 2, (5, 5), 1, (1, 1), x).forward(x, weight)[..., 0, 0]
    torch.testing.assert_close(y, torch.conv2d(x.permute(2, 3, 0, 1), weight, padding=2)[0, 0], rtol=0, atol=1e-5)


def test_rounding_in_float32_is_that_of_a_sum() -> None:
    (pictures, side, padding, wanted), draw = SHAPES[0], torch.Generator().manual_seed(5)
    x, weight = torch.randn(*pictures, 8, 32, generator=draw), torch.randn(64, 32, side, side, generator=draw)
    dy = torch.randn(*wanted, 8, 64, generator=draw)
    truth = results(DirectConvolution(padding, wanted), x.double(), weight.double(), dy.double())
    mine = results(FrequencyConvolution(pictures, side, padding, wanted, 8, (32, 64), x), x, weight, dy)
    for one, exact in zip(mine, truth, strict=True):  # 3e-7 on one processor; a number has 6e-8
        assert (one - exact).abs().max() < 1e-6 * exact.abs().max()
