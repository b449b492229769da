"""The regret audit: how often would a pruned trial have beaten the winner.

A pruner that cuts the best trial saves time dearly, and nobody sees it. Here some of those it cut, drawn at random, are
trained as if it had not: on the same minibatches, in the ticks in which each had lived, so that their first epochs come
out as they are recorded and the rest, in the ticks that follow, is what pruning kept from us. They train as lanes of
the coordinator's loop, with snapshots. Must not judge what comes out.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from models.config.messages import EpochMetrics, LaneSpec
from reports.finalists.training import Training
from reports.finalists.wave import cannot_train
from search.cli.wording import duration
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.fleet.fleet import Fleet
from search.loop.balance import balanced
from search.loop.coordinator import Leaving
from search.loop.members import by_trial, lane_specs, lanes_of
from search.loop.snapshots import Snapshots
from search.objective import select_epoch
from search.record.record import Record
from search.trial import TrialRow

PHASE = "audit"  # the name of its curves among those of the finalists; their seed is 0, for there is only one
ROUNDING = 1e-3  # between losses of one trial trained twice, where bits are not equal; another trial is farther away


def audit(training: Training, rows: Sequence[TrialRow], searched: Mapping[int, Sequence[EpochMetrics]]) -> None:
    """Train pruned trials to their end, except for those that have been.

    `searched` are their epochs in the search, which tell how long it will take.

    Raises:
        Paused: It was asked to stop.
    """
    if not rows:
        training.say("audit: no trial was pruned")
        return
    record, study = training.record, training.record.study
    done = {trial for trial, curve in curves(record).items() if is_over(study, curve)}
    left = [fmean(epoch.seconds for epoch in searched[row.number]) for row in rows if row.number not in done]
    if not left:
        return
    cost = duration(sum(left) * study.epochs / study.engines)
    are = f", {len(left)} of them left" if len(left) < len(rows) else ""
    training.say(
        f"audit: {len(rows)} pruned trials{are}, {study.epochs} epochs each, about {cost} by what their first ones took"
    )
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


def audit_frame(
    study: Study,
    trials: pd.DataFrame,
    curves: Mapping[int, Sequence[EpochMetrics]],
    audited: Mapping[int, Sequence[EpochMetrics]],
) -> pd.DataFrame:
    """Return one row per pruned trial that was run to its end: the objective where it was cut, and at its end.

    `same` is whether its first epochs came out as recorded, `gain` how far it would have ended above the search's best:
    0 is a tie, and minus infinity stands for one that diverged.
    """
    columns = {"trial": "Int64", "pruned_at": "Int64", "then": "Float64", "end": "Float64", "same": "boolean"}
    columns |= {"gain": "Float64"}
    objective, complete = study.objective, trials[trials["state"] == "complete"]
    costs = [objective.cost(value) for value in complete[f"validation_{objective.metric}"]]
    best = min(costs, default=math.inf)
    rows = []
    for trial, curve in sorted(audited.items()):
        selected = select_epoch(curve, study.keep, objective)
        if selected is None or not is_over(study, curve):
            continue  # diverged at once, or paused in the middle
        recorded, ended = curves[trial], curve[-1].epoch == study.epochs
        pairs = zip(recorded, curve, strict=False)
        same = all(math.isclose(old.train["loss"], new.train["loss"], rel_tol=ROUNDING) for old, new in pairs)
        end = objective.value(selected.validation) if ended else np.nan
        gain = best - objective.cost(end) if ended else -math.inf
        rows.append((trial, len(recorded), objective.value(recorded[-1].validation), end, same, gain))
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


class Audit:
    """Pruned trials, each in the ticks in which it had lived and in those that follow, as work for the loop."""

    def __init__(self, record: Record, rows: Sequence[TrialRow], dataset_info: DatasetInfo) -> None:
        self.tick = 0
        self._record, self._study = record, record.study.on(dataset_info.shape, dataset_info.outputs)
        self._rows = {row.number: row for row in rows}
        self._ticks = record.ticks()
        self._engines: dict[int, int] = {}  # of every trial that has joined and is not over
        self._live: set[int] = set()  # the others are paused, as they were in the search
        self._waiting: set[int] = set()  # trials that have not joined
        self._scores: Sequence[EpochMetrics] = []  # of the last tick

    def resume(self, snapshots: Snapshots) -> None:
        """Take up the newest snapshot, if there is one."""
        recorded = [tick for tick, trial, _, _ in self._record.finalist_scores(PHASE) if trial in self._rows]
        state = snapshots.newest(not_after=max(recorded, default=0)) or {"tick": 0, "alive": {}}
        self.tick = state["tick"]
        self._engines = {int(trial): engine for trial, engine in state["alive"].items()}
        self._live = set(state.get("live", self._engines))  # a snapshot of an earlier version has no paused lanes
        over = {trial for trial, curve in curves(self._record).items() if is_over(self._study, curve)}
        self._waiting = {row.number for row in self._rows.values() if (row.joined or 0) > self.tick} - over

    def _next_tick(self, trial: int) -> int:
        """Return the next tick in which a trial trains."""
        lived = self._ticks[trial]
        return next((tick for tick in lived if tick > self.tick), max(self.tick, lived[-1]) + 1)

    def fail(self, lane: int, reason: str) -> None:
        """Raise UserError: an audit that leaves trials out says nothing."""
        raise cannot_train(f"trial {lane // self._study.members} cannot be trained to its end", reason)

    def state(self) -> dict[str, Any]:
        """Return what a snapshot must hold besides the lanes' tensors."""
        return {"tick": self.tick, "alive": self._engines, "live": sorted(self._live)}

    @property
    def alive(self) -> bool:
        """Whether any trial is in training."""
        return bool(self._live)

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Return the trials whose tick it is, as (engine, lane); where nobody trains until a later tick, go there."""
        apart = self._waiting | (self._engines.keys() - self._live)
        if not self._live and apart:
            self.tick = min(map(self._next_tick, apart)) - 1
        joining = sorted(trial for trial in apart if self._next_tick(trial) == self.tick + 1)
        new = [trial for trial in joining if trial in self._waiting]
        placed = {
            trial: (self._engines[trial], self._work(trial)) for trial in sorted({*self._live, *joining} - {*new})
        }
        self._engines |= balanced({trial: self._work(trial) for trial in new}, placed, self._study.lanes_of)
        self._live.update(joining)
        self._waiting.difference_update(new)
        return [
            (self._engines[trial], spec)
            for trial in joining
            for spec in lane_specs(self._study, self._rows[trial], resumed=trial not in new)
        ]

    def _work(self, trial: int) -> float:
        return self._study.work(self._rows[trial].params)

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write the metrics of a tick in one transaction; what is there stays."""
        self.tick += 1
        self._scores = by_trial(scores, self._study.members)
        self._record.record_finalists(PHASE, self.tick, [(epoch.lane, 0, epoch) for epoch in self._scores])

    def settle(self) -> list[Leaving]:
        """Return the trials that are at their last epoch or diverged, and those that were paused after this tick."""
        over = {epoch.lane for epoch in self._scores if is_over(self._study, [epoch])}
        pausing = {trial for trial in self._live - over if self._next_tick(trial) > self.tick + 1}
        self._live -= over | pausing
        leaving = [(self._engines.pop(trial), trial, False) for trial in sorted(over)]
        leaving += [(self._engines[trial], trial, True) for trial in sorted(pausing)]
        members = self._study.members
        return [Leaving(engine, lane, paused) for engine, it, paused in leaving for lane in lanes_of(it, members)]
