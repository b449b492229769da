"""Convolutions whose pictures lie place by place: (rows, columns, examples, channels).

A convolution of large filters costs less among frequencies: there it is one product of matrices for each frequency
instead of one for each tap of the filter at each place. Filters of 7 x 7 over 14 x 14 places take 49 multiplications
for each number of the result, and 2.3 among frequencies.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

Size = tuple[int, int]  # rows, columns


class Convolution(Protocol):
    """One convolution's way forward and back, with the memory for one size of minibatch and number of channels."""

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return y (rows, columns, B, O) of x (rows, columns, B, I) and weight (O, I, side, side), without a bias.

        y lies in memory that the next call overwrites.
        """
        ...

    def backward(self) -> tuple[Tensor, Tensor]:
        """Return the gradients of x and of the weight of the last `forward`, whose y has been overwritten by dy."""
        ...


class DirectConvolution:
    """torch's own convolution.

    Args:
        padding: Rows and columns of zeros around a picture, on each side.
        places: Rows and columns of the result that are wanted; it may have more.
    """

    def __init__(self, padding: int, places: Size) -> None:
        self._padding, self._places = padding, places

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return y; see `Convolution`."""
        self._x = x.permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)
        self._weight = weight.to(x.dtype, memory_format=torch.channels_last)
        self._y = torch.conv2d(self._x, self._weight, padding=self._padding)
        rows, columns = self._places
        return self._y[:, :, :rows, :columns].permute(2, 3, 0, 1)

    def backward(self) -> tuple[Tensor, Tensor]:
        """Return the gradients of x and the weight; see `Convolution`."""
        rows, columns = self._places
        self._y[:, :, rows:].zero_()  # nobody asked for them, so nothing depends on them
        self._y[:, :, :, columns:].zero_()
        dx, dweight, _ = torch.ops.aten.convolution_backward(
            self._y,
            self._x,
            self._weight,
            None,  # no bias
            [1, 1],  # stride
            [self._padding, self._padding],
            [1, 1],  # dilation
            False,  # not transposed
            [0, 0],
            1,  # one group
            [True, True, False],
        )
        return dx.permute(2, 3, 0, 1), dweight


