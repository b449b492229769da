"""Ordinary modules learn in lanes what they learn alone, vectorised or not."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.config.base import Parameters
from models.config.families import PictureLayout, Precision
from models.config.messages import LaneSpec
from models.config.optimizers import SGD, Adam, AdamW, OptimizerConfig
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from models.errors import UserError
from models.families.base import initial_tensors
from models.families.custom import custom_model, factory
from models.families.custom.config import CustomModel
from models.families.custom.custom_model import custom_model_config
from models.families.custom.module_family import ModuleFamily
from models.families.custom.vectorize import ExecutionPlan, accepts_channels_last, seeded_generators
from models.files.model_description import Model
from models.files.model_file import load_module, write_model
from models.ops.losses import losses_of
from models.seeds import derive
from search import Float, Int, Study

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
SHAPE = (3, 8, 8)


@pytest.fixture(scope="module")
def parts() -> tuple[BatchSource, BatchSource]:
    """300 noisy colour pictures of 10 classes to train on (minibatches of 128, 128 and 44), 90 to score."""
    draw = np.random.Generator(np.random.PCG64(7))
    labels = draw.integers(0, 10, 390)
    patterns = draw.integers(0, 256, (10, *SHAPE))
    inputs = ((patterns[labels] + 2 * draw.integers(0, 256, (390, *SHAPE))) // 3).astype(np.uint8)
    examples = Examples(inputs, labels.astype(np.int64), tuple("0123456789"))
    normalised = Normalisation((0.45,) * 3, (0.25,) * 3)
    return BatchSource(examples, np.arange(300), normalised, CPU), BatchSource(
        examples, np.arange(300, 390), normalised, CPU
    )


# --- the models -------------------------------------------------------------------------------------------------------


class Plain(nn.Module):
    def __init__(self, hidden: int = 12, activation: str = "relu") -> None:
        super().__init__()
        self.first, self.last = nn.Linear(192, hidden), nn.Linear(hidden, 10)
        self.activation = {"relu": nn.ReLU(), "tanh": nn.Tanh()}[activation]

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(self.activation(self.first(x.flatten(1))))
        return logits


def dropping(dropout: float = 0.4) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(192, 30), nn.ReLU(), nn.Dropout(dropout), nn.Linear(30, 15), nn.Dropout(dropout),
        nn.Linear(15, 10),
    )  # fmt: skip


def normed(hidden: int = 9) -> nn.Module:
    return nn.Sequential(  # a bias before the norm would have no gradient but rounding, which Adam makes large
        nn.Flatten(), nn.Linear(192, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, 10)
    )


def layer_normed(hidden: int = 9) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(192, hidden), nn.LayerNorm(hidden), nn.GELU(), nn.Linear(hidden, 10))


def convolving(filters: int = 5, classes: int = 10) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout2d(0.2),
        nn.Conv2d(filters, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(32, classes),
    )  # fmt: skip


class Viewing(nn.Module):
    """Takes pictures apart by `view`, which a layout with channels last does not allow."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.last = nn.Conv2d(3, 4, 3), nn.Linear(144, 10)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(self.convolution(x).relu().view(len(x), -1))
        return logits


