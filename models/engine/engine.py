"""The engine: trains its lanes for one tick, all on the same minibatches, and scores them on the validation set.

What a lane learns depends on its spec and on the ticks it lives through, never on its neighbours. Knows no trial's
fate: it does not prune, rank or write to a database.

Letters: L lanes of a group, N training examples, V validation examples, B examples of the minibatch.
"""

import math
import time
from collections.abc import Callable, Collection, Hashable, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch

from models.config.base import Parameters
from models.config.messages import EpochMetrics, LaneSpec
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.engine.cuda_graph import ReplayedSteps
from models.engine.epoch_predictions import EpochPredictions
from models.engine.recipe_steps import AVERAGE, WORDS, RecipeSteps, averages_in_place
from models.engine.snapshot import load_lanes, save_lanes
from models.engine.tick_hyperparameters import tick_hyperparameters
from models.families.base import Family, FusedModel, Lane, Weights, initial_tensors, state_tensors
from models.seeds import derive

SCORED_AT_ONCE = 1000  # examples in one product of a scoring pass: activations of wide lanes still fit in cache

_Key = tuple[int, int, str, Hashable]  # of a group: stream, minibatch size, optimizer, and the family's own key


class Engine:
    """Lanes of one recipe on one device.

    Args:
        recipe: How lanes are trained.
        family: What builds and trains the models.
        train_set: What a tick trains on.
        validation_set: What lanes are scored on; None for no validation metrics.
        device: Where everything lies.
        searched: The parameters that trials have: what the optimizer keeps depends on them.
        after_minibatch: Called after every minibatch, of training and of scoring.
    """

    suffix = ".safetensors"  # of a snapshot

    def __init__(
        self,
        recipe: Recipe,
        family: Family,
        train_set: BatchSource,
        validation_set: BatchSource | None,
        device: torch.device,
        *,
        searched: Collection[str] = (),
        after_minibatch: Callable[[], object] = lambda: None,
    ) -> None:
        self._recipe, self._family, self._device, self._searched = recipe, family, device, frozenset(searched)
        self._after_minibatch = after_minibatch
        self._metrics = {name: recipe.metric_of(name) for name in (*recipe.task.metrics, *recipe.metrics)}
        self._averages, self._warms_up = (recipe.uses(word, self._searched) for word in ("ema_decay", "warmup"))
        self._is_plain = not any(recipe.uses(word, self._searched) for word in WORDS)
        has_plain_steps = recipe.optimizer.is_plain(self._searched) and "optimizer" not in self._searched
        narrows = family.input_weight and not recipe.augment and has_plain_steps and self._is_plain
        self._constant_inputs = train_set.constant_inputs if narrows else None
        if self._constant_inputs:
            train_set = train_set.narrowed(self._constant_inputs)
            validation_set = None if validation_set is None else validation_set.narrowed(self._constant_inputs)
        self._train_set, self._validation_set = train_set, validation_set
        self._lanes: dict[int, Lane] = {}
        self._paused: dict[int, Lane] = {}  # their tensors are in the host's memory
        self._groups: dict[int, _Key] = {}  # of every lane
        self._fused: dict[_Key, tuple[list[Lane], FusedModel]] = {}  # as of the last tick

    # --- lanes come and go

    def add(self, spec: LaneSpec) -> None:
        """Add a lane with its initial weights, or one that is paused; it trains from the next tick on."""
        if spec.resumed:
            self._insert(self._paused.pop(spec.lane))
            return
        weights, buffers = initial_tensors(self._family, spec.parameters, spec.seed)
        names = self._state_names(spec.parameters)
        state = {key: {name: torch.zeros_like(tensor) for name, tensor in weights.items()} for key in names}
        self._insert(Lane(spec, weights, state, buffers=buffers))

    def pause(self, lane: int) -> None:
        """Keep a lane without training it, in as much memory as its own tensors take."""
        kept = self._lanes[lane]
        self.drop(lane)
        self._paused[lane] = kept.in_host_memory()

    def drop(self, lane: int) -> None:
        """Forget a lane, whether it trains or is paused."""
        if lane in self._lanes:
            del self._lanes[lane], self._groups[lane]
        else:
            del self._paused[lane]

    @property
    def lanes(self) -> list[int]:
        """The lanes that train here."""
        return list(self._lanes)

    def spec(self, lane: int) -> LaneSpec:
        """Return the spec of one lane."""
        return self._lanes[lane].spec

    def lane_bytes(self, parameters: Parameters) -> int:
        """Return how much memory a paused lane with these parameters takes."""
        weights, buffers = initial_tensors(self._family, parameters, 0)
        kept = 1 + len(self._state_names(parameters))
        return kept * sum(tensor.nbytes for tensor in weights.values()) + sum(it.nbytes for it in buffers.values())

    def weights(self, lane: int) -> Weights:
        """Return copies of one lane's tensors, by the names of its module's state."""
        kept = self._lanes[lane]
        with torch.random.fork_rng(devices=[]):
            names = state_tensors(self._family.build(kept.spec.parameters))
        tensors = {**(kept.state[AVERAGE] if self._averages else kept.weights), **kept.buffers}
        if self._constant_inputs and self._family.input_weight:
            self._constant_inputs.widen_lane(self._family.input_weight, tensors)
        return {name: tensors[own].detach().cpu().clone() for name, own in names.items()}

    @property
    def notes(self) -> list[str]:
        """What the user should know about how lanes train, a sentence each."""
        return self._family.notes(self._device)

    def save(self, path: Path) -> None:
        """Write a snapshot of all lanes, paused ones too, to one file."""
        save_lanes(path, self._lanes.values(), self._paused.values())

    def load(self, path: Path) -> None:
        """Add the lanes of a file that `save` wrote."""
        for lane, is_paused in load_lanes(path):
            if is_paused:
                self._paused[lane.spec.lane] = lane
            else:
                self._insert(lane)

    def _state_names(self, parameters: Parameters) -> tuple[str, ...]:
        names = self._recipe.optimizer_of(parameters).state_names(self._searched)
        return (*names, AVERAGE) if self._averages else names

    def _insert(self, lane: Lane) -> None:
        def on_device(tensors: Weights) -> Weights:
            return {name: tensor.to(self._device) for name, tensor in tensors.items()}

        lane.weights, lane.buffers = on_device(lane.weights), on_device(lane.buffers)
        lane.state = {key: on_device(tensors) for key, tensors in lane.state.items()}
        if self._constant_inputs and self._family.input_weight:
            self._constant_inputs.narrow_lane(self._family.input_weight, lane.weights, lane.buffers)
        number, parameters = lane.spec.lane, lane.spec.parameters
        size = int(parameters.get("batch_size", self._recipe.batch_size))
        self._lanes[number] = lane
        optimizer = self._recipe.optimizer_of(parameters).name
        self._groups[number] = (lane.spec.stream, size, optimizer, self._family.group(parameters))

    def _fuse(self, only: int | None) -> None:
        """Fuse the lanes of each group; groups with the same members as before stay as they are."""
        groups: dict[_Key, list[Lane]] = {}
        for number, lane in self._lanes.items():
            if only in (None, number):
                groups.setdefault(self._groups[number], []).append(lane)
        before, self._fused = self._fused, {}
        for key, lanes in groups.items():
            if key in before and before[key][0] == lanes:
                self._fused[key] = before[key]
            else:
                self._fused[key] = (lanes, self._family.fuse(lanes, self._recipe.loss))

    # --- one tick

    def tick(self, number: int, only: int | None = None) -> list[EpochMetrics]:
        """Train all lanes for an epoch and score them.

        Args:
            number: The tick's, from 1; fixes the order of the examples.
            only: The one lane to train; None for all.
        """
        self._fuse(only)
        scores: list[EpochMetrics] = []
        for (stream, size, *_), (lanes, fused) in self._fused.items():
            began = time.perf_counter()
            seed = derive(self._recipe.seed, "shuffle", stream, number)
            train = self._train(lanes, fused, size, seed)
            validation: list[dict[str, float]] = [{} for _ in lanes]
            if self._validation_set is not None:
                validation = self._pass(lanes, fused, self._validation_set)
            shares = self._shares(lanes, time.perf_counter() - began)
            for i, lane in enumerate(lanes):
                lane.epochs += 1
                metrics = EpochMetrics(
                    lane=lane.spec.lane, epoch=lane.epochs, train=train[i], validation=validation[i], seconds=shares[i]
                )
                scores.append(metrics)
        return scores

    def measure(self, wanted: Sequence[int]) -> dict[int, dict[str, float]]:
        """Return the metrics of some lanes (and of those fused with them) in a full pass over the training set."""
        measured = {}
        for lanes, fused in self._fused.values():
            if not any(lane.spec.lane in wanted for lane in lanes):
                continue
            metrics = self._pass(lanes, fused, self._train_set)
            measured.update({lane.spec.lane: mine for lane, mine in zip(lanes, metrics, strict=True)})
        return measured

    def _train(self, lanes: list[Lane], fused: FusedModel, size: int, seed: int) -> list[dict[str, float]]:
        """Train one epoch in minibatches of a size; return the metrics over the epoch, each from before its step."""
        examples = len(self._train_set)
        minibatches = math.ceil(examples / size)
        steps = math.ceil(minibatches / self._recipe.accumulate)
        tick = tick_hyperparameters(self._recipe, lanes, steps, warms_up=self._warms_up)
        config = self._recipe.optimizer_of(lanes[0].spec.parameters)
        optimizer = config.bind(tick, torch.empty(0, device=self._device), self._searched)
        order = torch.randperm(examples, generator=torch.Generator().manual_seed(seed)).to(self._device)
        target = self._train_set.target
        predictions = EpochPredictions(len(lanes), examples, self._metrics, self._device, target=target)
        fused.begin_tick(derive(seed, "masks"), examples)
        trained: FusedModel | ReplayedSteps | RecipeSteps = fused
        if not self._is_plain:
            counts = self._train_set.class_counts
            trained = RecipeSteps(self._recipe, self._searched, lanes, fused, counts, minibatches, seed)
        elif self._device.type == "cuda" and fused.cuda_graph_safe:
            trained = ReplayedSteps(fused)
        for places, x, y in self._train_set.batches(size, order, self._recipe.augment, derive(seed, "augment")):
            predictions.put(places, y, *trained.step(x, y, optimizer))
            self._after_minibatch()
        return predictions.metrics()

    def _pass(self, lanes: list[Lane], fused: FusedModel, source: BatchSource) -> list[dict[str, float]]:
        """Return the metrics of the lanes on all examples of a source."""
        shape = (len(lanes), len(source))
        predictions = EpochPredictions(*shape, self._metrics, self._device, source.outputs, source.target)
        with averages_in_place(lanes, fused) if self._averages else nullcontext():
            for places, x, y in source.batches(SCORED_AT_ONCE):
                predictions.put(places, y, *fused.score(x, y, predictions.logits(places)))
                self._after_minibatch()
        return predictions.metrics()

    def _shares(self, lanes: list[Lane], seconds: float) -> list[float]:
        """Divide a group's time among its lanes, by their numbers of weights."""
        sizes = [sum(tensor.numel() for tensor in lane.weights.values()) for lane in lanes]
        return [seconds * size / sum(sizes) for size in sizes]
