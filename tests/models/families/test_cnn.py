"""The convolutional family: by hand and in lanes it is the ordinary network, learnt alone by torch's own means."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.config.base import Parameters
from models.config.families import Cnn, Precision
from models.config.losses import Loss
from models.config.messages import EpochMetrics, LaneSpec
from models.config.optimizers import SGD, Adam, AdamW
from models.config.recipe import Recipe
from models.config.schedules import Cosine
from models.datasets.batches import BatchSource
from models.datasets.source import Examples, Source, training_examples
from models.datasets.split import Normalisation, normalisation, split
from models.engine.engine import Engine
from models.errors import UserError
from models.families.base import Lane, initial_tensors
from models.families.cnn import CnnFamily
from models.files.model_description import Model
from models.files.model_file import load_module, write_model
from models.ops.losses import losses_of
from models.ops.optimizers.base import Block
from models.ops.pooling import pool, unpool
from models.seeds import derive
from tests.support.lanes import assert_close, metrics_of, train_alone

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
SHAPE = (1, 20, 20)  # the smallest: 8 x 8 after the first pooling, 1 x 1 after the second
# A square; one that leaves no row or column over; one of two channels that both poolings leave some of.
SHAPES = [(1, 28, 28), SHAPE, (2, 23, 26)]


@pytest.fixture(scope="module")
def parts() -> tuple[BatchSource, BatchSource]:
    """300 noisy pictures of 10 classes to train on (two full minibatches of 128 and a short one), 90 to score."""
    draw = np.random.Generator(np.random.PCG64(7))
    labels = draw.integers(0, 10, 390)
    patterns = draw.integers(0, 256, (10, *SHAPE))
    noise = draw.integers(0, 256, (390, *SHAPE))
    inputs = ((patterns[labels] + 2 * noise) // 3).astype(np.uint8)
    inputs[:, :, :9] = 0  # as in real pictures, much is flat: there all members of a pooling window are equal
    examples = Examples(inputs, labels.astype(np.int64), tuple("0123456789"))
    normalised = Normalisation((0.45,), (0.25,))
    return BatchSource(examples, np.arange(300), normalised, CPU), BatchSource(
        examples, np.arange(300, 390), normalised, CPU
    )


def spec(lane: int, hidden: int, rate: float = 0.003, decay: float = 1e-3) -> LaneSpec:
    parameters: Parameters = {"learning_rate": rate, "weight_decay": decay, "hidden": hidden}
    return LaneSpec(lane=lane, parameters=parameters, seed=derive(0, "initial", lane))


def recipe(precision: Precision = "float32", optimizer: SGD | Adam | AdamW = AdamW(), epochs: int = 4) -> Recipe:  # noqa: B008 - frozen
    return Recipe(family=Cnn(), precision=precision, optimizer=optimizer, epochs=epochs)


def engine(recipe: Recipe, parts: tuple[BatchSource, BatchSource]) -> Engine:
    return Engine(recipe, recipe.make_family(SHAPE, 10), *parts, CPU)


class Gradients:
    """An optimizer that keeps the gradients and does not move."""

    def __init__(self) -> None:
        self.kept: list[Tensor] = []

    def start_step(self) -> None:
        pass

    def apply(self, block: Block, gradient: Tensor) -> None:
        self.kept.append(gradient.clone())

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        raise AssertionError("every lane has one gradient, ready made")


def gradients(
    shape: tuple[int, int, int], hidden: int, precision: Precision, dtype: torch.dtype, loss: Loss, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Losses (B,) and the gradient (all weights,), by hand and by autograd."""
    family = CnnFamily(Cnn(), shape, 10, precision)
    weights = {name: tensor.to(dtype) for name, tensor in initial_tensors(family, {"hidden": hidden}, 3)[0].items()}
    module = family.build({"hidden": hidden}).to(dtype)
    module.load_state_dict(weights)
    theirs = losses_of(loss, module(x).unsqueeze(0), y).squeeze(0)
    theirs.mean().backward()
    kept = [tensor.grad for _, tensor in sorted(module.named_parameters())]
    optimizer = Gradients()
    mine, _ = family.fuse([Lane(spec(0, hidden), weights)], loss).step(x, y, optimizer)
    flat = torch.cat([gradient.flatten() for gradient in kept if gradient is not None])
    return mine[0], theirs.detach(), optimizer.kept[0].squeeze(1), flat


