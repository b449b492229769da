"""Muon on blocks, against torch.optim.Muon and torch.optim.AdamW, whatever form a hidden matrix has in its block."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from models.config.optimizers import Muon
from models.ops.optimizers.base import Block, HiddenMatrix, TickHyperparameters
from models.ops.optimizers.muon import orthogonalized

STEPS, RATES, DECAYS, MOMENTA = 4, (0.1, 0.02), (0.0, 0.5), (0.95, 0.6)
EVERY = slice(None)


def stack() -> tuple[Block, list[HiddenMatrix]]:
    """Two lanes' matrices of 4 x 6, a row each."""
    hidden = [HiddenMatrix(slice(lane, lane + 1), EVERY, 4) for lane in range(2)]
    return Block(torch.empty(2, 24), torch.tensor([0, 1]), hidden=tuple(hidden)), hidden


def corner() -> tuple[Block, list[HiddenMatrix]]:
    """A square of 5 x 5 of lane 1 in a block of 8 x 8, zeros around it."""
    hidden = HiddenMatrix(slice(0, 5), slice(5), 5)
    return Block(torch.empty(8, 8), torch.tensor([1]), hidden=(hidden,)), [hidden]


def column() -> tuple[Block, list[HiddenMatrix]]:
    """All weights of lane 1 in a column, of which 7 x 3 are a hidden matrix."""
    hidden = HiddenMatrix(slice(4, 25), EVERY, 7)
    return Block(torch.empty(30, 1), torch.tensor([1]), hidden=(hidden,)), [hidden]


def row() -> tuple[Block, list[HiddenMatrix]]:
    """All weights of lane 0 in a row, with two hidden matrices among them."""
    hidden = [HiddenMatrix(slice(0, 1), slice(16, 26), 2), HiddenMatrix(slice(0, 1), slice(64, 79), 5)]
    return Block(torch.empty(1, 96), torch.tensor([0]), hidden=tuple(hidden)), hidden


@pytest.mark.parametrize("made", [stack, corner, column, row], ids=lambda made: made.__name__)
def test_hidden_matrices_step_as_by_torchs_muon_and_the_rest_as_by_adamw(
    made: Callable[[], tuple[Block, list[HiddenMatrix]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    block, hidden = made()
    draw = torch.Generator().manual_seed(3)
    inside = torch.ones_like(block.weight)  # where there is something: all, but around a corner
    if made is corner:
        inside.zero_()[:5, :5] = 1
    drawn = [
        inside.double() * torch.randn(block.weight.shape, generator=draw, dtype=torch.float64) for _ in range(STEPS + 1)
    ]
    block.weight, gradients = drawn[0].clone(), drawn[1:]
    block.state = {name: torch.zeros_like(block.weight) for name in Muon().state_names()}
    config = Muon(betas=(0.8, 0.9), epsilon=1e-6)
    tick = TickHyperparameters([RATES], DECAYS, [{"momentum": each} for each in MOMENTA], (0, 0), STEPS)
    steps = config.bind(tick, block.weight[:0], ("momentum",))
    for gradient in gradients:
        steps.start_step()
        steps.apply(block, gradient.clone())

    others = torch.ones_like(block.weight, dtype=torch.bool)
    for matrix in hidden:
        lane = int(block.lanes[matrix.rows.start if len(block.lanes) > 1 else 0])
        mine, alone = matrix.of(block.weight), matrix.of(drawn[0]).clone().requires_grad_()
        theirs = torch.optim.Muon([alone], RATES[lane], DECAYS[lane], MOMENTA[lane], adjust_lr_fn="match_rms_adamw")
        by_torch(theirs, alone, [matrix.of(gradient) for gradient in gradients])
        torch.testing.assert_close(mine, alone.detach(), rtol=1e-10, atol=1e-10)
        matrix_of_others = others[matrix.rows, matrix.columns]
        matrix_of_others.fill_(False)
    if others.any():
        lane = int(block.lanes[0])
        rest = drawn[0].clone().requires_grad_()
        adamw = torch.optim.AdamW([rest], RATES[lane], (0.8, 0.9), 1e-6, DECAYS[lane])
        by_torch(adamw, rest, gradients)
        torch.testing.assert_close(block.weight[others], rest.detach()[others], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (7, 7)])
def test_a_processor_without_products_of_16_bits_orthogonalizes_in_float32(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    exact = matrix / torch.linalg.matrix_norm(matrix)
    left, values, right = torch.linalg.svd(exact, full_matrices=False)
    for _ in range(5):  # what the iteration makes of singular values, in float64
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    found = orthogonalized(matrix)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), left @ torch.diag(values) @ right, rtol=1e-5, atol=1e-5)


def by_torch(optimizer: torch.optim.Optimizer, weight: Tensor, gradients: list[Tensor]) -> None:
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
