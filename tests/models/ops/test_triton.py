"""The kernels for a GPU: on one where there is one, elsewhere in Triton's interpreter, which does their arithmetic."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.config.families import Linear, Mlp
from models.config.messages import EpochMetrics, LaneSpec
from models.config.optimizers import SGD, Adam, AdamW
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from models.ops import matmul
from models.ops.output_layers import LaneByLane, OneKernel

ON_GPU = torch.cuda.is_available()
if not ON_GPU:
    os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is imported
pytest.importorskip("triton", reason="needs Triton, which is for Linux")

from triton.runtime import interpreter  # noqa: E402

from models.ops import triton as kernels  # noqa: E402

DEVICE = torch.device("cuda" if ON_GPU else "cpu")


@pytest.fixture(scope="module", autouse=True)
def _a_row_is_summed_alike_wherever_it_lies() -> Iterator[None]:
    """As a GPU's matrix units do; numpy's product, which the interpreter takes, does so on some processors alone."""

    def dot(_: object, a: Any, b: Any, d: Any, *__: object) -> Any:
        total = d.data.copy()
        for k in range(a.data.shape[-1]):
            total += a.data[..., k : k + 1] * b.data[..., k : k + 1, :]
        return interpreter.TensorHandle(total, d.dtype.scalar)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(interpreter.InterpreterBuilder, "create_dot", dot)
        yield


# The interpreter counts with numpy, which has no bfloat16.
DTYPES = [torch.float32, pytest.param(torch.bfloat16, marks=pytest.mark.skipif(not ON_GPU, reason="needs a GPU"))]
CLOSE = {torch.float32: 1e-5, torch.bfloat16: 1e-4}  # of sums of products of the same factors


def drawn(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE, dtype)


def near(mine: torch.Tensor, exact: torch.Tensor, close: float = 1e-5) -> None:
    """Within what float32 loses in a sum: relative to the largest number."""
    assert (mine.double() - exact).abs().max() <= close * exact.abs().max()


# --- each kernel ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4, 784, 128), (132, 100, 37), (260, 7, 300)])
def test_a_product(shape: tuple[int, int, int], dtype: torch.dtype) -> None:
    rows, inner, columns = shape
    a, b, out = drawn(rows, inner, dtype=dtype), drawn(columns, inner, dtype=dtype, seed=1).t(), drawn(rows, columns)
    kernels.product(a, b, out)
    near(out, a.double() @ b.double(), CLOSE[dtype])
    turned = drawn(inner, columns)
    kernels.product(a.t(), out.to(dtype), turned)
    near(turned, a.t().double() @ out.to(dtype).double(), CLOSE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_of_a_product_has_the_same_bits_wherever_it_lies(dtype: torch.dtype) -> None:
    a, b = drawn(300, 90, dtype=dtype), drawn(90, 50, dtype=dtype, seed=1)
    whole, some = drawn(300, 50), drawn(40, 50)
    kernels.product(a, b, whole)
    kernels.product(a[124:164], b, some)
    assert torch.equal(some, whole[124:164])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("decays", [False, True])
def test_a_step_down(dtype: torch.dtype, decays: bool) -> None:
    weight, delta, inputs = drawn(140, 200), drawn(140, 50, dtype=dtype, seed=1), drawn(50, 200, dtype=dtype, seed=2)
    rate, shrink = drawn(140, 1, seed=3), drawn(140, 1, seed=4) if decays else None
    want = weight.double() * (1.0 if shrink is None else shrink.double())
    want -= rate.double() * (delta.double() @ inputs.double())
    low = torch.empty_like(weight, dtype=torch.bfloat16)
    alone = weight[20:60].clone()
    kernels.step_down(weight, low, delta, inputs, rate, shrink)
    near(weight, want)
    if ON_GPU:
        assert torch.equal(low, weight.bfloat16())
    torch.testing.assert_close(low.float(), weight, rtol=2**-7, atol=0.0)  # the interpreter cuts digits off
    kernels.step_down(alone, None, delta[20:60], inputs, rate[20:60], None if shrink is None else shrink[20:60])
    assert torch.equal(alone, weight[20:60])


def test_a_rate_can_be_one_for_all_rows() -> None:
    weight, delta, inputs = drawn(12, 20), drawn(12, 5, seed=1), drawn(20, 5, seed=2).t()
    want = 0.5 * weight.double() - 0.1 * (delta.double() @ inputs.double())
    kernels.step_down(weight, None, delta, inputs, *(torch.tensor([[it]], device=DEVICE) for it in (0.1, 0.5)))
    near(weight, want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_of_rows(dtype: torch.dtype) -> None:
    a = drawn(37, 301)
    found = kernels.row_sums(a, dtype)
    assert found.dtype == dtype
    near(found, a.double().sum(1))
    assert torch.equal(found[30:35], kernels.row_sums(a[30:35], dtype))


@pytest.mark.parametrize("examples", [9, 128, 300])
def test_one_kernel_of_output_layers_is_the_products_lane_by_lane(examples: int) -> None:
    widths, classes = (4, 100, 32), 10
    ends = list(itertools.accumulate(widths))
    rows = [slice(end - width, end) for width, end in zip(widths, ends, strict=True)]
    weight, h, dz = drawn(ends[-1], classes), drawn(ends[-1], examples, seed=1), drawn(3, classes, examples, seed=2)
    weight[rows[1]] = torch.nan  # a lane that diverged is no other lane's trouble
    found = []
    for way in (LaneByLane(rows, weight, classes), OneKernel(rows, weight, classes, kernels)):
        z, dh = torch.empty_like(dz), torch.empty_like(h)
        way.logits(weight, h, z)
        found.append((z, dh, way.backward(weight, h, dz, dh)))
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4, equal_nan=True)
    assert not found[1][0][[0, 2]].isnan().any()


# --- an engine of them ------------------------------------------------------------------------------------------------


@pytest.fixture
def _suited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matmul, "KERNEL_DEVICES", ["cuda", "cpu"])


RECIPES = {
    "plain": Recipe(family=Mlp(), optimizer=SGD()),
    "momentum": Recipe(family=Mlp(activation="tanh"), optimizer=SGD(momentum=0.9)),
    "deep": Recipe(family=Mlp(depth=3, activation="leaky_relu"), optimizer=SGD(), loss="squared_error"),
    "adam": Recipe(family=Mlp(), optimizer=Adam()),
    "deep-adamw": Recipe(family=Mlp(depth=2), optimizer=AdamW()),
    "linear": Recipe(family=Linear(), optimizer=SGD()),
    "low": Recipe(family=Mlp(depth=2), optimizer=SGD(), precision="bfloat16"),
    "low-adam": Recipe(family=Mlp(), optimizer=Adam(), precision="bfloat16"),
}
ANY = [
    pytest.param(name, marks=pytest.mark.skipif(not ON_GPU, reason="needs a GPU")) if "low" in name else name
    for name in RECIPES
]


def engine(recipe: Recipe, device: torch.device, hidden: Sequence[int | None]) -> Engine:
    """Lanes of so many hidden units, or none at a place."""
    draw = np.random.Generator(np.random.PCG64(0))
    count = 1_300 if ON_GPU else 130
    examples = Examples(
        draw.integers(0, 256, (count, 1, 6, 6)).astype(np.uint8), draw.integers(0, 10, count), tuple("0123456789")
    )
    parts = [
        BatchSource(examples, chosen, Normalisation((0.5,), (0.3,)), device)
        for chosen in np.split(np.arange(count), [count - 30])
    ]
    recipe = recipe.model_copy(update={"batch_size": 32})
    made = Engine(recipe, recipe.make_family((1, 6, 6), 10), *parts, device)
    for lane, width in enumerate(hidden):
        if width is not None:
            rate = 0.001 if "adam" in recipe.optimizer.name else 0.05
            parameters = {"learning_rate": rate * (1 + lane), "weight_decay": 0.01 * lane, "hidden": width}
            made.add(LaneSpec(lane=lane, parameters=parameters, seed=lane))
    return made


def told(scores: list[EpochMetrics], lane: int) -> dict[str, float]:
    (score,) = [score for score in scores if score.lane == lane]
    return score.model_dump(exclude={"seconds"})


@pytest.mark.usefixtures("_suited")
@pytest.mark.parametrize("name", ANY)
@pytest.mark.slow
def test_a_lane_has_the_same_bits_whatever_its_neighbours(name: str) -> None:
    widths = (10, 40, 7, 33)
    crowd, alone = engine(RECIPES[name], DEVICE, widths), engine(RECIPES[name], DEVICE, (None, 40, None, None))
    for tick in (1, 2):
        assert told(crowd.tick(tick), 1) == told(alone.tick(tick), 1)
    mine, theirs = crowd.weights(1), alone.weights(1)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[key], theirs[key]) for key in mine)


@pytest.mark.parametrize("name", ANY)
@pytest.mark.slow
def test_a_lane_learns_what_it_learns_on_a_cpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    widths = (10, 40, 7, 33)
    plain = engine(RECIPES[name], torch.device("cpu"), widths)
    theirs = plain.tick(1)
    monkeypatch.setattr(matmul, "KERNEL_DEVICES", ["cuda", "cpu"])
    suited = engine(RECIPES[name], DEVICE, widths)
    mine = suited.tick(1)
    for one, other in zip(mine, theirs, strict=True):
        assert one.train["loss"] == pytest.approx(other.train["loss"], rel=2e-2 if "low" in name else 1e-4)
    if "low" not in name:
        for lane in range(4):
            for key, kept in suited.weights(lane).items():
                torch.testing.assert_close(kept, plain.weights(lane)[key], rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("_suited")
@pytest.mark.parametrize("name", ["plain", "adam"])
def test_a_snapshot_in_the_middle_changes_nothing(name: str, tmp_path: Path) -> None:
    whole = engine(RECIPES[name], DEVICE, (10, 40))
    whole.tick(1)
    whole.save(tmp_path / "it.safetensors")
    after = engine(RECIPES[name], DEVICE, ())
    after.load(tmp_path / "it.safetensors")
    whole.tick(2)
    after.tick(2)
    for lane in (0, 1):
        assert all(torch.equal(kept, after.weights(lane)[key]) for key, kept in whole.weights(lane).items())


# --- where they cannot be used ----------------------------------------------------------------------------------------


@pytest.fixture
def _forgotten() -> Iterator[None]:
    """What was found of each device is looked for anew, before and after."""
    matmul._load_kernels.cache_clear()
    yield
    matmul._load_kernels.cache_clear()


@pytest.mark.usefixtures("_suited", "_forgotten")
@pytest.mark.parametrize("kernel", ["product", "step_down", "row_sums", "logits", "backward"])
@pytest.mark.parametrize("fault", ["wrong", "raises"])
def test_kernels_that_fail_their_trial_are_done_without(
    kernel: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kernels.matches_torch(DEVICE)

    def wrong(*given: Any, **named: Any) -> torch.Tensor:
        if fault == "raises":
            raise ValueError("no such instruction")
        return torch.full((160,), torch.nan, device=DEVICE)  # as sums; where there is room for results, none is written

    monkeypatch.setattr(kernels, kernel, wrong)
    monkeypatch.setattr(torch, "empty_like", lambda like: torch.full_like(like, torch.nan))
    made = engine(RECIPES["plain"], DEVICE, (10, 40))
    (note,) = made.notes
    assert note.startswith("the kernels for GPUs are not used")
    assert ("no such instruction" in note) == (fault == "raises")
    assert len(made.tick(1)) == 2


COMPILED = """
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from models.ops import triton as kernels

