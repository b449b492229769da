"""Steps with what a recipe adds to the plain one: soft targets, clipping, accumulation, averaged weights."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from models.config.losses import SOFT_TARGETS
from models.config.recipe import Recipe
from models.engine.collected_gradients import CollectedGradients
from models.engine.soft_targets import SoftTargets
from models.families.base import FusedModel, Lane
from models.ops.optimizers.base import LaneOptimizer

AVERAGE = "average"  # of the weights, kept among a lane's optimizer state
COLLECTED = ("clip_norm", "accumulate")
WORDS = (*SOFT_TARGETS, *COLLECTED, "ema_decay")  # fields of a recipe that plain steps know nothing of


class RecipeSteps:
    """The steps of one tick.

    Args:
        recipe: How lanes are trained.
        searched: The parameters that trials have.
        lanes: Those of the fused model.
        fused: The model.
        counts: (C,) training examples of each class.
        minibatches: Of the tick.
        seed: Of everything random in the tick that is drawn here.
    """

    def __init__(
        self,
        recipe: Recipe,
        searched: Collection[str],
        lanes: Sequence[Lane],
        fused: FusedModel,
        counts: Tensor,
        minibatches: int,
        seed: int,
    ) -> None:
        parameters = [lane.spec.parameters for lane in lanes]
        self._lanes, self._fused = lanes, fused
        self._minibatches, self._done, self._steps = minibatches, 0, 0
        self._targets = self._collected = None
        if any(recipe.uses(word, searched) for word in SOFT_TARGETS):
            self._targets = SoftTargets(recipe, parameters, counts, seed)
        if any(recipe.uses(word, searched) for word in COLLECTED):
            norms = [recipe.value("clip_norm", each) for each in parameters]
            clips = recipe.uses("clip_norm", searched)
            largest = [float("inf") if norm is None else float(norm) for norm in norms] if clips else None
            self._collected = CollectedGradients(largest, recipe.accumulate)
        averages = recipe.uses("ema_decay", searched)
        self._decays = [float(recipe.value("ema_decay", each)) for each in parameters] if averages else None

    def step(self, x: Tensor, y: Tensor, optimizer: LaneOptimizer) -> tuple[Tensor, Tensor]:
        """Train on one minibatch; see `FusedModel.step`."""
        counted = self._done, self._steps
        try:
            return self._step(x, y, optimizer)
        except BaseException:  # nothing was done where a recording ended early
            self._done, self._steps = counted
            if self._collected is not None:
                self._collected.forget()
            raise

    def _step(self, x: Tensor, y: Tensor, optimizer: LaneOptimizer) -> tuple[Tensor, Tensor]:
        self._done += 1
        soft = {}
        if self._targets is not None:
            x, soft["targets"] = self._targets.next(x, y)
        results = self._fused.step(x, y, self._collected or optimizer, **soft)
        is_last = self._done == self._minibatches
        if self._collected is None or self._collected.end_minibatch(optimizer, is_last=is_last):
            if self._decays is not None:
                self._average(self._decays)
            self._steps += 1
        return results

    @torch.no_grad()
    def _average(self, decays: Sequence[float]) -> None:
        """A <- decay a + (1 - decay) w; the first step's weights are the first average, as torch's AveragedModel."""
        for lane, decay in zip(self._lanes, decays, strict=True):
            averages = list(lane.state[AVERAGE].values())
            weights = [lane.weights[name].detach() for name in lane.state[AVERAGE]]
            is_first = lane.epochs == 0 and self._steps == 0
            torch._foreach_lerp_(averages, weights, 1.0 if is_first else 1.0 - decay)


@contextmanager
def averages_in_place(lanes: Sequence[Lane], fused: FusedModel) -> Iterator[None]:
    """Let the averages be the lanes' weights for a while."""
    swap_averages(lanes, fused)
    yield
    swap_averages(lanes, fused)


@torch.no_grad()
def swap_averages(lanes: Sequence[Lane], fused: FusedModel) -> None:
    """Let the averages and the lanes' weights change places, in the memory where they lie."""
    for lane in lanes:
        for name, average in lane.state[AVERAGE].items():
            weight = lane.weights[name].detach()
            kept = weight.clone()
            weight.copy_(average)
            average.copy_(kept)
    fused.weights_changed()