class Branching(nn.Module):
    """Takes another way where its own numbers say so."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.one, self.other = nn.Linear(192, 12), nn.Linear(12, 10), nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.first(x.flatten(1))
        logits: Tensor = self.one(hidden) if hidden.mean() > 0 else self.other(hidden)
        return logits


class Late(nn.Module):
    """Looks at its own numbers in the last minibatch of an epoch, which the first does not tell; counts in place."""

    counted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(192, 10)
        self.register_buffer("counted", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.counted.add_(1)
        logits: Tensor = self.last(x.flatten(1)) / (1 + 0.1 * self.counted)
        if len(x) == 44 and logits.mean() > 1000:
            raise AssertionError
        return logits


class Counting(nn.Module):
    """Puts a new tensor in its buffer's place, and scales by how often it did."""

    counted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(192, 10)
        self.register_buffer("counted", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.counted = self.counted + 1
        logits: Tensor = self.last(x.flatten(1)) / (1 + 0.1 * self.counted)
        return logits


class Mixed(nn.Module):
    """Tied, frozen and unused weights, and two terms of one sum."""

    def __init__(self) -> None:
        super().__init__()
        self.inward, self.outward = nn.Linear(192, 20, bias=False), nn.Linear(192, 20, bias=False)
        self.outward.weight = self.inward.weight
        self.frozen, self.unused = nn.Linear(20, 20).requires_grad_(False), nn.Linear(5, 5)
        self.left, self.right = nn.Parameter(torch.ones(10)), nn.Parameter(torch.ones(10))
        self.last = nn.Linear(20, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        hidden = self.frozen((self.inward(x) + self.outward(x).tanh()).relu())
        logits: Tensor = self.last(hidden) + (self.left + self.right)
        return logits


MODELS: dict[str, Callable[..., nn.Module]] = {
    "plain": Plain, "dropout": dropping, "batch-norm": normed, "layer-norm": layer_normed, "convolutions": convolving,
    "view": Viewing, "branch": Branching, "late": Late, "replaced-buffer": Counting, "mixed": Mixed,
}  # fmt: skip
TOGETHER = {"plain", "dropout", "layer-norm", "mixed"}
OPTIMIZERS: dict[str, OptimizerConfig] = {
    "sgd": SGD(), "momentum": SGD(momentum=0.9), "adam": Adam(), "adamw": AdamW(),
}  # fmt: skip


def config_of(made: Callable[..., nn.Module]) -> CustomModel:
    """What a study knows of a class whose arguments all have defaults, but for its source."""
    return CustomModel(attribute=made.__name__, sha256="", takes=tuple(inspect.signature(made).parameters))


def family(made: Callable[..., nn.Module], *, vectorize: bool = True) -> ModuleFamily:
    config = config_of(made)

    def build(parameters: Parameters) -> nn.Module:
        return factory.build(config, SHAPE, 10, parameters, made)

    return ModuleFamily(build, config.structural_parameters, vectorize, config.attribute)


def spec(lane: int, rate: float = 0.02, decay: float = 1e-2, **more: Any) -> LaneSpec:
    parameters = {"learning_rate": rate, "weight_decay": decay, **more}
    return LaneSpec(lane=lane, parameters=parameters, seed=derive(0, "initial", lane))


def recipe(optimizer: OptimizerConfig = SGD(momentum=0.9)) -> Recipe:  # noqa: B008 - frozen
    nobody = CustomModel(attribute="Net", sha256="")
    return Recipe(family=nobody, optimizer=optimizer, epochs=4)


def engine(of: Recipe, kind: ModuleFamily, parts: tuple[BatchSource, BatchSource]) -> Engine:
    return Engine(of, kind, *parts, CPU)


def train_alone(
    of: Recipe, made: Callable[..., nn.Module], one: LaneSpec, ticks: list[int], part: BatchSource
) -> nn.Module:
    """Train one model the ordinary way, with torch.optim; only its masks are drawn as those of lanes are."""
    torch.manual_seed(one.seed)
    model = made(
        **{
            name: it
            for name, it in one.parameters.items()
            if name not in ("learning_rate", "weight_decay", "batch_size")
        }
    )
    rate, decay = float(one.parameters["learning_rate"]), float(one.parameters["weight_decay"])
    optimizers = {
        "sgd": lambda: torch.optim.SGD(
            model.parameters(), rate, getattr(of.optimizer, "momentum", 0.0), weight_decay=decay
        ),
        "adam": lambda: torch.optim.Adam(model.parameters(), rate, weight_decay=decay),
        "adamw": lambda: torch.optim.AdamW(model.parameters(), rate, weight_decay=decay),
    }
    optimizer = optimizers[of.optimizer.name]()
    size = int(one.parameters.get("batch_size", of.batch_size))
    for tick in ticks:
        seed = derive(of.seed, "shuffle", one.stream, tick)
        shuffled = torch.randperm(len(part), generator=torch.Generator().manual_seed(seed))
        for step, (_, x, y) in enumerate(part.batches(size, shuffled), 1):
            with seeded_generators(derive(derive(seed, "masks"), "step", step), CPU):
                loss = losses_of(of.loss, model.train()(x).unsqueeze(0), y).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return model


def assert_close(mine: dict[str, Tensor], theirs: nn.Module) -> None:
    state = theirs.state_dict()
    assert mine.keys() == state.keys()
    for name, tensor in state.items():
        # float32 over at most 12 steps: rounding grows to about 1e-6, and to 1e-4 under Adam, which divides by small
        # gradients; one wrong decay or mask shows at 1e-3.
        torch.testing.assert_close(mine[name], tensor, rtol=5e-4, atol=5e-4)


# --- what a lane learns -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.slow
def test_a_lane_learns_what_it_would_learn_alone(
    name: str, optimizer: str, parts: tuple[BatchSource, BatchSource]
) -> None:
    if name == "branch" and optimizer.startswith("adam"):
        pytest.skip("torch counts Adam's steps per weight, where a branch leaves some out; lanes count their own")
    of, kind = recipe(OPTIMIZERS[optimizer]), family(MODELS[name])
    rate = 0.003 if optimizer.startswith("adam") else 0.02
    lanes, specs = engine(of, kind, parts), [spec(lane, rate * (lane + 1), lane * 1e-2) for lane in range(3)]
    for one in specs:
        lanes.add(one)
    for tick in (1, 2, 3):
        lanes.tick(tick)
    for one in specs:
        assert_close(lanes.weights(one.lane), train_alone(of, MODELS[name], one, [1, 2, 3], parts[0]))


@pytest.mark.parametrize("name", MODELS)
def test_what_can_be_vectorised_is(name: str, parts: tuple[BatchSource, BatchSource]) -> None:
    kind = family(MODELS[name])
    lanes = engine(recipe(), kind, parts)
    lanes.add(spec(0))
    lanes.add(spec(1))
    lanes.tick(1)
    (plan,) = kind.plans.values()
    assert plan.vectorized == (name in TOGETHER)
    assert plan.channels_last == (name == "convolutions")
    assert bool(kind.notes(CPU)) == (name in {"batch-norm", "branch", "late", "replaced-buffer"})


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("branch", "data-dependent control flow"),
        ("replaced-buffer", "other numbers"),
        ("late", "control flow"),
        ("batch-norm", "round otherwise"),
    ],
)
def test_what_trains_alone_says_why_in_one_line(name: str, told: str, parts: tuple[BatchSource, BatchSource]) -> None:
    kind = family(MODELS[name])
    lanes = engine(recipe(), kind, parts)
    for lane in range(3):
        lanes.add(spec(lane))
    lanes.tick(1)
    lanes.tick(2)
    (note,) = kind.notes(CPU)
    assert told in note
    assert "\n" not in note
    assert len(note) < 250


