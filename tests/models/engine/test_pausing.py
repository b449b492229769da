"""A lane that is paused goes on as if its engine had never trained without it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.config.base import Parameters
from models.config.families import Cnn, Mlp
from models.config.messages import LaneSpec
from models.config.optimizers import SGD, Adam, AdamW
from models.config.recipe import Recipe
from models.config.schedules import Cosine
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from models.families.base import Family
from models.families.custom.module_family import ModuleFamily
from tests.support.lanes import metrics_of

pytestmark = pytest.mark.usefixtures("one_thread")  # an engine's default; the bits of a product depend on it

CPU = torch.device("cpu")
SHAPE = (1, 20, 20)  # the smallest that the convolutional family takes


@pytest.fixture(scope="module")
def parts() -> tuple[BatchSource, BatchSource]:
    """150 pictures of 10 classes to train on, 40 to score; their left half never changes."""
    draw = np.random.Generator(np.random.PCG64(7))
    inputs = draw.integers(0, 256, (190, *SHAPE)).astype(np.uint8)
    inputs[..., :10] = 90
    examples = Examples(inputs, draw.integers(0, 10, 190), tuple("0123456789"))
    normalised = Normalisation((0.45,), (0.25,))
    return (
        BatchSource(examples, np.arange(150), normalised, CPU),
        BatchSource(examples, np.arange(150, 190), normalised, CPU),
    )


def spec(lane: int, hidden: int, *, resumed: bool = False) -> LaneSpec:
    parameters: Parameters = {"learning_rate": 0.02, "weight_decay": 1e-3, "hidden": hidden}
    return LaneSpec(lane=lane, parameters=parameters, seed=lane, resumed=resumed)


def engine(recipe: Recipe, parts: tuple[BatchSource, BatchSource], family: Family | None = None) -> Engine:
    return Engine(recipe, family or recipe.make_family(SHAPE, 10), *parts, CPU)


def normed(parameters: Parameters) -> nn.Module:
    """A model with statistics that a pause must keep."""
    hidden = int(parameters["hidden"])
    return nn.Sequential(nn.Flatten(), nn.Linear(400, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, 10))


@pytest.mark.parametrize(
    ("recipe", "family"),
    [
        pytest.param(Recipe(family=Mlp()), None, id="perceptron of narrow layers"),
        pytest.param(
            Recipe(family=Mlp(), optimizer=AdamW(), schedule=Cosine(per="step"), epochs=3), None, id="perceptron"
        ),
        pytest.param(Recipe(family=Mlp(), optimizer=SGD(momentum=0.9), precision="bfloat16"), None, id="bfloat16"),
        pytest.param(Recipe(family=Cnn(), optimizer=SGD(momentum=0.9)), None, id="convolutions"),
        pytest.param(Recipe(family=Mlp(), optimizer=Adam()), ModuleFamily(normed, frozenset({"hidden"})), id="module"),
    ],
)
def test_a_paused_lane_goes_on_to_the_same_bits(
    recipe: Recipe, family: Family | None, parts: tuple[BatchSource, BatchSource], tmp_path: Path
) -> None:
    straight, pausing, restored = (engine(recipe, parts, family) for _ in range(3))
    straight.add(spec(0, 5))
    expected = [score for tick in (1, 2, 5) for score in straight.tick(tick)]
    for lane, hidden in ((0, 5), (1, 20)):
        pausing.add(spec(lane, hidden))
    scores = pausing.tick(1)
    pausing.pause(0)
    pausing.add(spec(0, 5, resumed=True))  # before any tick: as if it had never been away
    scores += pausing.tick(2)
    pausing.pause(0)
    assert pausing.lanes == [1]
    pausing.tick(3)
    pausing.save(tmp_path / "snapshot.safetensors")
    restored.load(tmp_path / "snapshot.safetensors")
    assert restored.lanes == [1]
    restored.add(spec(0, 5, resumed=True))
    scores += restored.tick(5)
    assert metrics_of([score for score in scores if score.lane == 0]) == metrics_of(expected)
    for name, tensor in straight.weights(0).items():
        assert torch.equal(tensor, restored.weights(0)[name])


def test_a_paused_lane_takes_the_memory_that_is_told(parts: tuple[BatchSource, BatchSource]) -> None:
    fused = engine(Recipe(family=Mlp(), optimizer=SGD(momentum=0.9)), parts)
    for lane in (0, 1):
        fused.add(spec(lane, 20))
    fused.tick(1)
    fused.pause(0)
    kept = fused._paused[0]
    tensors = [*kept.weights.values(), *kept.state["momentum"].values()]
    told = fused.lane_bytes(spec(0, 20).parameters)
    assert sum(tensor.untyped_storage().nbytes() for tensor in tensors) == told  # not a view into those of all lanes
    assert told == 2 * 4 * (400 * 20 + 20 + 20 * 10 + 10)


def test_a_lane_that_is_dropped_while_it_is_paused_is_gone(
    parts: tuple[BatchSource, BatchSource], tmp_path: Path
) -> None:
    fused, restored = engine(Recipe(family=Mlp()), parts), engine(Recipe(family=Mlp()), parts)
    for lane in (0, 1):
        fused.add(spec(lane, 20))
        fused.pause(lane)
    fused.drop(0)
    fused.save(tmp_path / "snapshot.safetensors")
    restored.load(tmp_path / "snapshot.safetensors")
    for lanes in (fused, restored):
        lanes.add(spec(1, 20, resumed=True))
        with pytest.raises(KeyError):
            lanes.add(spec(0, 20, resumed=True))
