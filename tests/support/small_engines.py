"""Small engines on 100 noisy pictures of 4 unequal classes, and what lanes have learnt on them."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.config.base import Parameters
from models.config.messages import LaneSpec
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from models.seeds import derive

CPU, CLASSES, TICKS, SIZE = torch.device("cpu"), 4, (1, 2), 48


def parts(side: int) -> tuple[BatchSource, BatchSource]:
    """100 noisy pictures of 4 unequal classes to train on (two minibatches of 48 and one of 4), 40 to score."""
    return split_pictures(pictures(side, 140), 100, CPU)


def pictures(side: int, count: int) -> Examples:
    draw = np.random.Generator(np.random.PCG64(5))
    labels = draw.choice(CLASSES, count, p=(0.5, 0.3, 0.1, 0.1))
    patterns = draw.integers(0, 256, (CLASSES, 1, side, side))
    inputs = ((patterns[labels] + draw.integers(0, 256, (count, 1, side, side))) // 2).astype(np.uint8)
    return Examples(inputs, labels.astype(np.int64), tuple("abcd"))


def split_pictures(examples: Examples, trained: int, device: torch.device) -> tuple[BatchSource, BatchSource]:
    """The first examples to train on, the others to score."""
    normalised = Normalisation((0.5,), (0.25,))
    return (
        BatchSource(examples, np.arange(trained), normalised, device),
        BatchSource(examples, np.arange(trained, len(examples.labels)), normalised, device),
    )


def spec(lane: int, hidden: int = 12, **more: Any) -> LaneSpec:
    parameters: Parameters = {"learning_rate": 0.05, "weight_decay": 1e-3, "hidden": hidden, **more}
    return LaneSpec(lane=lane, parameters=parameters, seed=derive(0, "initial", lane))


def engine(recipe: Recipe, *specs: LaneSpec, side: int = 8, searched: tuple[str, ...] = ()) -> Engine:
    family = recipe.make_family((1, side, side), CLASSES)
    made = Engine(recipe, family, *parts(side), CPU, searched=searched)
    for each in specs:
        made.add(each)
    return made


def learnt(recipe: Recipe, *specs: LaneSpec, **more: Any) -> dict[int, dict[str, Tensor]]:
    made = engine(recipe, *specs, **more)
    for tick in TICKS:
        made.tick(tick)
    return {each.lane: made.weights(each.lane) for each in specs}
