"""Kernels for lanes on a GPU, in Triton: products and sums whose every row is made in pieces of a fixed size.

cuBLAS chooses how to make a product by its shape, so a lane's bits would depend on how many stand beside it. Here the
size of a piece and the order of its sums never change: a row comes to the same bits wherever it lies and whatever lies
around it. And what would be passes over the largest tensors is done while they are at hand: the gradient of a first
layer goes into the weights, with rate and decay, without ever being written.

float32 factors are split into three of the matrix unit's 19-bit numbers each, which keeps float32's accuracy (Markidis
et al. 2018, arXiv 1803.04014; Triton's tf32x3). They run on a GPU, or on a CPU under TRITON_INTERPRET=1, as in tests.

The number of rows changes whenever a lane comes or goes: no kernel is compiled anew for one that 16 divides.

Letters: R rows, K summed over, N columns, B examples of the minibatch, C classes, U units of a piece.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

_ROWS, _COLUMNS = 128, 128  # of a piece of a product
_UNITS, _EXAMPLES = 32, 64  # of a piece of a last layer
_OPTIONS = {"enable_fp_fusion": True}  # a * b + c in one rounding, whatever the default of Triton's version
_WIDE = {**_OPTIONS, "num_warps": 8}  # for a piece of a product


@triton.jit
def _piece(
    a, b, m, n, k, a_row, a_step, b_step, b_column,
    rows: tl.constexpr, columns: tl.constexpr, depth: tl.constexpr,
):  # fmt: skip
    """Return a program's piece of a @ b, its rows and columns, and which of its places there are."""
    # Columns first: the pieces that read the same rows of a run at the same time.
    i = tl.program_id(1) * rows + tl.arange(0, rows)
    j = tl.program_id(0) * columns + tl.arange(0, columns)
    row, its = i.to(tl.int64)[:, None], (i < m)[:, None]
    column, there = j[None, :], (j < n)[None, :]
    sums = tl.zeros((rows, columns), tl.float32)
    for start in range(0, k, depth):
        at = start + tl.arange(0, depth)
        left = tl.load(a + row * a_row + at[None, :] * a_step, its & (at < k)[None, :], 0.0)
        right = tl.load(b + at[:, None] * b_step + column * b_column, (at < k)[:, None] & there, 0.0)
        sums = tl.dot(left, right, sums, input_precision="tf32x3")
    return sums, row, column, its & there


@triton.jit(do_not_specialize=["m"])
def _product(
    a, b, out, m, n, k, a_row, a_step, b_step, b_column, out_row,
    rows: tl.constexpr, columns: tl.constexpr, depth: tl.constexpr,
):  # fmt: skip
    sums, row, column, there = _piece(a, b, m, n, k, a_row, a_step, b_step, b_column, rows, columns, depth)
    tl.store(out + row * out_row + column, sums, there)


@triton.jit(do_not_specialize=["m"])
def _step_down(
    weight, low, delta, inputs, rate, shrink, m, n, k, delta_row, delta_step, input_step, input_column, rate_row,
    shrinks: tl.constexpr, lowers: tl.constexpr, rows: tl.constexpr, columns: tl.constexpr, depth: tl.constexpr,
):  # fmt: skip
    sums, row, column, there = _piece(
        delta, inputs, m, n, k, delta_row, delta_step, input_step, input_column, rows, columns, depth
    )
    place = row * n + column
    moved = tl.load(weight + place, there, 0.0)
    if shrinks:
        moved *= tl.load(shrink + row * rate_row, row < m, 0.0)
    moved -= tl.load(rate + row * rate_row, row < m, 0.0) * sums
    tl.store(weight + place, moved, there)
    if lowers:
        tl.store(low + place, moved.to(tl.bfloat16), there)


@triton.jit(do_not_specialize=["m"])
def _row_sums(a, out, m, n, a_row, rows: tl.constexpr, columns: tl.constexpr):
    i = tl.program_id(0) * rows + tl.arange(0, rows)
    row, its = i.to(tl.int64)[:, None], (i < m)[:, None]
    sums = tl.zeros((rows,), out.dtype.element_ty)
    for start in range(0, n, columns):
        j = start + tl.arange(0, columns)
        sums += tl.sum(tl.load(a + row * a_row + j[None, :], its & (j < n)[None, :], 0.0).to(out.dtype.element_ty), 1)
    tl.store(out + i, sums, i < m)


