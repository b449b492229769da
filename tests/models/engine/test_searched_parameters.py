"""Searched parameters of a recipe: a lane with its own batch size, activation or momentum learns as it would alone."""

from typing import Any

import numpy as np
import pytest
import torch

from models.config.base import Value
from models.config.families import Mlp
from models.config.messages import EpochMetrics, LaneSpec
from models.config.optimizers import SGD
from models.config.recipe import Recipe
from models.config.schedules import Cosine
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from models.seeds import derive

pytestmark = pytest.mark.usefixtures("one_thread")


def parts() -> tuple[BatchSource, BatchSource]:
    """200 noisy pictures of 10 classes to train on, 50 to score."""
    generator = np.random.Generator(np.random.PCG64(3))
    inputs = generator.integers(0, 256, (250, 1, 8, 8), dtype=np.uint8)
    examples = Examples(inputs, generator.integers(0, 10, 250), tuple("0123456789"))
    normalised, cpu = Normalisation((0.5,), (0.3,)), torch.device("cpu")
    return BatchSource(examples, np.arange(200), normalised, cpu), BatchSource(
        examples, np.arange(200, 250), normalised, cpu
    )


def an_engine(recipe: Recipe) -> Engine:
    return Engine(recipe, recipe.make_family((1, 8, 8), 10), *parts(), torch.device("cpu"), searched={"momentum"})


def an_order(lane: int, **more: Value) -> LaneSpec:
    parameters = {"learning_rate": 0.1, "weight_decay": 0.0, "hidden": 10 + lane, **more}
    return LaneSpec(lane=lane, parameters=parameters, seed=derive(0, "initial", lane))


def learnt(recipe: Recipe, *orders: LaneSpec) -> dict[int, tuple[dict[str, torch.Tensor], EpochMetrics]]:
    """What three ticks make of lanes that are on one engine."""
    engine = an_engine(recipe)
    for order in orders:
        engine.add(order)
    scores = [engine.tick(number) for number in (1, 2, 3)][-1]
    return {score.lane: (engine.weights(score.lane), score.model_copy(update={"seconds": 0.0})) for score in scores}


def assert_same(one: Any, other: Any) -> None:
    (weights, score), (others, other_score) = one, other
    assert score == other_score
    assert weights.keys() == others.keys()
    assert all(torch.equal(weights[name], others[name]) for name in weights)


ORDERS = [
    an_order(0),
    an_order(1, batch_size=32),
    an_order(2, batch_size=32, momentum=0.9),
    an_order(3, batch_size=64, activation="tanh"),
    an_order(4, activation="tanh", depth=2),
    an_order(5, batch_size=48, activation="tanh", depth=2, final_factor=0.2),
]


def test_a_lane_of_any_batch_size_learns_what_it_would_learn_alone() -> None:
    recipe = Recipe(family=Mlp(), schedule=Cosine(), batch_size=48, epochs=3)
    together = learnt(recipe, *ORDERS)
    for order in ORDERS:
        assert_same(together[order.lane], learnt(recipe, order)[order.lane])


def test_a_searched_batch_size_is_that_of_the_recipe() -> None:
    searched = learnt(Recipe(family=Mlp(), batch_size=48, epochs=3), an_order(1, batch_size=32))[1]
    assert_same(searched, learnt(Recipe(family=Mlp(), batch_size=32, epochs=3), an_order(1))[1])
    with pytest.raises(AssertionError):
        assert_same(searched, learnt(Recipe(family=Mlp(), batch_size=48, epochs=3), an_order(1))[1])


def test_a_searched_activation_is_that_of_the_family() -> None:
    searched = learnt(Recipe(family=Mlp(), epochs=3), an_order(1, activation="tanh"))[1]
    assert_same(searched, learnt(Recipe(family=Mlp(activation="tanh"), epochs=3), an_order(1))[1])


def test_a_fixed_momentum_is_that_of_the_optimizer() -> None:
    fixed = learnt(Recipe(family=Mlp(), epochs=3), an_order(1, momentum=0.9))[1]
    assert_same(fixed, learnt(Recipe(family=Mlp(), optimizer=SGD(momentum=0.9), epochs=3), an_order(1))[1])


def test_lanes_of_equal_batch_size_are_fused() -> None:
    engine = an_engine(Recipe(family=Mlp(), batch_size=48))
    for order in ORDERS:
        engine.add(order)
    engine.tick(1)
    groups = sorted(sorted(lane.spec.lane for lane in group.lanes) for group in engine._fused.values())
    assert groups == [[0], [1, 2], [3], [4, 5]]  # 4 and 5 differ in their schedule alone: 48 is the recipe's own