def pictures(shape: tuple[int, int, int], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(33, *shape, generator=generator, dtype=dtype)
    x[:, :, :12] = 0.5  # flat: all members of a window are equal, and only one of them may have the gradient
    return x, torch.randint(0, 10, (33,), generator=generator)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_pooling_sends_the_gradient_where_torch_does(dtype: torch.dtype) -> None:
    # Numbers of which many are equal: of equal members of a window the first one wins.
    pictures = torch.randint(0, 3, (5, 6, 8), generator=torch.Generator().manual_seed(1)).to(dtype).requires_grad_()
    theirs = nn.functional.max_pool2d(pictures, 2)  # (5, 3, 4)
    down = torch.arange(1.0, 61.0).view(5, 3, 4).to(dtype)
    theirs.backward(down)
    windows = pictures.detach().view(5, 3, 2, 4, 2).permute(2, 4, 0, 1, 3).contiguous()  # (2, 2, 5, 3, 4)
    winners, mine = windows.new_empty(2, 5, 3, 4), windows.new_empty(5, 3, 4)
    assert torch.equal(pool(windows, winners, mine), theirs)
    unpool(down, windows, winners)
    assert pictures.grad is not None
    assert torch.equal(windows.permute(2, 3, 0, 4, 1).reshape(5, 6, 8), pictures.grad)


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("hidden", [1, 3, 16])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gradient_by_hand_is_that_of_autograd(shape: tuple[int, int, int], hidden: int, loss: Loss) -> None:
    x, y = pictures(shape, torch.float64)
    losses, expected, mine, theirs = gradients(shape, hidden, "float32", torch.float64, loss, x, y)
    # float64 and gradients of about 0.1: rounding leaves 1e-16; two winners of one window would show above 1e-6.
    torch.testing.assert_close(losses, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gradient_in_bfloat16_points_where_it_should(shape: tuple[int, int, int]) -> None:
    x, y = pictures(shape, torch.float32)
    losses, expected, mine, theirs = gradients(shape, 16, "bfloat16", torch.float32, "cross_entropy", x, y)
    # A number of 8 bits is off by 0.2 % on average. Some winners of windows change, each moving a share of one pixel.
    torch.testing.assert_close(losses, expected, rtol=0.02, atol=0.02)
    assert torch.linalg.vector_norm(mine - theirs) < 0.1 * torch.linalg.vector_norm(theirs)


NEIGHBOURS = [spec(1, 3, 0.01, 0.0), spec(2, 8, 0.001, 1e-2), spec(3, 1, 0.002), spec(4, 20, 0.003, 0.0)]


# A gradient that torch sums to exactly 0, of a tap that only zeros meet, is about 1e-9 here. Adam divides a gradient by
# its size, so beside an epsilon of 1e-8 that is a step.
@pytest.mark.parametrize(
    "optimizer", [SGD(momentum=0.9), Adam(epsilon=1e-4), AdamW(epsilon=1e-4)], ids=lambda config: config.name
)
def test_a_lane_learns_what_it_would_learn_alone(
    optimizer: SGD | Adam | AdamW, parts: tuple[BatchSource, BatchSource]
) -> None:
    of = recipe(optimizer=optimizer)
    fused, mine = engine(of, parts), spec(0, 5)
    for one in [mine, *NEIGHBOURS]:
        fused.add(one)
    scores = [fused.tick(tick) for tick in (1, 2, 3, 4)]
    model, loss = train_alone(of, of.make_family(SHAPE, 10), mine, [1, 2, 3, 4], parts[0])
    assert_close(fused.weights(0), model)
    assert scores[-1][0].train["loss"] == pytest.approx(loss, rel=1e-4)


def run(
    of: Recipe, parts: tuple[BatchSource, BatchSource], company: dict[int, list[LaneSpec]], mine: LaneSpec
) -> list[EpochMetrics]:
    """Train `mine` over ticks 1 to 4 among those who join at each tick and leave after two; return its scores."""
    fused, scores = engine(of, parts), []
    fused.add(mine)
    for tick in (1, 2, 3, 4):
        for one in company.get(tick, []):
            fused.add(one)
        scores += [score for score in fused.tick(tick) if score.lane == mine.lane]
        for one in company.get(tick - 1, []):
            fused.drop(one.lane)
    return scores


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("hidden", [1, 3, 8, 20])
def test_a_lane_has_the_same_bits_whatever_its_neighbours(
    hidden: int, precision: Precision, parts: tuple[BatchSource, BatchSource]
) -> None:
    mine, company = spec(0, hidden), {1: NEIGHBOURS[:2], 2: NEIGHBOURS[2:3], 3: NEIGHBOURS[3:]}
    assert metrics_of(run(recipe(precision), parts, {}, mine)) == metrics_of(
        run(recipe(precision), parts, company, mine)
    )


def test_a_diverging_neighbour_harms_nobody(parts: tuple[BatchSource, BatchSource]) -> None:
    mine, wild = spec(0, 3), spec(9, 3, rate=1e30)
    of = recipe(optimizer=SGD())
    assert metrics_of(run(of, parts, {1: [wild]}, mine)) == metrics_of(run(of, parts, {}, mine))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_snapshot_continues_to_the_same_bits(
    precision: Precision, parts: tuple[BatchSource, BatchSource], tmp_path: Path
) -> None:
    straight, resumed = engine(recipe(precision), parts), engine(recipe(precision), parts)
    for one in NEIGHBOURS:
        straight.add(one)
    straight.tick(1)
    straight.save(tmp_path / "snapshot.safetensors")
    resumed.load(tmp_path / "snapshot.safetensors")
    assert metrics_of(straight.tick(2)) == metrics_of(resumed.tick(2))
    for one in NEIGHBOURS:
        for name, tensor in straight.weights(one.lane).items():
            assert torch.equal(tensor, resumed.weights(one.lane)[name])


def test_a_model_file_loads_as_the_module_that_was_scored(
    parts: tuple[BatchSource, BatchSource], tmp_path: Path
) -> None:
    of, one = recipe(), spec(0, 5)
    fused = engine(of, parts)
    fused.add(one)
    (score,) = fused.tick(1)
    about = Model(
        recipe=of,
        parameters=one.parameters,
        data="digits",
        data_sha256="f00",
        shape=SHAPE,
        classes=tuple("0123456789"),
        mean=(0.45,),
        std=(0.25,),
    )
    write_model(tmp_path / "model.safetensors", about, fused.weights(0))
    ((_, x, y),) = list(parts[1].batches(1000))
    with torch.no_grad():
        logits = load_module(tmp_path / "model.safetensors")(x)
    assert score.validation["loss"] == pytest.approx(nn.functional.cross_entropy(logits, y).item(), rel=1e-5)
    assert score.validation["accuracy"] == (logits.argmax(1) == y).double().mean().item()


def digits_accuracies(precision: Precision, digits: Source) -> list[float]:
    """Validation accuracies of five seeds after eight epochs."""
    examples = training_examples(digits)
    trained, scored = split(examples.labels, 1 / 6, 0)
    normalised = normalisation(examples.inputs, trained)
    of = recipe(precision, epochs=8).model_copy(update={"schedule": Cosine(), "batch_size": 64})
    parts = [BatchSource(examples, chosen, normalised, CPU) for chosen in (trained, scored)]
    fused = Engine(of, of.make_family(examples.inputs.shape[1:], 10), parts[0], parts[1], CPU)
    for seed in range(3):
        fused.add(spec(seed, 8, rate=0.005))
    for tick in range(1, 9):
        scores = fused.tick(tick)
    return [score.validation["accuracy"] for score in scores]


@pytest.mark.slow
def test_bfloat16_reaches_the_accuracy_of_float32(digits: Source) -> None:
    full, half = (digits_accuracies(precision, digits) for precision in ("float32", "bfloat16"))
    assert min(full) > 0.95
    # Three seeds on 240 pictures: one picture is 0.4 %, and the mean of three seeds moves by about 0.4 %.
    assert abs(sum(half) - sum(full)) / 3 < 0.012


def test_pictures_too_small_are_refused() -> None:
    with pytest.raises(UserError, match="19 x 28 are too small") as caught:
        CnnFamily(Cnn(), (1, 19, 28), 10)
    assert "20 x 20" in caught.value.remedy


def test_work_counts_the_multiply_adds_that_pooling_keeps() -> None:
    family, counted = CnnFamily(Cnn(), (1, 28, 28), 10), 0.0

    def count(module: nn.Module, _: object, out: Tensor) -> None:
        nonlocal counted
        weight = module.get_parameter("weight")
        counted += math.prod(weight.shape) * math.prod(out.shape[2:])

    model = family.build({"hidden": 12})
    for layer in model:  # type: ignore[attr-defined]
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    model(torch.zeros(1, 1, 28, 28))
    assert Cnn().flops_per_example((1, 28, 28), 10, {"hidden": 12}) == counted
