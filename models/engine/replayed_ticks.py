"""Ticks of groups that run beside each other on one device, each in its place.

Groups do not touch, so none waits for another before the end of the tick: one figure of each is then read for all.
"""

from collections import Counter
from collections.abc import Collection, Sequence

import torch

from models.config.augmentation import Augment
from models.datasets.batches import Epoch
from models.engine.epoch_predictions import EpochPredictions, named_metrics
from models.engine.lane_group import SCORED_AT_ONCE, LaneGroup, Metrics, Training
from models.engine.replayed_group import ReplayedGroup
from models.engine.step_graph import Slots
from models.families.base import FusedModel, Lane
from models.seeds import derive


class ReplayedTicks:
    """What the groups of an engine share.

    Args:
        training: How lanes train.
        slots: The places of the device.
    """

    def __init__(self, training: Training, slots: Slots) -> None:
        self._training, self._slots = training, slots
        self._epochs: dict[tuple[int, int, tuple[Augment, ...]], Epoch] = {}  # by stream, minibatch size and moves
        scored = training.validation_set
        self._scored = None if scored is None else Epoch(scored, SCORED_AT_ONCE)
        self._places: dict[ReplayedGroup, int] = {}
        self.notes: list[str] = []  # for the user, a sentence each

    def group(self, lanes: list[Lane], fused: FusedModel, size: int, stream: int) -> ReplayedGroup:
        """Return a group of lanes, in the place that has the fewest."""
        sees = stream, size, self._training.recipe.augment_of(lanes[0].spec.parameters)
        if sees not in self._epochs:
            self._epochs[sees] = Epoch(self._training.train_set, size, sees[-1])
        taken = Counter(self._places.values())
        place = min(range(self._slots.count), key=lambda number: taken[number])
        group = ReplayedGroup(
            self._training,
            lanes,
            fused,
            size,
            stream,
            epoch=self._epochs[sees],
            scored=self._scored,
            slot=self._slots.slot(place),
        )
        self._places[group] = place
        return group

    def keep(self, groups: Collection[LaneGroup]) -> None:
        """Forget all other groups, and the epochs that none of these sees."""
        self._places = {group: place for group, place in self._places.items() if group in groups}
        seen = {group.epoch for group in self._places}
        self._epochs = {key: epoch for key, epoch in self._epochs.items() if epoch in seen}

    def tick(self, number: int) -> tuple[list[Lane], Metrics, Metrics]:
        """Train all groups for an epoch and score them; return their lanes, and the metrics of each, of both."""
        device = self._training.device
        for (stream, *_), epoch in self._epochs.items():
            seed = self._training.seed(stream, number)
            epoch.renew(self._training.order(seed), derive(seed, "augment"))
        with torch.random.fork_rng([torch.cuda.current_device()] if device.type == "cuda" else []):
            self._slots.fork()
            running = [group.launch(number, self._refused) for group in self._places]
            while running:  # a minibatch of each in turn, so that every place has something to do
                running = [each for each in running if next(each, self) is not self]
                self._training.after_minibatch()
            self._slots.join()
        train = self._read([group.passes[0].predictions for group in self._places])
        scored = self._read([each.predictions for group in self._places for each in group.passes[1:]])
        lanes = [lane for group in self._places for lane in group.lanes]
        return lanes, train, scored or [{} for _ in lanes]

    def _read(self, of_groups: Sequence[EpochPredictions]) -> Metrics:
        """Fetch the metrics of the lanes of all groups at once."""
        if not of_groups:
            return []
        return named_metrics(of_groups[0].names, torch.cat([each.columns() for each in of_groups], 1).tolist())

    def _refused(self, reason: str) -> None:
        note = f"steps are started one by one, not replayed as a graph, which is slower: {reason}"
        if note not in self.notes:
            self.notes.append(note)
