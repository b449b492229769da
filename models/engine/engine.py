"""The engine: trains its lanes for one tick, all on the same minibatches, and scores them on the validation set.

What a lane learns depends on its spec and on the ticks it lives through, never on its neighbours. Knows no trial's
fate: it does not prune, rank or write to a database.

Letters: L lanes of a group, N training examples, V validation examples, B examples of the minibatch.
"""

import time
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from models.config.base import Parameters
from models.config.messages import EpochMetrics, LaneSpec
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.engine.fold import Fold
from models.engine.lane_group import LaneGroup, Metrics, Training
from models.engine.recipe_steps import AVERAGE, WORDS
from models.engine.replayed_ticks import ReplayedTicks
from models.engine.snapshot import load_lanes, save_lanes
from models.engine.step_graph import Slots, slots_on
from models.families.base import Family, Lane, Weights, initial_tensors, state_tensors
from models.ops.matmul import precision_notes, set_precision

# Of a group: stream, fold, minibatch size, whether pictures are moved, optimizer, the family's own key.
_Key = tuple[int, int, int, bool, str, Hashable]


class Engine:
    """Lanes of one recipe on one device.

    Args:
        recipe: How lanes are trained.
        family: What builds and trains the models.
        train_set: What a tick trains on.
        validation_set: What lanes are scored on; None for no validation metrics.
        device: Where everything lies.
        searched: The parameters that trials have: what the optimizer keeps depends on them.
        other_folds: What lanes of the folds after the first are trained and scored on.
        after_minibatch: Called after every minibatch, of training and of scoring.
        slots: Where steps are recorded and replayed; those of the device unless given.
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
        other_folds: Sequence[Fold] = (),
        after_minibatch: Callable[[], object] = lambda: None,
        slots: Slots | None = None,
    ) -> None:
        self._recipe, self._family, self._device, self._searched = recipe, family, device, frozenset(searched)
        self._averages, warms_up = (recipe.uses(word, self._searched) for word in ("ema_decay", "warmup"))
        is_plain = not any(recipe.uses(word, self._searched) for word in WORDS)
        has_plain_steps = recipe.optimizer.is_plain(self._searched) and "optimizer" not in self._searched
        narrows = family.input_weight and not recipe.augment and has_plain_steps and is_plain
        folds = [Fold(train_set, validation_set), *other_folds]
        folds = [fold.narrowed() for fold in folds] if narrows else folds
        self._constant_inputs = [fold.constant_inputs for fold in folds]
        training = partial(
            Training,
            recipe=recipe,
            searched=self._searched,
            device=device,
            metrics={name: recipe.metric_of(name) for name in (*recipe.task.metrics, *recipe.metrics)},
            plain=is_plain,
            averages=self._averages,
            warms_up=warms_up,
            after_minibatch=after_minibatch,
        )
        self._training = [training(train_set=fold.train_set, validation_set=fold.validation_set) for fold in folds]
        set_precision(device, tf32=recipe.precision == "tf32")
        slots = slots or slots_on(device)
        self._replayed = [] if slots is None else [ReplayedTicks(of_fold, slots) for of_fold in self._training]
        self._lanes: dict[int, Lane] = {}
        self._paused: dict[int, Lane] = {}  # their tensors are in the host's memory
        self._groups: dict[int, _Key] = {}  # of every lane
        self._fused: dict[_Key, LaneGroup] = {}  # as of the last tick

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
        if (constant := self._constant_inputs[kept.spec.fold]) and self._family.input_weight:
            constant.widen_lane(self._family.input_weight, tensors)
        return {name: tensors[own].detach().cpu().clone() for name, own in names.items()}

    @property
    def notes(self) -> list[str]:
        """What the user should know about how lanes train, a sentence each."""
        slow = precision_notes(self._recipe.precision, self._device)
        return [*slow, *self._family.notes(self._device), *(note for fold in self._replayed for note in fold.notes)]

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
        if (constant := self._constant_inputs[lane.spec.fold]) and self._family.input_weight:
            constant.narrow_lane(self._family.input_weight, lane.weights, lane.buffers)
        number, parameters = lane.spec.lane, lane.spec.parameters
        size = int(parameters.get("batch_size", self._recipe.batch_size))
        self._lanes[number] = lane
        optimizer = self._recipe.optimizer_of(parameters).name
        own = self._family.group(parameters)
        if self._replayed and not self._family.fused_by_hand:
            own = (own, number)
        moved = bool(self._recipe.augment_of(parameters))
        self._groups[number] = (lane.spec.stream, lane.spec.fold, size, moved, optimizer, own)

    def _fuse(self, only: int | None) -> None:
        """Fuse the lanes of each group; groups with the same members as before stay as they are."""
        groups: dict[_Key, list[Lane]] = {}
        for number, lane in self._lanes.items():
            if only in (None, number):
                groups.setdefault(self._groups[number], []).append(lane)
        kept = {key: self._fused[key] for key, lanes in groups.items() if self._is_fused(key, lanes)}
        for of_fold in self._replayed:
            of_fold.keep(kept.values())
        self._fused = {key: kept[key] if key in kept else self._group(key, lanes) for key, lanes in groups.items()}

    def _is_fused(self, key: _Key, lanes: list[Lane]) -> bool:
        return key in self._fused and self._fused[key].lanes == lanes

    def _group(self, key: _Key, lanes: list[Lane]) -> LaneGroup:
        fused, (stream, fold, size, *_) = self._family.fuse(lanes, self._recipe.loss), key
        made = self._replayed[fold].group if self._replayed else partial(LaneGroup, self._training[fold])
        return made(lanes, fused, size, stream)

    # --- one tick

    def tick(self, number: int, only: int | None = None) -> list[EpochMetrics]:
        """Train all lanes for an epoch and score them.

        Args:
            number: The tick's, from 1; fixes the order of the examples.
            only: The one lane to train; None for all.
        """
        self._fuse(only)
        scores: list[EpochMetrics] = []
        began = time.perf_counter()
        for lanes, train, validation in self._ticks(number):
            scores += self._scores(lanes, train, validation, began)
            began = time.perf_counter()
        return scores

    def _ticks(self, number: int) -> Iterator[tuple[list[Lane], Metrics, Metrics]]:
        """Yield the lanes that train together, with their metrics of training and of scoring."""
        for of_fold in self._replayed:
            yield of_fold.tick(number)
        for group in () if self._replayed else self._fused.values():
            yield group.lanes, *group.tick(number)

    def _scores(self, lanes: list[Lane], train: Metrics, validation: Metrics, began: float) -> list[EpochMetrics]:
        """Count an epoch of lanes that have trained together since a moment, and return what came out."""
        shares = self._shares(lanes, time.perf_counter() - began)
        scores = []
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
        for (_, fold, *_), group in self._fused.items():
            if not any(lane.spec.lane in wanted for lane in group.lanes):
                continue
            metrics = group.score(self._training[fold].train_set)
            measured.update({lane.spec.lane: mine for lane, mine in zip(group.lanes, metrics, strict=True)})
        return measured

    def _shares(self, lanes: list[Lane], seconds: float) -> list[float]:
        """Divide a group's time among its lanes, by their numbers of weights."""
        sizes = [sum(tensor.numel() for tensor in lane.weights.values()) for lane in lanes]
        return [seconds * size / sum(sizes) for size in sizes]
