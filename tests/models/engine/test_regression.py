"""Lanes that predict a number: each learns what it would learn alone, to the bit, whatever the loss and the family."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models.config.base import Parameters
from models.config.families import Cnn, Linear, Mlp
from models.config.messages import EpochMetrics, LaneSpec
from models.config.optimizers import SGD, AdamW
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.datasets.target import TargetScale
from models.engine.engine import Engine
from models.families.base import Family
from models.families.custom.module_family import ModuleFamily
from models.seeds import derive
from tests.support.lanes import assert_close, train_alone

pytestmark = pytest.mark.usefixtures("one_thread")

CPU, FEATURES, TICKS = torch.device("cpu"), 7, (1, 2, 3)
UNIT = TargetScale(200.0, 50.0)
LOSSES = ("mse", "mae", "huber")


def parts(shape: tuple[int, int, int] = (FEATURES, 1, 1)) -> tuple[BatchSource, BatchSource]:
    """100 rows to train on (two minibatches of 48 and one of 4), 40 to score; targets around 200."""
    draw = np.random.Generator(np.random.PCG64(5))
    inputs = draw.normal(size=(140, *shape)).astype(np.float32)
    targets = 200 + 30 * inputs.reshape(140, -1)[:, 0] - 20 * inputs.reshape(140, -1)[:, 1] ** 2 + draw.normal(size=140)
    channels = shape[0]
    normalised = Normalisation((0.0,) * channels, (1.0,) * channels, UNIT)
    examples = Examples(inputs, targets, (), target="price")
    return (
        BatchSource(examples, np.arange(100), normalised, CPU),
        BatchSource(examples, np.arange(100, 140), normalised, CPU),
    )


def net(parameters: Parameters) -> nn.Module:
    hidden = int(parameters["hidden"])
    return nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, hidden), nn.GELU(), nn.Linear(hidden, 1))


def spec(lane: int, hidden: int = 12, rate: float = 0.02, **more: Any) -> LaneSpec:
    parameters: Parameters = {"learning_rate": rate, "weight_decay": 1e-3, "hidden": hidden, **more}
    return LaneSpec(lane=lane, parameters=parameters, seed=derive(0, "initial", lane))


FAMILIES = {
    "linear": (Recipe(family=Linear(), batch_size=48), None, (FEATURES, 1, 1)),
    "mlp": (Recipe(family=Mlp(depth=2), batch_size=48, optimizer=SGD(momentum=0.9)), None, (FEATURES, 1, 1)),
    "adamw": (Recipe(family=Mlp(activation="tanh"), batch_size=48, optimizer=AdamW()), None, (FEATURES, 1, 1)),
    "module": (Recipe(family=Mlp(), batch_size=48), ModuleFamily(net, frozenset({"hidden"})), (FEATURES, 1, 1)),
    "pictures": (Recipe(family=Cnn(padding="same"), batch_size=48), None, (1, 8, 8)),
}
NEIGHBOURS = [spec(1, 3, 0.05), spec(2, 33, 0.01), spec(3, 1), spec(4, 12, 0.03)]


def ticked(name: str, loss: str, *specs: LaneSpec) -> tuple[Engine, list[EpochMetrics], Recipe, Family]:
    recipe, family, shape = FAMILIES[name]
    recipe = recipe.model_copy(update={"loss": loss})
    family = family or recipe.make_family(shape, 1)
    made = Engine(recipe, family, *parts(shape), CPU)
    for each in specs:
        made.add(each)
    scores = [made.tick(tick) for tick in TICKS]
    return made, scores[-1], recipe, family


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_lane_has_the_bits_that_it_has_alone(name: str, loss: str) -> None:
    together, scores, *_ = ticked(name, loss, spec(0), *NEIGHBOURS)
    alone, own, *_ = ticked(name, loss, spec(0))
    mine = together.weights(0)
    for key, tensor in alone.weights(0).items():
        assert torch.equal(mine[key], tensor), key
    assert (own[0].train, own[0].validation) == (scores[0].train, scores[0].validation)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_lane_learns_what_torch_alone_learns(name: str, loss: str) -> None:
    engine, scores, recipe, family = ticked(name, loss, spec(0), *NEIGHBOURS)
    train_set = parts(FAMILIES[name][2])[0]
    model, last_loss = train_alone(recipe, family, spec(0), TICKS, train_set)
    assert_close(engine.weights(0), model)
    assert scores[0].train["loss"] == pytest.approx(last_loss, rel=1e-4)


def test_metrics_are_in_the_targets_unit() -> None:
    _, scores, recipe, family = ticked("mlp", "mse", spec(0))
    train_set, validation_set = parts()
    model, _ = train_alone(recipe, family, spec(0), TICKS, train_set)
    (_, x, y) = next(validation_set.batches(40))
    with torch.no_grad():
        errors = (model(x)[:, 0] - y).double() * UNIT.std
    assert scores[0].validation["rmse"] == pytest.approx(float(errors.square().mean().sqrt()), rel=1e-4)
    assert scores[0].validation["loss"] == pytest.approx((scores[0].validation["rmse"] / UNIT.std) ** 2, rel=1e-5)
    assert 0 < scores[0].train["rmse"] < 80  # of targets whose deviation is about 45


def test_words_that_need_no_class_serve_a_regression_too() -> None:
    recipe = Recipe(family=Mlp(), batch_size=48, loss="huber", clip_norm=0.5, accumulate=2, ema_decay=0.9)
    made = Engine(recipe, recipe.make_family((FEATURES, 1, 1), 1), *parts(), CPU)
    made.add(spec(0))
    first, *_, last = [made.tick(tick)[0].validation["rmse"] for tick in range(1, 12)]
    assert last < first
