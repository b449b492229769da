"""The regret audit: how often would a pruned trial have beaten the winner.

A pruner that cuts the best trial saves time dearly, and nobody sees it. Here some of those it cut, drawn at random, are
trained as if it had not: on the same minibatches, from the tick at which each had joined, so that their first epochs
come out as they are recorded and the rest is what pruning kept from us. They train as lanes of the coordinator's loop,
with snapshots. Called by export.py; what came of it is told by frames.py.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any

from models.config.messages import EpochMetrics, LaneSpec
from models.datasets.source import Source
from models.errors import UserError
from models.seeds import derive
from search.config.study import Study
from search.fleet.base import DatasetInfo, HostProvider
from search.fleet.fleet import Fleet
from search.loop import coordinator
from search.loop.balance import balanced
from search.loop.live_trial import lane_spec
from search.loop.snapshots import Snapshots, snapshots_of
from search.record.record import Record
from search.trial import TrialRow

PHASE = "audit"  # the name of its curves among those of the finalists; their seed is 0, for there is only one


def draw(study: Study, rows: Sequence[TrialRow], number: int) -> list[TrialRow]:
    """Return `number` pruned trials, or all there are, as a function of the seed: a larger number adds to a smaller."""
    pruned = [row for row in rows if row.state == "pruned" and row.diverged_at is None and row.joined is not None]
    drawn = sorted(pruned, key=lambda row: derive(study.seed, "audit", row.number))[:number]
    return sorted(drawn, key=lambda row: row.number)


def run(
    record: Record,
    source: Source,
    rows: Sequence[TrialRow],
    *,
    site: int | HostProvider,
    device: str,
    pause: Callable[[], bool],
    say: Callable[[str], None],
) -> bool:
    """Train these trials to their end, those excepted that have been; False if paused, with a snapshot."""
    study = record.study
    done = {lane for lane, curve in _curves(record).items() if _over(study, curve)}
    if done >= {row.number for row in rows}:
        return True
    say(f"audit: {len(rows)} pruned trials, up to {study.epochs} epochs")
    with Fleet(study.engines, site) as fleet:
        dataset_info = fleet.open(study, source, device=device)
        asked = hashlib.sha256(repr([row.number for row in rows]).encode()).hexdigest()[:16]
        snapshots = snapshots_of(record, fleet, f"{PHASE}-{asked}")
        return coordinator.run(Audit(record, rows, dataset_info), fleet, snapshots, pause=pause)


def _curves(record: Record) -> dict[int, list[EpochMetrics]]:
    curves: dict[int, list[EpochMetrics]] = {}
    for _, trial, _, score in record.finalist_scores(PHASE):
        curves.setdefault(trial, []).append(score)
    return curves


def _over(study: Study, curve: Sequence[EpochMetrics]) -> bool:
    return curve[-1].epoch == study.epochs or not math.isfinite(curve[-1].validation["loss"])


class Audit:
    """Pruned trials, each from the tick at which it had joined: work for the coordinator's loop."""

    def __init__(self, record: Record, rows: Sequence[TrialRow], dataset_info: DatasetInfo) -> None:
        self.tick = 0
        self._record, self._study, self._facts = record, record.study, dataset_info
        self._rows = {row.number: row for row in rows}
        self._live: dict[int, int] = {}  # trial -> engine
        self._waiting: list[TrialRow] = []
        self._scores: Sequence[EpochMetrics] = []  # of the last tick

    def resume(self, snapshots: Snapshots) -> None:
        """Take up the newest snapshot, if there is one."""
        recorded = [tick for tick, trial, _, _ in self._record.finalist_scores(PHASE) if trial in self._rows]
        kept = snapshots.newest(not_after=max(recorded, default=0)) or {"tick": 0, "alive": {}}
        self.tick = kept["tick"]
        self._live = {int(trial): engine for trial, engine in kept["alive"].items()}
        over = {trial for trial, curve in _curves(self._record).items() if _over(self._study, curve)}
        self._waiting = [row for row in self._rows.values() if row.number not in over and (row.joined or 0) > self.tick]

    def fail(self, lane: int, reason: str) -> None:
        """Stop: an audit that leaves trials out says nothing."""
        raise UserError(
            f"trial {lane} cannot be trained to its end: {reason.strip().splitlines()[-1]}",
            "if memory is short, free some or take --workers 1; the same command goes on from there",
        )

    def state(self) -> dict[str, Any]:
        """What a snapshot must hold besides the lanes' tensors."""
        return {"tick": self.tick, "alive": self._live}

    @property
    def alive(self) -> bool:
        """Whether any trial is in training."""
        return bool(self._live)

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Let those join whose tick it is; where nobody trains until then, go there at once."""
        if not self._live and self._waiting:
            self.tick = min(row.joined or 0 for row in self._waiting) - 1
        joining = [row for row in self._waiting if row.joined == self.tick + 1]
        self._waiting = [row for row in self._waiting if row not in joining]
        self._live |= balanced(
            {row.number: self._work(row) for row in joining},
            {trial: (engine, self._work(self._rows[trial])) for trial, engine in self._live.items()},
            self._study.lanes_of,
        )
        return [(self._live[row.number], lane_spec(self._study, row)) for row in joining]

    def _work(self, row: TrialRow) -> float:
        return self._study.flops_per_example(
            self._facts.shape, len(self._facts.classes), self._study.to_external(row.params)
        )

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write down a tick in one transaction; what is there stays."""
        self.tick += 1
        self._scores = scores
        self._record.record_finalists(PHASE, self.tick, [(score.lane, 0, score) for score in scores])

    def settle(self) -> list[tuple[int, int]]:
        """Let those leave that are at their last epoch, or diverged."""
        over = [score.lane for score in self._scores if _over(self._study, [score])]
        return [(self._live.pop(trial), trial) for trial in over]
