"""Products of lanes on a CPU: what they come to, and that a row has the same bits wherever it lies."""

import numpy as np
import pytest
import torch

from models.families.fused_mlp import MIN_EXAMPLES
from models.families.mlp_workspace import ROWS
from models.ops import matmul
from models.ops.matmul import input_product

INPUTS = (36, 64, 100, 784, 3_072)
EXAMPLES = (MIN_EXAMPLES, 17, 32, 50, 100, 128, 1_000)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("examples", EXAMPLES)
def test_rows_have_the_same_bits_wherever_they_lie(inputs: int, examples: int) -> None:
    draw = np.random.Generator(np.random.PCG64(inputs + examples))
    weight, x, room = drawn(812, inputs), drawn(examples, inputs, seed=1), torch.empty(812, examples)
    whole = input_product(weight, x, room).clone()
    torch.testing.assert_close(whole, weight @ x.t(), rtol=1e-4, atol=1e-4 * inputs**0.5)
    for _ in range(8):
        begin = ROWS * int(draw.integers(203))
        end = min(812, begin + ROWS * int(draw.choice([1, 2, 3, 5, 8, 25, 100])))
        before = ROWS * int(draw.integers(30))
        among = drawn(before + end - begin + ROWS * int(draw.integers(60)), inputs, seed=2)
        among[before : before + end - begin] = weight[begin:end]
        for rows, at in ((weight[begin:end].clone(), 0), (among, before)):
            found = input_product(rows, x, torch.empty(len(rows), examples))
            assert torch.equal(found[at : at + end - begin], whole[begin:end])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_without_onednn_there_is_torchs_own_product(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    weight, x = drawn(24, 36).to(dtype), drawn(20, 36, seed=1).to(dtype)
    room = torch.empty(24, 20, dtype=torch.float64 if dtype == torch.float64 else torch.float32)
    found = input_product(weight, x, room)
    monkeypatch.setattr(matmul, "_has_onednn", lambda: False)
    own = input_product(weight, x, room)
    assert own is room
    torch.testing.assert_close(found, own)
    torch.testing.assert_close(own, (weight @ x.t()).to(room))
