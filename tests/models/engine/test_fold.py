"""Lanes of several folds in one engine: each is trained and scored on its own fold, as it would be alone."""

import numpy as np
import pytest
import torch

from models.config.families import Mlp
from models.config.messages import LaneSpec
from models.config.optimizers import SGD, AdamW, OptimizerConfig
from models.config.recipe import Recipe
from models.datasets.source import Source, training_examples
from models.datasets.split import fold_splits
from models.engine.engine import Engine
from models.engine.fold import Fold, make_fold
from tests.support.recorded_graph import RecordedSlots

CPU, FOLDS, TICKS = torch.device("cpu"), 3, (1, 2)


@pytest.fixture(scope="module")
def folds(digits: Source) -> list[Fold]:
    examples = training_examples(digits)
    pairs = fold_splits(examples.labels, FOLDS, seed=0)
    return [make_fold(examples, *pair, CPU, 300, 0)[0] for pair in pairs]


def engine(recipe: Recipe, *folds: Fold, slots: RecordedSlots | None = None) -> Engine:
    first, *others = folds
    family = recipe.make_family((1, 28, 28), 10)
    return Engine(recipe, family, first.train_set, first.validation_set, CPU, other_folds=others, slots=slots)


def spec(lane: int, fold: int) -> LaneSpec:
    parameters = {"learning_rate": 0.05, "weight_decay": 1e-3, "hidden": 12 + lane}
    return LaneSpec(lane=lane, parameters=parameters, seed=lane, stream=-lane % FOLDS, fold=fold)


# Plain SGD trains inputs that are constant as one: with each fold's own normalisation.
@pytest.mark.parametrize("optimizer", [SGD(), AdamW()], ids=["narrow", "wide"])
def test_a_lane_of_a_fold_learns_what_it_would_learn_alone(optimizer: OptimizerConfig, folds: list[Fold]) -> None:
    recipe = Recipe(family=Mlp(), optimizer=optimizer, batch_size=32)
    together = engine(recipe, *folds)
    specs = [spec(lane, lane % FOLDS) for lane in range(2 * FOLDS)]
    for each in specs:
        together.add(each)
    scores = [together.tick(tick) for tick in TICKS]
    for each in specs:
        alone = engine(recipe, folds[each.fold])
        alone.add(each.model_copy(update={"fold": 0}))
        for tick, fused in zip(TICKS, scores, strict=True):
            (score,) = alone.tick(tick)
            (mine,) = [it for it in fused if it.lane == each.lane]
            assert (score.train, score.validation) == (mine.train, mine.validation)
        weights = together.weights(each.lane)
        assert all(torch.equal(tensor, weights[name]) for name, tensor in alone.weights(each.lane).items())


@pytest.mark.usefixtures("one_thread")
def test_steps_that_are_replayed_are_those_of_their_fold(folds: list[Fold]) -> None:
    recipe = Recipe(family=Mlp(), batch_size=64)
    plain, replayed = engine(recipe, *folds), engine(recipe, *folds, slots=RecordedSlots())
    for lane in range(FOLDS + 1):
        for each in (plain, replayed):
            each.add(spec(lane, lane % FOLDS))
    for tick in TICKS:
        expected, mine = (sorted(it.tick(tick), key=lambda score: score.lane) for it in (plain, replayed))
        assert [(it.train, it.validation) for it in mine] == [(it.train, it.validation) for it in expected]


def test_a_fold_is_normalised_by_what_it_is_trained_on(digits: Source) -> None:
    examples = training_examples(digits)
    for trained, scored in fold_splits(examples.labels, FOLDS, seed=0):
        fold, normalised = make_fold(examples, trained, scored, CPU, None, 0)
        assert normalised.mean[0] == pytest.approx(float(np.mean(examples.inputs[trained] / 255)), rel=1e-12)
        assert (len(fold.train_set), len(fold.validation_set or ())) == (len(trained), len(scored))
