"""A group: lanes that are one fused model. Trains them for a tick, and scores them, minibatch by minibatch.

Knows no other group; what all groups of an engine have in common is in their `Training`.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.engine.epoch_predictions import EpochPredictions
from models.engine.recipe_steps import RecipeSteps, averages_in_place
from models.engine.tick_hyperparameters import tick_hyperparameters
from models.families.base import FusedModel, Lane
from models.metrics.base import Metric
from models.ops.optimizers.base import LaneOptimizer
from models.seeds import derive

Metrics = list[dict[str, float]]  # by name, of each lane

SCORED_AT_ONCE = 1000  # examples in one product of a scoring pass: activations of wide lanes still fit in cache


@dataclass(frozen=True)
class Training:
    """How the lanes of an engine train."""

    recipe: Recipe
    searched: Collection[str]  # the parameters that trials have
    train_set: BatchSource
    validation_set: BatchSource | None  # None for no validation metrics
    device: torch.device
    metrics: Mapping[str, Metric]
    plain: bool  # whether a recipe adds nothing to the plain step
    averages: bool  # whether averaged weights are scored
    warms_up: bool
    after_minibatch: Callable[[], object]

    def seed(self, stream: int, number: int) -> int:
        """Return what everything random in a tick of a stream's lanes follows from."""
        return derive(self.recipe.seed, "shuffle", stream, number)

    def order(self, seed: int) -> Tensor:
        """Return the order (N,) of the training examples in a tick."""
        order = torch.randperm(len(self.train_set), generator=torch.Generator().manual_seed(seed))
        return order.to(self.device)

    def optimizer(self, lanes: Sequence[Lane], size: int) -> LaneOptimizer:
        """Return the optimizer of some lanes for one tick in minibatches of a size."""
        steps = math.ceil(self.minibatches(size) / self.recipe.accumulate)
        tick = tick_hyperparameters(self.recipe, lanes, steps, warms_up=self.warms_up)
        config = self.recipe.optimizer_of(lanes[0].spec.parameters)
        return config.bind(tick, torch.empty(0, device=self.device), self.searched)

    def minibatches(self, size: int) -> int:
        """Return the minibatches of one tick."""
        return math.ceil(len(self.train_set) / size)

    def steps(self, lanes: Sequence[Lane], fused: FusedModel, size: int, seed: int) -> FusedModel | RecipeSteps:
        """Return what makes the steps of one tick: the model itself, unless the recipe adds something."""
        if self.plain:
            return fused
        counts = self.train_set.class_counts
        return RecipeSteps(self.recipe, self.searched, lanes, fused, counts, self.minibatches(size), seed)

    def predictions(self, lanes: int, source: BatchSource, *, training: bool) -> EpochPredictions:
        """Return room for what so many lanes answer to a source; logits are kept of scoring alone."""
        outputs = None if training else source.outputs
        return EpochPredictions(lanes, len(source), self.metrics, self.device, outputs, source.target)


class LaneGroup:
    """Some lanes, whose minibatches follow each other as they are started.

    Args:
        training: How they train.
        lanes: L of them.
        fused: Their model.
        size: Examples of a minibatch.
        stream: Whose minibatches they see.
    """

    def __init__(self, training: Training, lanes: list[Lane], fused: FusedModel, size: int, stream: int) -> None:
        self.lanes = lanes
        self._training, self._fused, self._size, self._stream = training, fused, size, stream
        self._augment = training.recipe.augment_of(lanes[0].spec.parameters)  # all of them have the same

    def tick(self, number: int) -> tuple[Metrics, Metrics]:
        """Train for an epoch and score; return each lane's metrics, in training from before each step."""
        train = self._train(number)
        scored = self._training.validation_set
        return train, [{} for _ in self.lanes] if scored is None else self.score(scored)

    def _train(self, number: int) -> Metrics:
        training, fused, source = self._training, self._fused, self._training.train_set
        seed = training.seed(self._stream, number)
        optimizer, order = training.optimizer(self.lanes, self._size), training.order(seed)
        predictions = training.predictions(len(self.lanes), source, training=True)
        fused.begin_tick(derive(seed, "masks"), len(source))
        steps = training.steps(self.lanes, fused, self._size, seed)
        for places, x, y in source.batches(self._size, order, self._augment, derive(seed, "augment")):
            predictions.put(places, y, *steps.step(x, y, optimizer))
            training.after_minibatch()
        return predictions.metrics()

    def score(self, source: BatchSource) -> Metrics:
        """Return the metrics of the lanes on all examples of a source."""
        fused, predictions = self._fused, self._training.predictions(len(self.lanes), source, training=False)
        with averages_in_place(self.lanes, fused) if self._training.averages else nullcontext():
            for places, x, y in source.batches(SCORED_AT_ONCE):
                predictions.put(places, y, *fused.score(x, y, predictions.logits(places)))
                self._training.after_minibatch()
        return predictions.metrics()