@triton.jit
def _logits(
    weight, h, z, firsts, widths, classes, b, h_row, z_lane,
    padded: tl.constexpr, units: tl.constexpr, examples: tl.constexpr,
):  # fmt: skip
    lane = tl.program_id(1).to(tl.int64)
    first, width = tl.load(firsts + lane), tl.load(widths + lane)
    j = tl.program_id(0) * examples + tl.arange(0, examples)
    c = tl.arange(0, padded)
    sums = tl.zeros((padded, examples), tl.float32)
    for start in range(0, width, units):
        unit = start + tl.arange(0, units)
        row, its = first + unit, unit < width
        left = tl.load(weight + row[None, :] * classes + c[:, None], its[None, :] & (c < classes)[:, None], 0.0)
        right = tl.load(h + row[:, None] * h_row + j[None, :], its[:, None] & (j < b)[None, :], 0.0)
        sums = tl.dot(left, right, sums, input_precision="tf32x3")
    tl.store(z + lane * z_lane + c[:, None] * b + j[None, :], sums, (c < classes)[:, None] & (j < b)[None, :])


@triton.jit
def _back(
    weight, h, dz, dh, gradient, firsts, counts, owners, classes, b, h_row, z_lane,
    padded: tl.constexpr, units: tl.constexpr, examples: tl.constexpr,
):  # fmt: skip
    piece = tl.program_id(0)
    first, count, lane = tl.load(firsts + piece), tl.load(counts + piece), tl.load(owners + piece)
    unit, c = tl.arange(0, units), tl.arange(0, padded)
    row, its, known = (first + unit)[:, None], (unit < count)[:, None], c < classes
    w = tl.load(weight + row * classes + c[None, :], its & known[None, :], 0.0)
    sums = tl.zeros((units, padded), tl.float32)
    for start in range(0, b, examples):
        j = start + tl.arange(0, examples)
        there = (j < b)[None, :]
        d = tl.load(dz + lane * z_lane + c[:, None] * b + j[None, :], known[:, None] & there, 0.0)
        below = tl.load(h + row * h_row + j[None, :], its & there, 0.0)
        tl.store(dh + row * h_row + j[None, :], tl.dot(w, d, input_precision="tf32x3"), its & there)
        sums = tl.dot(below, tl.trans(d), sums, input_precision="tf32x3")
    tl.store(gradient + row * classes + c[None, :], sums, its & known[None, :])


# --- launchers ----------------------------------------------------------------------------------------------------


def product(a: Tensor, b: Tensor, out: Tensor) -> None:
    """Write a (R, K) times b (K, N), both float32 or both bfloat16, into out (R, N), float32 with adjacent columns."""
    (m, k), n = a.shape, b.shape[1]
    _product[triton.cdiv(n, _COLUMNS), triton.cdiv(m, _ROWS)](
        a, b, out, m, n, k, *a.stride(), *b.stride(), out.stride(0),
        rows=_ROWS, columns=_COLUMNS, depth=_depth(a), **_WIDE,
    )  # fmt: skip


def step_down(
    weight: Tensor, low: Tensor | None, delta: Tensor, inputs: Tensor, rate: Tensor, shrink: Tensor | None
) -> None:
    """Overwrite weight (R, N) by shrink * weight - rate * (delta @ inputs), and low by the same in bfloat16.

    delta is (R, B) and inputs (B, N), both float32 or both bfloat16; rate and shrink are (R, 1) or (1, 1).
    """
    (m, n), k = weight.shape, delta.shape[1]
    rate = rate.expand(m, 1)
    shrunk = rate if shrink is None else shrink.expand(m, 1)
    _step_down[triton.cdiv(n, _COLUMNS), triton.cdiv(m, _ROWS)](
        weight, weight if low is None else low, delta, inputs, rate, shrunk, m, n, k,
        *delta.stride(), *inputs.stride(), rate.stride(0),
        shrinks=shrink is not None, lowers=low is not None,
        rows=_ROWS, columns=_COLUMNS, depth=_depth(delta), **_WIDE,
    )  # fmt: skip