class FrequencyConvolution:
    """A convolution as products of frequencies, forward and back.

    Correlation of a picture with a filter is, in a discrete Fourier transform over N places, a product for each pair of
    frequencies (k, l), if N leaves room for what would wrap around:

        Y[k, l] = X[k, l] conj(W[k, l]),   X (B, I), W (I, O), complex.

    A product of complex numbers (a + ib) (c + id) is three real ones, p = a c, q = b d, r = (a + b) (c + d), with
    real part p - q and imaginary part r - p - q (Karatsuba). The sums before and after are as linear as the transforms
    are, so they are parts of the same matrices: with S and T for those of picture and filter and R for the result's,

        y = R ((S x) * (T w)),   dx = S^T (R^T dy * T w),   dw = T^T (S x * R^T dy),

    where * multiplies matrices, one pair for each of the 3 x frequencies. S, T and R are small, so they too are matrix
    products: rows first, of whose frequencies half are enough since pictures are real, then columns, for one frequency
    of the rows after the other, so that what belongs to it stays in the cache.

    In float32 the largest error is a few 1e-7 of the largest number, but it is spread: where a sum over places would be
    exactly 0, such as the gradient of a tap that meets nothing but zeros, there is rounding of the others.

    Sources: Mathieu, Henaff, LeCun, "Fast Training of Convolutional Networks through FFTs", 2014, arXiv:1312.5851; and
    for algorithms that are y = R ((S x) * (T w)), Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks",
    2016, arXiv:1509.09308.

    Args:
        pictures: Rows and columns of the pictures.
        side: Rows and columns of the filters.
        padding: Rows and columns of zeros around a picture, on each side.
        places: Rows and columns of the result that are wanted, from the first on.
        size: B, examples of a minibatch.
        channels: I and O, of a picture and of the result.
        like: A tensor of the device and type that are meant.

    Example:
        >>> x, weight = torch.randn(14, 14, 8, 3), torch.randn(5, 3, 7, 7)
        >>> convolution = FrequencyConvolution((14, 14), 7, 3, (14, 14), 8, (3, 5), x)
        >>> y = torch.conv2d(x.permute(2, 3, 0, 1), weight, padding=3).permute(2, 3, 0, 1)
        >>> torch.allclose(convolution.forward(x, weight), y, atol=1e-4)
        True
    """

    def __init__(
        self, pictures: Size, side: int, padding: int, places: Size, size: int, channels: tuple[int, int], like: Tensor
    ) -> None:
        (rows, columns), (inputs, outputs) = pictures, channels
        over_rows, over_columns = (_Axis(n, side, padding, wanted) for n, wanted in zip(pictures, places, strict=True))
        self._picture1, self._filter1, self._result1 = (m.to(like) for m in over_rows.real())
        self._picture2, self._filter2, self._result2 = (m.to(like) for m in over_columns.tripled())
        k, triples = over_rows.half, 3 * over_columns.n
        # By frequency of the rows; then real and imaginary parts by column, or p, q, r by frequency of the columns.
        self._x1 = like.new_empty(k, 2 * columns, size * inputs)
        self._x2 = like.new_empty(k, triples, size, inputs)
        self._w1 = like.new_empty(k, 2 * side, inputs * outputs)
        self._w2 = like.new_empty(k, triples, inputs, outputs)
        self._y1 = like.new_empty(k, 2 * places[1], size * outputs)
        self._dx, self._dw = like.new_empty(rows, columns, size, inputs), like.new_empty(side, side, inputs, outputs)
        self._y = like.new_empty(*places, size, outputs)
        # Of one frequency of the rows:
        self._product = like.new_empty(triples, size, outputs)
        self._dx2, self._dw2 = like.new_empty(triples, size, inputs), like.new_empty(triples, inputs, outputs)

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return y; see `Convolution`."""
        _transform(self._picture1, x, self._x1)
        _transform(self._filter1, weight.permute(2, 3, 1, 0), self._w1)
        for x1, x2, w1, w2, y1 in zip(self._x1, self._x2, self._w1, self._w2, self._y1, strict=True):
            _transform(self._picture2, x1, x2)
            _transform(self._filter2, w1, w2)
            torch.bmm(x2, w2, out=self._product)
            _transform(self._result2, self._product, y1)
        return _transform(self._result1, self._y1, self._y)

    def backward(self) -> tuple[Tensor, Tensor]:
        """Return the gradients of x and the weight; see `Convolution`."""
        _transform(self._result1.t(), self._y, self._y1)
        for x1, x2, w1, w2, y1 in zip(self._x1, self._x2, self._w1, self._w2, self._y1, strict=True):
            _transform(self._result2.t(), y1, self._product)
            torch.bmm(x2.transpose(1, 2), self._product, out=self._dw2)
            torch.bmm(self._product, w2.transpose(1, 2), out=self._dx2)
            _transform(self._picture2.t(), self._dx2, x1)
            _transform(self._filter2.t(), self._dw2, w1)
        _transform(self._picture1.t(), self._x1, self._dx)
        _transform(self._filter1.t(), self._w1, self._dw)
        return self._dx, self._dw.permute(3, 2, 0, 1)


class _Axis:
    """The transforms along one axis, each as matrices (out, in) for picture, filter and result, in float64."""

    def __init__(self, places: int, side: int, padding: int, wanted: int) -> None:
        # Place p of the result sees places p - padding to p - padding + side - 1. Those before 0 wrap around to the
        # end, those after it to the beginning: neither may meet the picture.
        self.n = max(places + padding, wanted - padding + side - 1)
        self.half = self.n // 2 + 1  # frequencies of a real signal; the others are their conjugates
        self._places, self._taps = torch.arange(places), torch.arange(side)
        self._results = torch.arange(wanted) - padding

    def real(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return them for real numbers: to real and imaginary parts in turn, and from there to real numbers."""
        picture, taps, result = self._complex(self.half)
        result[:, 1 : (self.n + 1) // 2] *= 2  # those that stand for a conjugate too
        in_turn = [torch.stack((m.real, m.imag), 1).flatten(0, 1) for m in (picture, taps)]
        return in_turn[0], in_turn[1], torch.stack((result.real, -result.imag), 2).flatten(1)

    def tripled(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return them for complex numbers, real parts before imaginary ones: to a, b, a + b, and from p, q, r."""
        picture, taps, result = self._complex(self.n)
        factors = [torch.cat((real, imaginary, real + imaginary)) for real, imaginary in map(_as_real, (picture, taps))]
        one, none = torch.eye(self.n, dtype=torch.float64), torch.zeros(self.n, self.n, dtype=torch.float64)
        parts = torch.cat((torch.cat((one, -one, none), 1), torch.cat((-one, -one, one), 1)))
        return factors[0], factors[1], torch.cat(_as_real(result)) @ parts

    def _complex(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return them as complex matrices, to and from the first frequencies."""
        frequencies = torch.arange(count)
        picture, taps = self._waves(frequencies, self._places, -1), self._waves(frequencies, self._taps, 1)
        return picture, taps, self._waves(self._results, frequencies, 1) / self.n

    def _waves(self, rows: Tensor, columns: Tensor, sign: int) -> Tensor:
        """Return exp(sign 2 pi i row column / n), (rows, columns)."""
        angles = sign * 2 * math.pi / self.n * torch.outer(rows, columns).double()
        return torch.polar(torch.ones_like(angles), angles)


def _as_real(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows of a complex matrix (m, n) that give real parts and those that give imaginary ones, (m, 2 n)."""
    return torch.cat((matrix.real, -matrix.imag), 1), torch.cat((matrix.imag, matrix.real), 1)


def _transform(matrix: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """Write matrix (m, n) times x, n numbers or rows of numbers, to `out`; both are seen as matrices."""
    torch.mm(matrix, x.reshape(matrix.shape[1], -1), out=out.view(matrix.shape[0], -1))
    return out