PIECE = {"rows": kernels._ROWS, "columns": kernels._COLUMNS}
LAST = {"padded": 16, "units": kernels._UNITS, "examples": kernels._EXAMPLES}
TENSORS = {
    "_product": ["a", "b", "out"], "_step_down": ["weight", "low", "delta", "inputs", "rate", "shrink"],
    "_row_sums": ["a", "out"], "_logits": ["weight", "h", "z", "firsts", "widths"],
    "_back": ["weight", "h", "dz", "dh", "gradient", "firsts", "counts", "owners"],
}
for capability in (80, 90):
    for factor, depth in (("*fp32", 32), ("*bf16", 64)):
        consts = {
            "_product": PIECE | {"depth": depth}, "_logits": LAST, "_back": LAST,
            "_step_down": PIECE | {"depth": depth, "shrinks": True, "lowers": True},
            "_row_sums": {"rows": 8, "columns": kernels._EXAMPLES},
        }
        kinds = {"a": factor, "b": factor, "delta": factor, "inputs": factor, "low": "*bf16"}
        kinds |= dict.fromkeys(("firsts", "widths", "counts", "owners"), "*i64")
        for name, tensors in TENSORS.items():
            kernel = getattr(kernels, name)
            signature = {
                it: "constexpr" if it in consts[name] else kinds.get(it, "*fp32") if it in tensors else "i32"
                for it in kernel.arg_names
            }
            places = {(kernel.arg_names.index(it),): value for it, value in consts[name].items()}
            made = compile(
                ASTSource(fn=kernel, signature=signature, constexprs=places),
                target=GPUTarget("cuda", capability, 32),
                options={"num_warps": 8, "enable_fp_fusion": True},
            )
            assert made.asm["cubin"]
            assert made.metadata.shared <= 160 * 1024, (name, made.metadata.shared)
            print(name, capability, factor)
"""


@pytest.mark.slow
@pytest.mark.skipif(ON_GPU, reason="they are compiled by running")
def test_they_compile_for_gpus_that_are_not_here(tmp_path: Path) -> None:
    told = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    told |= {"TRITON_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", COMPILED], env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 20
