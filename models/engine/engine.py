"""The engine: trains its lanes for one tick, all on the same minibatches, and scores them on the validation split.

Its contract is the coordinator's whole view of it: `add` lanes, `tick`, `drop` lanes, `save` and `load` a snapshot,
`weights` of one lane. What a lane learns depends on its order and on the ticks it lives through, never on its
neighbours. Hosted by search/engine.py. Knows no trial's fate: it does not prune, rank or write to a database.

Letters: L lanes of a group, N training examples, V validation examples, B examples of the minibatch.
"""

import json
import math
import time
from collections.abc import Hashable, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.config.base import Parameters
from models.config.messages import EpochMetrics, LaneSpec
from models.config.optimizers import SGD
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.engine.cuda_graph import Replayed
from models.engine.epoch_predictions import EpochPredictions
from models.families.base import Family, FusedModel, Lane, Weights, initial_tensors
from models.families.custom.fused_modules import FusedModules
from models.families.custom.module_family import ModuleFamily, names_of
from models.metrics.registry import STANDARD
from models.ops.matmul import note_for
from models.ops.optimizers import TickHyperparameters, bind_optimizer, state_names
from models.seeds import derive

SCORED_AT_ONCE = 1000  # examples in one product of a scoring pass: activations of wide lanes still fit in cache


REST = "first.rest"  # a lane's buffer: of its weights for unchanging inputs, what is not trained

_Key = tuple[int, int, Hashable]  # a group: the stream and the size of minibatches, and what the family says


