"""Steps that are recorded and replayed: to the last bit what an engine without graphs does, on a double of a GPU."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.config.augmentation import Flip, Shift
from models.config.families import Cnn, Mlp
from models.config.messages import LaneSpec
from models.config.optimizers import SGD, AdamW
from models.config.recipe import Recipe
from models.config.schedules import Cosine
from models.engine import lane_group, replayed_group, replayed_ticks
from models.engine.engine import Engine
from models.engine.step_graph import SWITCH, slots_on
from models.families.base import Family
from models.families.custom.module_family import ModuleFamily
from models.families.resnet import Resnet
from models.ops import dropout
from models.ops.optimizers import adam
from tests.support.recorded_graph import RecordedGraph, RecordedSlots
from tests.support.small_engines import CLASSES, CPU, parts, spec

pytestmark = pytest.mark.usefixtures("one_thread")

TICKS = (1, 2, 3)  # of 100 examples: five minibatches of 18 and one of 10
SPECS = (spec(0), spec(1, 5))
PLAIN = spec(1, 5, augment=False)  # its pictures are never moved


@pytest.fixture(autouse=True)
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adam, "FUSED_FROM", 10**9)  # the kernel for a CPU takes its numbers from Python
    for module in (lane_group, replayed_group, replayed_ticks):
        monkeypatch.setattr(module, "SCORED_AT_ONCE", 16)  # 40 examples to score: twice 16 and 8


def recipe(**more: Any) -> Recipe:
    return Recipe(**{"family": Mlp(), "batch_size": 18, "epochs": 3, **more})


Trained = list[dict[str, Any]]


def train(
    how: Recipe,
    slots: RecordedSlots | None,
    family: Family | None = None,
    side: int = 8,
    specs: tuple[LaneSpec, ...] = SPECS,
) -> tuple[Trained, dict[int, dict[str, Tensor]], Engine]:
    """Train lanes for three ticks; return their metrics and weights."""
    family = family or how.make_family((1, side, side), CLASSES, vectorize=False)
    engine, metrics = Engine(how, family, *parts(side), CPU, slots=slots), []
    for each in specs:
        engine.add(each)
    for tick in TICKS:
        scores = sorted(engine.tick(tick), key=lambda score: score.lane)
        metrics += [score.model_dump(exclude={"seconds"}) for score in scores]
    return metrics, {each.lane: engine.weights(each.lane) for each in specs}, engine


def assert_same(
    how: Recipe,
    slots: RecordedSlots,
    family: Callable[[], Family | None] = lambda: None,
    side: int = 8,
    specs: tuple[LaneSpec, ...] = SPECS,
) -> Engine:
    mine, weights, engine = train(how, slots, family(), side, specs)
    theirs, expected, _ = train(how, None, family(), side, specs)
    assert mine == theirs
    for lane, tensors in expected.items():
        assert all(torch.equal(weights[lane][name], tensors[name]) for name in tensors)
    return engine


# --- what can be recorded ---------------------------------------------------------------------------------------------

CASES: dict[str, tuple[Recipe, int]] = {
    "mlp": (recipe(metrics=("roc_auc",)), 8),
    "momentum": (recipe(family=Mlp(depth=2), optimizer=SGD(momentum=0.9), schedule=Cosine(per="step"), warmup=0.2), 8),
    "adamw": (recipe(optimizer=AdamW(), schedule=Cosine(), precision="bfloat16"), 8),
    "words": (recipe(ema_decay=0.9, clip_norm=0.5, label_smoothing=0.1, class_weights="balanced"), 8),
    "augmented": (recipe(augment=(Shift(pixels=1), Flip())), 8),
    "some-augmented": (recipe(augment=Flip()), 8),
    "cnn": (recipe(family=Cnn(padding="same"), optimizer=AdamW()), 9),
    "resnet": (recipe(family=Resnet(), optimizer=AdamW(), schedule=Cosine(), ema_decay=0.5), 4),
    "resnet-bfloat16": (recipe(family=Resnet(), optimizer=SGD(momentum=0.9), precision="bfloat16"), 4),
}


@pytest.mark.parametrize("name", CASES)
def test_replayed_steps_are_those_of_an_engine_without_graphs(name: str) -> None:
    how, side = CASES[name]
    slots = RecordedSlots()
    engine = assert_same(how, slots, side=side, specs=(SPECS[0], PLAIN) if name.startswith("some") else SPECS)
    # A processor without 16-bit products is told of, whatever else is right.
    assert not [note for note in engine.notes if "products of 16 bits" not in note]
    # Perceptrons are fused by hand, if they see the same minibatches.
    lanes = len(SPECS) if name.startswith(("cnn", "resnet", "some")) else 1
    assert len(slots.graphs) == 2 * lanes  # to train and to score
    # Over three ticks: all full minibatches but the first are replayed.
    assert [graph.replays for graph in slots.graphs] == [3 * 5 - 1, 3 * 2 - 1] * lanes
    assert {graph.captures for graph in slots.graphs} == {1}


class Learning(nn.Module):
    """Has what modules have: masks, statistics, a buffer that is put anew in its place, a weight without a part."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(64, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, CLASSES)
        self.dropout, self.unused = nn.Dropout(0.3), nn.Linear(3, 3)
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(hidden))

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.dropout(self.norm(self.first(x.flatten(1))).relu())
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * hidden.mean(0).detach()
        logits: Tensor = self.last(hidden - self.mean)
        return logits