class Scored(nn.Module):
    """Looks at its own numbers where it is scored, on a minibatch that no training tells of."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(192, 10)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(x.flatten(1))
        return logits if self.training or len(x) != 90 or logits.mean() < 1000 else -logits


def test_what_cannot_be_vectorised_on_a_later_minibatch_is_told(parts: tuple[BatchSource, BatchSource]) -> None:
    lanes = engine(recipe(), family(Scored), parts)
    lanes.add(spec(0))
    with pytest.raises(UserError, match="Scored cannot train many trials at once on some minibatch") as refused:
        lanes.tick(1)
    assert "torch.where" in refused.value.remedy


def test_lanes_of_unlike_functions_are_kept_apart(parts: tuple[BatchSource, BatchSource]) -> None:
    kind = family(Plain)
    lanes = engine(recipe(), kind, parts)
    specs = [
        spec(0, activation="relu"), spec(1, activation="tanh"), spec(2, hidden=7), spec(3, activation="tanh"),
        spec(4, hidden=7, activation="relu"),
    ]  # fmt: skip
    for one in specs:
        lanes.add(one)
    for tick in (1, 2):
        lanes.tick(tick)
    for one in specs:
        assert_close(lanes.weights(one.lane), train_alone(recipe(), Plain, one, [1, 2], parts[0]))
    assert len(kind.plans) == 4


def test_a_batch_size_can_be_searched(parts: tuple[BatchSource, BatchSource]) -> None:
    lanes = engine(recipe(), family(dropping), parts)
    specs = [spec(0, batch_size=64), spec(1, batch_size=100), spec(2, batch_size=64), spec(3)]
    for one in specs:
        lanes.add(one)
    for tick in (1, 2):
        lanes.tick(tick)
    for one in specs:
        assert_close(lanes.weights(one.lane), train_alone(recipe(), dropping, one, [1, 2], parts[0]))


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("name", ["dropout", "batch-norm", "plain", "convolutions"])
def test_a_lane_has_the_same_bits_whatever_its_neighbours(
    name: str, vectorize: bool, parts: tuple[BatchSource, BatchSource]
) -> None:
    def curve(company: dict[int, list[LaneSpec]]) -> list[tuple[float, ...]]:
        lanes, scores = engine(recipe(), family(MODELS[name], vectorize=vectorize), parts), []
        lanes.add(spec(0))
        for tick in (1, 2, 3):
            for one in company.get(tick, []):
                lanes.add(one)
            scores += [score for score in lanes.tick(tick) if score.lane == 0]
        return [(score.train["loss"], score.validation["loss"], score.validation["accuracy"]) for score in scores]

    assert curve({}) == curve({1: [spec(1, 0.1), spec(2)], 2: [spec(3)], 3: [spec(lane) for lane in (4, 5, 6)]})


@pytest.mark.parametrize("name", MODELS)
def test_a_snapshot_in_the_middle_changes_nothing(
    name: str, parts: tuple[BatchSource, BatchSource], tmp_path: Path
) -> None:
    straight = engine(recipe(), family(MODELS[name]), parts)
    resumed = engine(recipe(), family(MODELS[name]), parts)
    for lane in range(3):
        straight.add(spec(lane))
    straight.tick(1)
    straight.save(tmp_path / "snapshot")
    torch.manual_seed(11)  # where a new process happens to stand
    resumed.load(tmp_path / "snapshot")
    for tick in (2, 3):
        scores = [it.model_copy(update={"seconds": 0.0}) for it in straight.tick(tick)]
        assert scores == [it.model_copy(update={"seconds": 0.0}) for it in resumed.tick(tick)]
    for lane in range(3):
        for tensor, again in zip(straight.weights(lane).values(), resumed.weights(lane).values(), strict=True):
            assert torch.equal(tensor, again)


@pytest.mark.parametrize("made", [Plain, convolving], ids=["plain", "convolutions"])
def test_in_bfloat16_a_lane_learns_about_the_same_and_has_its_own_bits(
    made: Callable[..., nn.Module], parts: tuple[BatchSource, BatchSource]
) -> None:
    def losses(precision: Precision, lanes: int) -> list[float]:
        fused = engine(recipe(), replace(family(made), precision=precision), parts)
        for lane in range(lanes):
            fused.add(spec(lane))
        scores = [next(score for score in fused.tick(tick) if score.lane == 0) for tick in (1, 2)]
        return [loss for score in scores for loss in (score.train["loss"], score.validation["loss"])]

    low, exact = losses("bfloat16", 1), losses("float32", 1)
    assert low == losses("bfloat16", 3)
    # Products are rounded by 0.4 %; the mean over a few hundred examples by less.
    assert low == pytest.approx(exact, rel=2e-2)
    assert low != exact


def test_pictures_of_one_channel_lie_as_a_study_says() -> None:
    seen: list[tuple[int, ...]] = []

    class Seeing(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.stride())
            return super().forward(x)  # type: ignore[no-any-return]

    def module(parameters: Parameters) -> nn.Module:
        return Seeing(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))

    def learnt(layout: PictureLayout) -> dict[str, Tensor]:
        draw = np.random.Generator(np.random.PCG64(1))
        inputs = draw.integers(0, 256, (60, 1, 8, 8)).astype(np.uint8)
        examples = Examples(inputs, draw.integers(0, 10, 60), tuple("0123456789"))
        grey = BatchSource(examples, np.arange(60), Normalisation((0.5,), (0.3,)), CPU)
        fused = Engine(recipe(), ModuleFamily(module, picture_layout=layout), grey, None, CPU)
        fused.add(spec(0))
        fused.tick(1)
        return fused.weights(0)

    plain = learnt("plain")
    assert seen.pop() == (64, 64, 8, 1)
    laid_out = learnt("channels_last")
    assert seen.pop() == (64, 1, 8, 1)
    for name, tensor in plain.items():
        torch.testing.assert_close(laid_out[name], tensor, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("inputs", "side", "stride", "avx512", "accepted"),
    [
        (4, 1, 2, False, False),
        (4, 1, 2, True, True),
        (8, 1, 2, False, True),
        (4, 1, 1, False, True),
        (4, 3, 2, False, True),
    ],
)
def test_a_convolution_whose_gradient_is_written_beside_its_memory_keeps_plain_pictures(
    inputs: int, side: int, stride: int, avx512: bool, accepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_f": avx512})
    module = nn.Sequential(nn.Conv2d(1, inputs, 3), nn.Conv2d(inputs, 4, side, stride))
    assert accepts_channels_last(module, torch.rand(3, 1, 8, 8)) == accepted


def test_16_bits_on_a_processor_without_their_products_are_noted(
    parts: tuple[BatchSource, BatchSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    def notes(precision: Precision, **capabilities: bool) -> list[str]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, **capabilities})
        return Engine(recipe().model_copy(update={"precision": precision}), family(Plain), *parts, CPU).notes

    assert notes("float32") == notes("bfloat16", avx512_bf16=True) == notes("bfloat16", bf16=True) == []
    (note,) = notes("bfloat16", avx512_bf16=False)
    assert "slower" in note


def test_torchs_own_generator_is_left_as_it_was(parts: tuple[BatchSource, BatchSource]) -> None:
    lanes = engine(recipe(), family(dropping), parts)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    lanes.add(spec(0))
    lanes.add(spec(1))
    lanes.tick(1)
    assert torch.equal(torch.get_rng_state(), before)


def test_masks_differ_from_step_to_step_and_are_shared_by_lanes() -> None:
    seen: list[Tensor] = []

    class Watched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution, self.last = nn.Conv2d(3, 1, 1), nn.Linear(64, 10)  # trains alone: the mask can be seen

        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                seen.append(nn.functional.dropout(torch.ones(5, 5)))
            logits: Tensor = self.last(self.convolution(x).flatten(1))
            return logits

    draw = np.random.Generator(np.random.PCG64(1))
    examples = Examples(
        draw.integers(0, 256, (20, *SHAPE)).astype(np.uint8), draw.integers(0, 10, 20), tuple("0123456789")
    )
    part = BatchSource(examples, np.arange(20), Normalisation((0.5,) * 3, (0.5,) * 3), CPU)
    kind = ModuleFamily(lambda parameters: Watched())
    kind.plans[()] = ExecutionPlan(False, False)
    lanes = Engine(recipe(), kind, part, None, CPU)
    for lane in range(2):
        lanes.add(spec(lane, batch_size=10))
    for tick in (1, 2):
        lanes.tick(tick)
    first, second = seen[0::2], seen[1::2]  # of the two lanes
    assert len(first) == 4
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
    assert not any(torch.equal(first[i], first[j]) for i in range(4) for j in range(i))


def test_scoring_draws_no_masks(parts: tuple[BatchSource, BatchSource]) -> None:
    lanes = engine(recipe(), family(dropping), parts)
    lanes.add(spec(0))
    (score,) = lanes.tick(1)
    model = dropping().eval()
    model.load_state_dict(lanes.weights(0))
    ((_, x, y),) = list(parts[1].batches(1000))
    with torch.no_grad():
        assert score.validation["loss"] == pytest.approx(nn.functional.cross_entropy(model(x), y).item(), rel=1e-5)


def test_layers_that_learn_their_shapes_later_are_told_them() -> None:
    def lazy(hidden: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.LazyLinear(hidden), nn.LazyBatchNorm1d(), nn.Linear(hidden, 10))

    weights, buffers = initial_tensors(family_of_local(lazy), {"hidden": 6}, 3)
    assert weights["1.weight"].shape == (6, 192)
    assert buffers["2.running_mean"].shape == (6,)


def family_of_local(made: Callable[..., nn.Module]) -> ModuleFamily:
    config = CustomModel(attribute="lazy", sha256="", needs=("hidden",))
    return ModuleFamily(
        lambda parameters: factory.build(config, SHAPE, 10, parameters, made), config.structural_parameters
    )


def test_what_is_searched_and_what_has_a_default_is_no_fact_of_the_data() -> None:
    def net(width: int, height: int, channels: int = 16) -> nn.Module:
        return nn.Linear(width * height, channels)

    config = CustomModel(attribute="net", sha256="", facts=("width", "height"), takes=("channels",))
    assert config.optional_parameters == {"width", "height", "channels"}
    assert factory.arguments_of(config, (3, 8, 9), 10, {}) == {"width": 9, "height": 8}
    assert factory.arguments_of(config, (3, 8, 9), 10, {"width": 5, "channels": 7}) == {
        "width": 5,
        "height": 8,
        "channels": 7,
    }
    assert custom_model._arguments(net, "net") == ((), ("channels",), ("width", "height"))


def test_a_tables_examples_have_no_height() -> None:
    def of_table(inputs: int, classes: int) -> nn.Module:
        return nn.Linear(inputs, classes)

    config = CustomModel(attribute="of_table", sha256="", facts=("inputs", "classes"))
    module = factory.build(config, (7, 1, 1), 3, {}, of_table)
    assert module(torch.zeros(4, 7, 1, 1)).shape == (4, 3)
    assert module(torch.zeros(4, 7)).shape == (4, 3)


@pytest.mark.slow
def test_work_is_counted_without_numbers() -> None:
    # 192 x 12 + 12 x 10 multiply-adds, biases and activations left out.
    assert custom_model_config(Plain).flops_per_example(SHAPE, 10, {"hidden": 12}) == 192 * 12 + 12 * 10
    assert custom_model_config(convolving).flops_per_example(SHAPE, 10, {}) == 64 * 5 * 27 + 4 * 8 * 45 + 320


@pytest.mark.slow
def test_work_is_the_number_of_weights_where_a_model_wants_numbers() -> None:
    assert custom_model_config(Branching).flops_per_example(SHAPE, 10, {}) == 193 * 12 + 2 * 130


@pytest.mark.slow
def test_a_space_of_few_models_is_vectorised_and_one_of_many_is_not() -> None:
    space = {"learning_rate": Float(0.01, 1.0, log=True), "weight_decay": 0.0}
    assert Study(family=Plain, data="digits", space=space).vectorize
    assert Study(family=Plain, data="digits", space={**space, "hidden": Int(8, 32, factor=2)}).vectorize
    assert not Study(family=Plain, data="digits", space={**space, "hidden": Int(8, 32)}).vectorize


# --- model files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [normed, Mixed, convolving])
def test_a_model_file_holds_tensors_and_no_code(
    made: Callable[..., nn.Module], parts: tuple[BatchSource, BatchSource], tmp_path: Path
) -> None:
    lanes = engine(recipe(), family(made), parts)
    lanes.add(spec(0))
    lanes.tick(1)
    config = config_of(made)
    about = Model(
        recipe=recipe().model_copy(update={"family": config}), parameters={}, data="digits", data_sha256="0" * 64,
        shape=SHAPE, classes=tuple("0123456789"), mean=(0.1,) * 3, std=(0.3,) * 3,
    )  # fmt: skip
    write_model(tmp_path / "it", about, lanes.weights(0))
    assert b"import" not in (tmp_path / "it").read_bytes()
    module = load_module(tmp_path / "it", build=made)
    x = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(0))
    alone = train_alone(recipe(), made, spec(0), [1], parts[0]).eval()
    torch.testing.assert_close(module(x), alone(x), rtol=1e-3, atol=1e-3)
    with pytest.raises(UserError, match="whose code is in no model file"):
        load_module(tmp_path / "it")
