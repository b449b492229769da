"""A group whose steps are recorded once and replayed: on a GPU, where starting kernels is what takes time.

Nothing is done between the steps: a recorded step takes its minibatch, trains and puts its answers away by a cursor
that lies on the device. The first step of a group runs as it is, so that everything is allocated that is allocated
once, and the second is recorded; what is recorded is kept for as long as the group's lanes stay the same.

Letters: L lanes, N examples of an epoch, B examples of the minibatch, C classes.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.datasets.batches import Epoch
from models.engine.epoch_predictions import EpochPredictions
from models.engine.lane_group import SCORED_AT_ONCE, LaneGroup, Training
from models.engine.recipe_steps import RecipeSteps, swap_averages
from models.engine.step_graph import EagerGraph, Slot, StepGraph
from models.families.base import FusedModel, Lane
from models.ops.optimizers.base import LaneOptimizer, take_over
from models.seeds import derive

# Returns losses and hits (L, B) of inputs (B, ...) and labels (B,); writes logits (L, B, C) to the room, if any
Compute = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]
Refused = Callable[[str], None]  # called with the reason where a step cannot be recorded


class ReplayedPass:
    """One pass over the examples of an epoch: the same step at each place.

    Args:
        epoch: The examples.
        size: B; the last minibatch may have fewer, and is never recorded.
        predictions: Where the answers go.
        fused: The model.
        compute: What is done with a minibatch.
        training: Whether that is training.
        slot: Where it runs.
        graph: What records the step.
    """

    def __init__(
        self,
        epoch: Epoch,
        size: int,
        predictions: EpochPredictions,
        fused: FusedModel,
        compute: Compute,
        slot: Slot,
        graph: StepGraph,
        *,
        training: bool,
    ) -> None:
        self.predictions = predictions
        self._epoch, self._size, self._fused, self._compute = epoch, size, fused, compute
        self._training, self._slot, self._graph = training, slot, graph
        self._warm = self._recorded = False
        self._cursor = torch.zeros(1, dtype=torch.long, device=epoch.device)
        self._numbers = torch.arange(size, device=epoch.device)

    def run(self, refused: Refused) -> Iterator[None]:
        """Start the steps one by one."""
        with self._slot.entered():
            self._cursor.zero_()
        for number, start in enumerate(range(0, len(self._epoch), self._size), 1):
            with self._slot.entered():
                self._fused.seed_step(number if self._training else 0)
                self._start(min(self._size, len(self._epoch) - start), refused)
            yield

    def _start(self, size: int, refused: Refused) -> None:
        if size < self._size:
            self._step(size)
        elif not self._warm:
            before = self._host_state()
            self._step(size)
            if self._host_state() != before:
                self._refuse("what it does depends on numbers that Python keeps", refused)
            self._warm = True
        else:
            if not self._recorded:
                try:
                    self._graph.capture(lambda: self._step(size))
                except Exception as error:  # noqa: BLE001 - whatever a model or driver raises; as it is, it will tell again
                    self._refuse((str(error).strip().splitlines() or [type(error).__name__])[0], refused)
                self._recorded = True
            self._graph.replay()

    def _refuse(self, reason: str, refused: Refused) -> None:
        refused(reason)
        self._graph = EagerGraph()
        self._graph.capture(lambda: self._step(self._size))
        self._recorded = True

    def _step(self, size: int) -> None:
        places = self._cursor + self._numbers[:size]
        x, y = self._epoch.minibatch(places)
        room = self.predictions.room(size)
        self.predictions.put_at(places, y, *self._compute(x, y, room), room)
        self._cursor.add_(size)

    def _host_state(self) -> tuple[Any, ...]:
        """Return what a step changes that cannot be replayed."""
        on_host = b"" if self._cursor.device.type == "cpu" else torch.get_rng_state().numpy().tobytes()
        numpy_state: Any = np.random.get_state()
        _, keys, *place = numpy_state
        return self._fused.host_state(), random.getstate(), keys.tobytes(), place, on_host


class ReplayedGroup(LaneGroup):
    """A group that runs beside others.

    Args:
        training: How lanes train.
        lanes: Those of the group.
        fused: Their model.
        size: Examples of a minibatch.
        stream: Whose minibatches they see.
        epoch: Those minibatches, renewed before each tick.
        scored: What they are scored on; None for nothing.
        slot: Where the group runs.
    """

    def __init__(
        self,
        training: Training,
        lanes: list[Lane],
        fused: FusedModel,
        size: int,
        stream: int,
        *,
        epoch: Epoch,
        scored: Epoch | None,
        slot: Slot,
    ) -> None:
        super().__init__(training, lanes, fused, size, stream)
        fused.replayed = True
        self.epoch, self._scored, self._slot = epoch, scored, slot
        self._optimizer: LaneOptimizer | None = None
        self._steps: FusedModel | RecipeSteps = fused
        # Of the last tick: training, then scoring if there is something to score on.
        self.passes: list[ReplayedPass] = []

    def launch(self, number: int, refused: Refused) -> Iterator[None]:
        """Start a tick, a minibatch at a time; `passes` has the answers once all of it has run."""
        with self._slot.entered():
            self._prepare(self._training.seed(self._stream, number), refused)
        yield from self.passes[0].run(refused)
        if self._scored is not None:
            with self._slot.entered():
                self._swap_averages()
            yield from self.passes[1].run(refused)
            with self._slot.entered():
                self._swap_averages()

    def _prepare(self, seed: int, refused: Refused) -> None:
        training, fused = self._training, self._fused
        optimizer = training.optimizer(self.lanes, self._size)
        replayable = fused.cuda_graph_safe and training.recipe.replayable
        is_kept = self._optimizer is not None and replayable and take_over(self._optimizer, optimizer)
        if not is_kept:
            self._optimizer = optimizer
            self._steps = training.steps(self.lanes, fused, self._size, seed)
            if not replayable:
                refused("it draws or counts in Python at each step")
            self.passes[:1] = [self._pass(self.epoch, self._size, self._train_step, replayable, training=True)]
        if self._scored is not None and len(self.passes) == 1:
            self.passes.append(self._pass(self._scored, SCORED_AT_ONCE, fused.score, True, training=False))
        fused.begin_tick(derive(seed, "masks"), len(self.epoch))

    def _pass(self, epoch: Epoch, size: int, compute: Compute, replayable: bool, *, training: bool) -> ReplayedPass:
        graph = self._slot.graph() if replayable else EagerGraph()
        predictions = self._training.predictions(len(self.lanes), epoch.source, training=training)
        return ReplayedPass(epoch, size, predictions, self._fused, compute, self._slot, graph, training=training)

    def _train_step(self, x: Tensor, y: Tensor, room: Tensor | None) -> tuple[Tensor, Tensor]:
        assert self._optimizer is not None
        return self._steps.step(x, y, self._optimizer)

    def _swap_averages(self) -> None:
        if self._training.averages:
            swap_averages(self.lanes, self._fused)
