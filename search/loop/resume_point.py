"""From which moment an interrupted search goes on: a snapshot, or a tick after which no trial was alive.

All that came after that moment is done again, and comes out the same.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from models.config.messages import EpochMetrics
from search.loop.snapshots import Snapshots
from search.trial import TrialRow


@dataclass(frozen=True)
class ResumePoint:
    """The end of a tick at which all lanes are known."""

    tick: int
    begun: int  # trials admitted by then
    engines: dict[int, int] = field(default_factory=dict)  # trial in training or paused -> its engine
    paused: frozenset[int] = frozenset()

    def row_then(self, row: TrialRow) -> TrialRow:
        """Return a trial of the record as it was at that moment: ended, or running."""
        if row.is_foreign or (row.number < self.begun and row.number not in self.engines):
            return row
        return replace(row, state="running", value=None, members=None, diverged_at=None, reason=None)


def resume_point(
    rows: Sequence[TrialRow], recorded: Sequence[tuple[int, EpochMetrics]], snapshots: Snapshots
) -> ResumePoint:
    """Return the newest moment at which all lanes are known, and load its lanes into the fleet.

    Args:
        rows: All trials of the record.
        recorded: All scores of the record as (tick, metrics), by tick.
        snapshots: Those of the search; they are cleared where none can be used.
    """
    last = max((tick for tick, _ in recorded), default=0)
    state = snapshots.newest(not_after=last) if any(row.state == "running" for row in rows) else None
    if state is not None:
        engines = {int(trial): engine for trial, engine in state["alive"].items()}
        return ResumePoint(state["tick"], state["next"], engines, frozenset(state.get("paused", ())))
    snapshots.clear()
    tick = _quiet_tick(rows, recorded)
    joined = [row.number for row in rows if row.joined is not None and row.joined <= tick]
    return ResumePoint(tick, max(joined, default=-1) + 1)


@dataclass(frozen=True)
class RecordedLater:
    """What the record has beyond a moment: it stays, and decides what comes out again.

    Attributes:
        last_tick: The last one that is recorded.
        scores: By trial and epoch.
        failures: Why a trial failed, by trial and the epochs that it was trained for.
    """

    last_tick: int = 0
    scores: dict[tuple[int, int], EpochMetrics] = field(default_factory=dict)
    failures: dict[tuple[int, int], str] = field(default_factory=dict)

    def recorded(self, score: EpochMetrics) -> EpochMetrics:
        """Return a score as it is recorded, or as it is. One that failed by itself has its reason from the record."""
        key = (score.lane, score.epoch)
        if key not in self.scores:
            return score
        recorded = self.scores[key]
        finite = all(math.isfinite(value) for value in recorded.validation.values())
        return recorded if finite else recorded.model_copy(update={"failed": self.failures.get(key, score.failed)})


def recorded_later(rows: Sequence[TrialRow], recorded: Sequence[tuple[int, EpochMetrics]], tick: int) -> RecordedLater:
    """Return what the record has beyond the end of a tick."""
    trained = Counter(score.lane for _, score in recorded)
    return RecordedLater(
        last_tick=max((at for at, _ in recorded), default=0),
        scores={(score.lane, score.epoch): score for at, score in recorded if at > tick},
        failures={(row.number, trained[row.number]): row.reason or "" for row in rows if _has_failed(row)},
    )


def _has_failed(row: TrialRow) -> bool:
    return row.state == "failed" and not row.is_foreign


def _quiet_tick(rows: Sequence[TrialRow], recorded: Sequence[tuple[int, EpochMetrics]]) -> int:
    """Return the last tick after which no trial was alive or paused: 0, or the end of an earlier budget."""
    last_ticks = {score.lane: float(tick) for tick, score in recorded}  # recorded is by tick: the last one stays
    last_ticks |= {row.number: float(row.waited_until) for row in rows if row.waited_until is not None}
    lives = sorted(
        (row.joined, math.inf if row.state == "running" else last_ticks.get(row.number, row.joined - 1))
        for row in rows
        if row.joined is not None
    )
    quiet = reached = 0.0
    for joined, end in lives:
        if joined > reached:  # all earlier trials had ended
            quiet = reached
        reached = max(reached, end)
    return int(quiet if reached == math.inf else reached)