class Engine:
    """Lanes of one recipe on one device. Without a `validation_set` there are no validation metrics."""

    def __init__(
        self,
        recipe: Recipe,
        family: Family,
        train_set: BatchSource,
        validation_set: BatchSource | None,
        device: torch.device,
        *,
        momentum_searched: bool = False,
    ) -> None:
        self._recipe, self._family, self._train_set, self._validation_set, self._device = (
            recipe,
            family,
            train_set,
            validation_set,
            device,
        )
        self._metrics = tuple(dict.fromkeys((*STANDARD, *recipe.metrics)))
        self._momentum_searched = momentum_searched
        self._states = state_names(recipe.optimizer, momentum_searched)
        narrows = family.input_weight and not self._states and not recipe.augment
        self._unchanging = train_set.unchanging if narrows else None
        self._lanes: dict[int, Lane] = {}
        self._groups: dict[int, _Key] = {}  # of every lane
        self._fused: dict[_Key, tuple[list[Lane], FusedModel]] = {}  # as of the last tick

    # --- lanes come and go

    def add(self, order: LaneSpec) -> None:
        """Take in a lane with its initial weights; it trains from the next tick on."""
        weights, buffers = initial_tensors(self._family, order.parameters, order.seed)
        self._take(Lane(order, weights, {key: _zeros(weights) for key in self._states}, buffers=buffers))

    def drop(self, lane: int) -> None:
        """Forget a lane."""
        del self._lanes[lane], self._groups[lane]

    @property
    def lanes(self) -> list[int]:
        """All that are here."""
        return list(self._lanes)

    def order(self, lane: int) -> LaneSpec:
        """Return what one lane was asked for as."""
        return self._lanes[lane].order

    def weights(self, lane: int) -> Weights:
        """Return copies of one lane's tensors, by the names of its module's state."""
        kept = self._lanes[lane]
        with torch.random.fork_rng(devices=[]):
            names = names_of(self._family.build(kept.order.parameters))
        tensors = {**kept.weights, **kept.buffers}
        if self._unchanging and (first := self._family.input_weight):
            tensors[first] = self._unchanging.widen(tensors[first], tensors[REST])
        return {name: tensors[own].detach().cpu().clone() for name, own in names.items()}

    @property
    def notes(self) -> list[str]:
        """What the user should know of how lanes are trained, a line each."""
        if isinstance(self._family, ModuleFamily):
            return self._family.notes
        return [note] if (note := note_for(self._device)) else []

    def _take(self, lane: Lane) -> None:
        lane.weights = {name: tensor.to(self._device) for name, tensor in lane.weights.items()}
        lane.buffers = {name: tensor.to(self._device) for name, tensor in lane.buffers.items()}
        lane.state = {
            key: {name: tensor.to(self._device) for name, tensor in kept.items()} for key, kept in lane.state.items()
        }
        if self._unchanging and (first := self._family.input_weight) and REST not in lane.buffers:
            lane.weights[first], lane.buffers[REST] = self._unchanging.narrow(lane.weights[first])
        self._lanes[lane.order.lane] = lane
        parameters = lane.order.parameters
        size = int(parameters.get("batch_size", self._recipe.batch_size))
        self._groups[lane.order.lane] = (lane.order.stream, size, self._family.group(parameters))

    def _fuse(self, only: int | None) -> None:
        """Fuse lanes that can be; groups whose members are the same as before stay as they are."""
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
        """Train all lanes, or one, for an epoch and score them; `number`, from 1, fixes the order of the examples."""
        self._fuse(only)
        scores: list[EpochMetrics] = []
        for (stream, size, _), (lanes, fused) in self._fused.items():
            began = time.perf_counter()
            seed = derive(self._recipe.seed, "shuffle", stream, number)
            train = self._train(lanes, fused, size, seed)
            validation: list[dict[str, float]] = [{} for _ in lanes]
            if self._validation_set is not None:
                validation = self._pass(lanes, fused, self._validation_set)
            shares = self._shares(lanes, time.perf_counter() - began)
            for i, lane in enumerate(lanes):
                lane.epochs += 1
                scores.append(
                    EpochMetrics(
                        lane=lane.order.lane,
                        epoch=lane.epochs,
                        train=train[i],
                        validation=validation[i],
                        seconds=shares[i],
                    )
                )
        return scores

    def measure(self, wanted: Sequence[int]) -> dict[int, dict[str, float]]:
        """Return the metrics of some lanes (and of those fused with them) in a full pass over the training set."""
        measured = {}
        for lanes, fused in self._fused.values():
            if not any(lane.order.lane in wanted for lane in lanes):
                continue
            metrics = self._pass(lanes, fused, self._train_set)
            measured.update({lane.order.lane: mine for lane, mine in zip(lanes, metrics, strict=True)})
        return measured

    def _train(self, lanes: list[Lane], fused: FusedModel, size: int, seed: int) -> list[dict[str, float]]:
        """Train one epoch in minibatches of a size; return the metrics over the epoch, each from before its step."""
        examples = len(self._train_set)
        steps = math.ceil(examples / size)
        optimizer = bind_optimizer(
            self._recipe.optimizer,
            TickHyperparameters(
                rates=self._rates(lanes, steps),
                decay=[float(lane.order.parameters["weight_decay"]) for lane in lanes],
                momentum=[self._momentum(lane.order.parameters) for lane in lanes],
                steps=[lane.epochs * steps for lane in lanes],
                count=steps,
            ),
            torch.empty(0, device=self._device),
            self._momentum_searched,
        )
        order = torch.randperm(examples, generator=torch.Generator().manual_seed(seed)).to(self._device)
        predictions = EpochPredictions(len(lanes), examples, self._metrics, self._device)
        if isinstance(fused, FusedModules):
            fused.begin_tick(derive(seed, "masks"))
        trained = Replayed(fused) if self._device.type == "cuda" and fused.cuda_graph_safe else fused
        for places, x, y in self._train_set.batches(
            size, order, self._recipe.augment, derive(seed, "augment"), self._unchanging
        ):
            predictions.put(places, y, *trained.step(x, y, optimizer))
        return predictions.metrics()

    def _pass(self, lanes: list[Lane], fused: FusedModel, source: BatchSource) -> list[dict[str, float]]:
        """Return the metrics of the lanes on all examples of a source."""
        predictions = EpochPredictions(len(lanes), len(source), self._metrics, self._device, source.classes)
        for places, x, y in source.batches(SCORED_AT_ONCE, unchanging=self._unchanging):
            predictions.put(places, y, *fused.score(x, y, predictions.logits(places)))
        return predictions.metrics()

    def _rates(self, lanes: list[Lane], steps: int) -> list[list[float]]:
        """The rates of a tick of so many steps: (1, L) where they keep for the tick, else (steps, L)."""
        schedule, epochs = self._recipe.schedule, self._recipe.epochs

        def rate(lane: Lane, done: int, total: int) -> float:
            parameters = lane.order.parameters
            return float(parameters["learning_rate"]) * schedule.factor(done, total, parameters)

        if schedule.per == "epoch":
            return [[rate(lane, lane.epochs, epochs) for lane in lanes]]
        return [[rate(lane, lane.epochs * steps + step, epochs * steps) for lane in lanes] for step in range(steps)]

    def _momentum(self, parameters: Parameters) -> float:
        fixed = self._recipe.optimizer.momentum if isinstance(self._recipe.optimizer, SGD) else 0.0
        return float(parameters.get("momentum", fixed))

    def _shares(self, lanes: list[Lane], seconds: float) -> list[float]:
        sizes = [sum(tensor.numel() for tensor in lane.weights.values()) for lane in lanes]
        return [seconds * size / sum(sizes) for size in sizes]

    # --- snapshots

    def save(self, path: Path) -> None:
        """Write all lanes, weights and optimizer state, to one safetensors file."""
        tensors = {}
        for number, lane in self._lanes.items():
            for key, kept in {"weights": lane.weights, "buffers": lane.buffers, **lane.state}.items():
                for name, tensor in kept.items():
                    tensors[f"{number}/{key}/{name}"] = (
                        tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
                    )
        about = [
            {"order": lane.order.model_dump(), "epochs": lane.epochs, **self._parted(lane)}
            for lane in self._lanes.values()
        ]
        save_file(tensors, path, {"lanes": json.dumps(about)})

    def load(self, path: Path) -> None:
        """Take in the lanes of a file that `save` wrote."""
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            for about in json.loads(file.metadata()["lanes"]):
                order = LaneSpec.model_validate(about["order"])
                kept: dict[str, Weights] = {key: {} for key in ("weights", "buffers", *self._states)}
                for full in names:
                    number, key, name = full.split("/", 2)
                    if int(number) == order.lane:
                        kept[key][name] = file.get_tensor(full)
                if isinstance(self._family, ModuleFamily) and "parted" in about:
                    self._family.part(order.parameters, about["parted"])
                weights, buffers = kept.pop("weights"), kept.pop("buffers")
                self._take(Lane(order, weights, kept, about["epochs"], buffers))

    def _parted(self, lane: Lane) -> dict[str, str]:
        """Why the lane is not vectorised, if that was found out in the middle of a tick."""
        if not isinstance(self._family, ModuleFamily):
            return {}
        function = self._family.function(lane.order.parameters)
        return {"parted": self._family.unvectorized[function]} if function in self._family.unvectorized else {}


def _zeros(weights: Weights) -> Weights:
    return {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