def row_sums(a: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the sums of the rows of a (R, N), which has adjacent columns, computed in a dtype: (R,)."""
    out = a.new_empty(len(a), dtype=dtype)
    rows = 8
    _row_sums[(triton.cdiv(len(a), rows),)](a, out, *a.shape, a.stride(0), rows=rows, columns=_EXAMPLES, **_OPTIONS)
    return out


def logits(weight: Tensor, h: Tensor, z: Tensor, firsts: Tensor, widths: Tensor) -> None:
    """Write z (L, C, B) = W^T h of each lane, of weight (S, C) and h (S, B); a lane has `widths` rows from `firsts`."""
    lanes, classes, examples = z.shape
    _logits[triton.cdiv(examples, _EXAMPLES), lanes](
        weight, h, z, firsts, widths, classes, examples, h.stride(0), z.stride(0),
        padded=_padded(classes), units=_UNITS, examples=_EXAMPLES, **_OPTIONS,
    )  # fmt: skip


def pieces(starts: list[int], widths: list[int]) -> tuple[list[int], list[int], list[int]]:
    """Cut the rows of each lane into what `backward` computes at a time: first rows, heights, lanes."""
    cut = [
        (start + at, min(_UNITS, width - at), lane)
        for lane, (start, width) in enumerate(zip(starts, widths, strict=True))
        for at in range(0, width, _UNITS)
    ]
    firsts, counts, owners = (list(column) for column in zip(*cut, strict=True))
    return firsts, counts, owners


def backward(
    weight: Tensor, h: Tensor, dz: Tensor, dh: Tensor, gradient: Tensor, cut: tuple[Tensor, Tensor, Tensor]
) -> None:
    """Write dh (S, B) = W dz and gradient (S, C) = h dz^T of each lane, of dz (L, C, B), in `pieces`."""
    _, classes, examples = dz.shape
    _back[(len(cut[0]),)](
        weight, h, dz, dh, gradient, *cut, classes, examples, h.stride(0), dz.stride(0),
        padded=_padded(classes), units=_UNITS, examples=_EXAMPLES, **_OPTIONS,
    )  # fmt: skip


def matches_torch(device: torch.device) -> bool:
    """Return whether all kernels compute on a device, from random numbers, what torch computes in float64."""

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(device)

    def near(mine: Tensor, exact: Tensor) -> bool:
        return bool((mine.double() - exact).abs().max() <= 1e-4 * exact.abs().max())

    weight, delta, x, rate = random(160, 112), random(160, 32), random(32, 112), random(160, 1)
    checks = []
    for dtype in (torch.float32, torch.bfloat16) if device.type == "cuda" else (torch.float32,):
        factor, other, moved, out = weight.to(dtype), delta.to(dtype), weight.clone(), torch.empty_like(delta)
        product(factor, x.to(dtype).t(), out)
        checks.append(near(out, factor.double() @ x.to(dtype).double().t()))
        step_down(moved, None, other, x.to(dtype), rate, rate)
        checks.append(near(moved, rate.double() * (weight.double() - other.double() @ x.to(dtype).double())))
    checks.append(near(row_sums(weight, torch.float64), weight.double().sum(1)))
    last, z, dh, gradient = random(160, 10), random(1, 10, 32), torch.empty_like(delta), random(160, 10)
    first, height, *cut = (torch.tensor(numbers, device=device) for numbers in ([0], [160], *pieces([0], [160])))
    backward(last, delta, z, dh, gradient, (cut[0], cut[1], cut[2]))
    checks += [near(dh, last.double() @ z[0].double()), near(gradient, delta.double() @ z[0].double().t())]
    logits(last, delta, z, first, height)
    return all([*checks, near(z[0], last.double().t() @ delta.double())])


def _depth(factor: Tensor) -> int:
    """How many numbers of a row are multiplied at a time: 128 bytes of them."""
    return 128 // factor.element_size()


def _padded(classes: int) -> int:
    return max(16, 1 << (classes - 1).bit_length())
