"""The regret audit: how often would a pruned trial have beaten the winner.

A pruner that cuts the best trial saves time dearly, and nobody sees it. Here some of those it cut, drawn at random, are
trained as if it had not: on the same minibatches, from the tick at which each had joined, so that their first epochs
come out as they are recorded and the rest is what pruning kept from us. They train as lanes of the coordinator's loop,
with snapshots. Must not judge what comes out.
"""

import math
from collections.abc import Sequence
from typing import Any

from models.config.messages import EpochMetrics, LaneSpec
from models.seeds import derive
from reports.finalists.training import Training
from reports.finalists.wave import cannot_train, flops_per_example
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.fleet.fleet import Fleet
from search.loop.balance import balanced
from search.loop.coordinator import Leaving
from search.loop.live_trial import lane_spec
from search.loop.snapshots import Snapshots
from search.record.record import Record
from search.trial import TrialRow

PHASE = "audit"  # the name of its curves among those of the finalists; their seed is 0, for there is only one


def draw(study: Study, trials: Sequence[TrialRow], number: int) -> list[TrialRow]:
    """Return `number` pruned trials, or all there are, as a function of the seed: a larger number adds to a smaller."""
    pruned = [row for row in trials if row.state == "pruned" and row.diverged_at is None and row.joined is not None]
    drawn = sorted(pruned, key=lambda row: derive(study.seed, "audit", row.number))[:number]
    return sorted(drawn, key=lambda row: row.number)


def audit(training: Training, rows: Sequence[TrialRow]) -> None:
    """Train pruned trials to their end, except for those that have been.

    Raises:
        Paused: It was asked to stop.
    """
    if not rows:
        training.say("audit: no trial was pruned")
        return
    record, study = training.record, training.record.study
    done = {trial for trial, curve in curves(record).items() if is_over(study, curve)}
    if done >= {row.number for row in rows}:
        return
    training.say(f"audit: {len(rows)} pruned trials, up to {study.epochs} epochs")
    with Fleet(study.engines, training.hosts) as fleet:
        dataset_info = fleet.open(study, training.source, device=training.device)
        training.run(Audit(record, rows, dataset_info), fleet, PHASE, [row.number for row in rows])


def curves(record: Record) -> dict[int, list[EpochMetrics]]:
    """Return the epochs of audited trials, by trial number."""
    by_trial: dict[int, list[EpochMetrics]] = {}
    for _, trial, _, epoch in record.finalist_scores(PHASE):
        by_trial.setdefault(trial, []).append(epoch)
    return by_trial


def is_over(study: Study, curve: Sequence[EpochMetrics]) -> bool:
    """Return whether an audited trial has reached its last epoch, or has diverged."""
    return curve[-1].epoch == study.epochs or not math.isfinite(curve[-1].validation["loss"])


class Audit:
    """Pruned trials, each from the tick at which it had joined: work for the coordinator's loop."""

    def __init__(self, record: Record, rows: Sequence[TrialRow], dataset_info: DatasetInfo) -> None:
        self.tick = 0
        self._record, self._study, self._dataset_info = record, record.study, dataset_info
        self._rows = {row.number: row for row in rows}
        self._live: dict[int, int] = {}  # trial -> engine
        self._waiting: list[TrialRow] = []
        self._scores: Sequence[EpochMetrics] = []  # of the last tick

    def resume(self, snapshots: Snapshots) -> None:
        """Take up the newest snapshot, if there is one."""
        recorded = [tick for tick, trial, _, _ in self._record.finalist_scores(PHASE) if trial in self._rows]
        state = snapshots.newest(not_after=max(recorded, default=0)) or {"tick": 0, "alive": {}}
        self.tick = state["tick"]
        self._live = {int(trial): engine for trial, engine in state["alive"].items()}
        over = {trial for trial, curve in curves(self._record).items() if is_over(self._study, curve)}
        self._waiting = [row for row in self._rows.values() if row.number not in over and (row.joined or 0) > self.tick]

    def fail(self, lane: int, reason: str) -> None:
        """Raise UserError: an audit that leaves trials out says nothing."""
        raise cannot_train(f"trial {lane} cannot be trained to its end", reason)

    def state(self) -> dict[str, Any]:
        """Return what a snapshot must hold besides the lanes' tensors."""
        return {"tick": self.tick, "alive": self._live}

    @property
    def alive(self) -> bool:
        """Whether any trial is in training."""
        return bool(self._live)

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Return the trials whose tick it is, as (engine, lane); where nobody trains until a later tick, go there."""
        if not self._live and self._waiting:
            self.tick = min(row.joined or 0 for row in self._waiting) - 1
        joining = [row for row in self._waiting if row.joined == self.tick + 1]
        self._waiting = [row for row in self._waiting if row not in joining]
        self._live |= balanced(
            {row.number: self._flops(row) for row in joining},
            {trial: (engine, self._flops(self._rows[trial])) for trial, engine in self._live.items()},
            self._study.lanes_of,
        )
        return [(self._live[row.number], lane_spec(self._study, row)) for row in joining]

    def _flops(self, row: TrialRow) -> float:
        return flops_per_example(self._study, self._dataset_info, row)

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write the metrics of a tick in one transaction; what is there stays."""
        self.tick += 1
        self._scores = scores
        self._record.record_finalists(PHASE, self.tick, [(epoch.lane, 0, epoch) for epoch in scores])

    def settle(self) -> list[Leaving]:
        """Return the trials that are at their last epoch or diverged; they leave."""
        over = [epoch.lane for epoch in self._scores if is_over(self._study, [epoch])]
        return [Leaving(self._live.pop(trial), trial) for trial in over]