class Looking(Learning):
    """Takes another way where its numbers say so."""

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.first(x.flatten(1))
        return self.last(2 * hidden if hidden.mean() > 0 else hidden)  # type: ignore[no-any-return]


class Counting(Learning):
    """Counts its steps."""

    steps = 0

    def forward(self, x: Tensor) -> Tensor:
        self.steps += 1
        return super().forward(x) / self.steps


class Throwing(Learning):
    """Leaves out a layer at random, as Python has it."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (1.0 + round(random.random()))


def family_of(kind: type[nn.Module]) -> ModuleFamily:
    return ModuleFamily(lambda parameters: kind(int(parameters["hidden"])), frozenset({"hidden"}), vectorize=False)


@pytest.mark.parametrize("optimizer", [SGD(momentum=0.9), AdamW()], ids=["momentum", "adamw"])
def test_a_module_of_ones_own_is_recorded(optimizer: Any) -> None:
    slots = RecordedSlots()
    engine = assert_same(recipe(optimizer=optimizer), slots, lambda: family_of(Learning))
    assert not engine.notes
    assert {graph.captures for graph in slots.graphs} == {1}


@pytest.mark.parametrize(
    ("how", "kind", "reason"),
    [
        (recipe(ema_decay=0.9, clip_norm=0.5), Looking, "not permitted when stream is capturing: _local_scalar_dense"),
        (recipe(), Counting, "depends on numbers that Python keeps"),
        (recipe(mixup=0.3), None, "draws or counts in Python at each step"),
        (recipe(accumulate=2), None, "draws or counts in Python at each step"),
    ],
    ids=["looks", "counts", "mixup", "accumulate"],
)
def test_what_cannot_be_recorded_is_trained_as_it_is_and_told_once(
    how: Recipe, kind: type[nn.Module] | None, reason: str
) -> None:
    engine = assert_same(how, RecordedSlots(), lambda: kind and family_of(kind))
    (note,) = engine.notes
    assert note.startswith("steps are started one by one")
    assert note.endswith(reason)


@pytest.mark.parametrize("family", [Mlp(depth=2, dropout=0.4), Cnn(padding="same", dropout=0.4)], ids=["mlp", "cnn"])
def test_masks_that_are_drawn_on_the_device_are_recorded(family: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropout, "HASHED_ON", ["cpu"])
    engine = assert_same(recipe(family=family, optimizer=SGD(momentum=0.9)), RecordedSlots(), side=9)
    assert not engine.notes


def test_what_draws_in_python_is_not_recorded() -> None:
    slots = RecordedSlots()
    _, _, engine = train(recipe(), slots, family_of(Throwing))
    assert len(engine.notes) == 1
    assert not any(graph.captures for graph in slots.graphs)


def test_only_what_changes_is_recorded_anew() -> None:
    slots, how = RecordedSlots(), recipe(family=Resnet(), optimizer=SGD(momentum=0.9))
    engine = Engine(how, how.make_family((1, 4, 4), CLASSES), parts(4)[0], None, CPU, slots=slots)
    for each in SPECS:
        engine.add(each)
    engine.tick(1)
    engine.drop(1)
    engine.add(spec(2, 6))
    engine.tick(2)
    assert [graph.captures for graph in slots.graphs] == [1, 1, 1]
    assert [graph.replays for graph in slots.graphs] == [9, 4, 4]  # the first lane went on with its own


def test_a_lane_goes_on_from_a_snapshot_to_the_same_bits(tmp_path: Path) -> None:
    how = recipe(family=Resnet(), optimizer=AdamW())
    family = how.make_family((1, 4, 4), CLASSES)
    straight, resumed = (Engine(how, family, *parts(4), CPU, slots=RecordedSlots()) for _ in range(2))
    for each in SPECS:
        straight.add(each)
    straight.tick(1)
    straight.pause(1)
    straight.save(tmp_path / "snapshot.safetensors")
    resumed.load(tmp_path / "snapshot.safetensors")
    for engine in (straight, resumed):
        engine.add(SPECS[1].model_copy(update={"resumed": True}))
    both = [
        sorted(score.model_dump_json(exclude={"seconds"}) for score in each.tick(2)) for each in (straight, resumed)
    ]
    assert both[0] == both[1]


# --- the doors --------------------------------------------------------------------------------------------------------


def test_steps_are_replayed_on_a_gpu_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert slots_on(torch.device("cpu")) is None
    monkeypatch.setenv(SWITCH, "0")
    assert slots_on(torch.device("cuda")) is None


def test_the_double_is_as_strict_as_a_gpu() -> None:
    graph, x, out = RecordedGraph(), torch.ones(3), torch.zeros(3)
    graph.capture(lambda: out.add_(x))
    assert out.tolist() == [0, 0, 0]  # nothing is done while it records
    x.fill_(2)
    graph.replay()
    assert out.tolist() == [2, 2, 2]  # it reads the memory, not what was there
    with pytest.raises(RuntimeError, match="not permitted"):
        graph.capture(lambda: out.fill_(x.sum().item()))
    kept = []
    graph.capture(lambda: kept.append(x * 2) or out.copy_(kept[0]))  # type: ignore[func-returns-value]
    kept[0] = torch.zeros(3)
    graph.replay()
    assert out.tolist() == [4, 4, 4]
