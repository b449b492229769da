"""On a GPU: every family is recorded, a lane learns what it learns alone, and the same after a kill.

Their sums are made in one order wherever a lane stands and whenever it trains (each lane has graphs of its own, the
perceptrons' kernels add in pieces of a fixed size, cuDNN is asked for deterministic ways): so bits are compared.
"""

from pathlib import Path
from typing import Any

import pytest
import torch

from models.config.families import Cnn, Linear, Mlp
from models.config.optimizers import SGD, AdamW
from models.config.recipe import Recipe
from models.config.schedules import Cosine
from models.datasets.batches import BatchSource
from models.engine.engine import Engine
from models.engine.step_graph import SWITCH
from models.families.resnet import Resnet
from tests.support.small_engines import CLASSES, pictures, spec, split_pictures

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

SIDE = 12
FAMILIES: dict[str, Recipe] = {
    "linear": Recipe(family=Linear(), batch_size=48),
    "mlp": Recipe(family=Mlp(depth=2), batch_size=48, optimizer=SGD(momentum=0.9), schedule=Cosine(per="step")),
    "mlp-bfloat16": Recipe(family=Mlp(), batch_size=48, precision="bfloat16"),
    "cnn": Recipe(family=Cnn(padding="same"), batch_size=48, optimizer=AdamW()),
    "cnn-dropout": Recipe(family=Cnn(padding="same", dropout=0.3), batch_size=48),
    "cnn-tf32": Recipe(family=Cnn(padding="same"), batch_size=48, precision="tf32"),
    "resnet": Recipe(family=Resnet(), batch_size=48, optimizer=AdamW(), ema_decay=0.9, clip_norm=1.0),
    "resnet-bfloat16": Recipe(family=Resnet(), batch_size=48, optimizer=SGD(momentum=0.9), precision="bfloat16"),
}
SPECS = [spec(lane, hidden, learning_rate=0.01) for lane, hidden in enumerate((8, 12, 8, 16, 20))]


def parts(device: torch.device) -> tuple[BatchSource, BatchSource]:
    """1,000 pictures to train on (20 minibatches of 48 and one of 40), 2,400 to score (twice 1,000 and 400)."""
    return split_pictures(pictures(SIDE, 3_400), 1_000, device)


def engine(recipe: Recipe, device: str = "cuda") -> Engine:
    where = torch.device(device)
    return Engine(recipe, recipe.make_family((1, SIDE, SIDE), CLASSES), *parts(where), where)


def tick(made: Engine, number: int) -> dict[int, dict[str, Any]]:
    return {score.lane: score.model_dump(exclude={"seconds"}) for score in made.tick(number)}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_recorded_and_a_lane_learns_what_it_learns_alone(name: str) -> None:
    crowd, alone = engine(FAMILIES[name]), engine(FAMILIES[name])
    for each in SPECS[:4]:
        crowd.add(each)
    alone.add(SPECS[1])
    for number in (1, 2):
        assert tick(crowd, number)[1] == tick(alone, number)[1]
        if number == 1:
            crowd.drop(0)
            crowd.add(SPECS[4])
    assert not [note for note in crowd.notes if "started one by one" in note]
    mine, theirs = crowd.weights(1), alone.weights(1)
    assert all(torch.equal(mine[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize("name", FAMILIES)
def test_it_is_the_same_after_a_kill(name: str, tmp_path: Path) -> None:
    straight, resumed = engine(FAMILIES[name]), engine(FAMILIES[name])
    for each in SPECS[:3]:
        straight.add(each)
    tick(straight, 1)
    straight.save(tmp_path / "snapshot.safetensors")
    resumed.load(tmp_path / "snapshot.safetensors")
    for number in (2, 3):
        assert tick(straight, number) == tick(resumed, number)


@pytest.mark.parametrize("name", FAMILIES)
def test_replayed_steps_learn_what_steps_learn_that_are_started_one_by_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed = engine(FAMILIES[name])
    monkeypatch.setenv(SWITCH, "0")
    plain = engine(FAMILIES[name])
    for each in SPECS[:3]:
        replayed.add(each)
        plain.add(each)
    mine, theirs = tick(replayed, 1), tick(plain, 1)
    for lane, expected in theirs.items():
        # Products of other shapes round otherwise: 1e-6 a step, and steps follow each other 21 times; in 16 bits 4e-3.
        near = 2e-2 if name.endswith(("bfloat16", "tf32")) else 1e-3
        assert mine[lane]["train"]["loss"] == pytest.approx(expected["train"]["loss"], rel=near)
