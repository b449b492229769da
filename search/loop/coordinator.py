"""The loop: admit, tick, record, judge, tell, until the budget is spent.

`run` is that loop, for whatever work has lanes to train: a study's trials in work.py, the finalists in
reports/finalists.py. A kill may fall anywhere in it. Nothing is lost, because the run is a function of its study, and
because every write says "let this be so": a restart takes the newest snapshot that the record has reached and does
again what came after. What fails inside a run, a worker that dies or a model that raises, is mended in the same way,
without leaving it, and machines that join are given their engines so. Called by launch.py and by reports. Knows no
tensors; engines are behind fleet.py, and what a lane is for is the work's to know.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from models.config.messages import EpochMetrics, LaneSpec
from search.fleet.base import EngineError
from search.fleet.fleet import Fleet
from search.loop.snapshots import Snapshots

# --- the loop ---------------------------------------------------------------------------------------------------------


class Workload(Protocol):
    """Something that has lanes to train."""

    tick: int  # the last one that is done

    def resume(self, snapshots: Snapshots) -> None:
        """Take up what the record and the newest snapshot hold, in the fleet as well, and nothing else.

        Called first, and again whenever the lanes of a tick were lost; the fleet's engines are empty then.
        """

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Give free places to what comes next: engines and orders."""

    @property
    def alive(self) -> bool:
        """Whether any lane is left to train."""

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Count one more tick and write down its scores."""

    def settle(self) -> list[tuple[int, int]]:
        """Judge every lane by the recorded scores and tell those that end; returns their engines and lanes."""

    def fail(self, lane: int, reason: str) -> None:
        """Write down that a lane could not be trained for its next epoch: once resumed, it ends before that.

        Raises UserError where the work cannot do without it.
        """

    def state(self) -> dict[str, Any]:
        """What a snapshot must hold besides the lanes' tensors."""


@dataclass
class Spent:
    """Where the time went, in seconds."""

    training: float = 0.0
    sampling: float = 0.0
    recording: float = 0.0
    judging: float = 0.0
    snapshots: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.training + self.sampling + self.recording + self.judging + self.snapshots


def run(
    workload: Workload,
    fleet: Fleet,
    snapshots: Snapshots,
    *,
    pause: Callable[[], bool] = lambda: False,
    after_tick: Callable[[], None] = lambda: None,
    spent: Spent | None = None,
) -> bool:
    """Train until the work is done (True), or until `pause` says so after a tick (False, with a snapshot).

    A tick in which an engine fails is undone and done again. Where that was no chance, it is done lane by lane, and the
    lane that fails alone is the work's to `fail`.
    """
    stopwatch, troubles = _Stopwatch(spent or Spent()), _Troubles()
    workload.resume(snapshots)
    while True:
        try:
            stopwatch("snapshots")
            joining = workload.admit()
            stopwatch("sampling")
            if not workload.alive:
                snapshots.clear()
                return True
            if troubles.certain_at(workload.tick + 1):
                scores = _one_by_one(workload.tick + 1, fleet, joining)
            else:
                scores = fleet.tick(workload.tick + 1, joining)
            stopwatch("training")
            workload.record(scores)
            stopwatch("recording")
            for engine, lane in workload.settle():
                fleet.drop(engine, lane)
            stopwatch("judging")
            after_tick()
            if pause():
                snapshots.keep(workload.tick, workload.state())
                return False
            snapshots.keep_if_due(workload.tick, workload.state)
            if not fleet.can_expand:
                continue
            snapshots.keep(
                workload.tick, workload.state()
            )  # machines have joined: the lanes go on where there is more room
        except _LaneFailed as failed:
            snapshots.forget(workload.tick)  # it has the lane, which is now to end at this very tick
            workload.fail(failed.lane, failed.reason)
            troubles = _Troubles()
        except EngineError as error:
            troubles.count(workload.tick + 1, error)
        fleet.rebuild()
        workload.resume(snapshots)


class _LaneFailed(Exception):  # noqa: N818 - a finding
    """A lane cannot be trained, even alone."""

    def __init__(self, lane: int, reason: str) -> None:
        super().__init__(lane, reason)
        self.lane, self.reason = lane, reason


def _one_by_one(tick: int, fleet: Fleet, joining: Sequence[tuple[int, LaneSpec]]) -> list[EpochMetrics]:
    """Train every lane alone for one tick. Raises _LaneFailed at the first that fails."""
    orders = {order.lane: [(engine, order)] for engine, order in joining}
    scores: list[EpochMetrics] = []
    for lane in sorted({*fleet.lanes(), *orders}):
        try:
            scores += fleet.tick(tick, orders.get(lane, []), only=lane)
        except EngineError as error:
            if error.lost:
                raise
            raise _LaneFailed(lane, str(error)) from error
    return scores


class _Troubles:
    """Which tick cannot be trained: where an engine raised, or a worker died twice in a row."""

    def __init__(self) -> None:
        self._tick, self._deaths, self._certain = 0, 0, False

    def count(self, tick: int, error: EngineError) -> None:
        """Note that an engine failed in a tick; one that went with its machine says nothing of the tick."""
        if error.lost:
            return
        if tick != self._tick:
            self._tick, self._deaths, self._certain = tick, 0, False
        self._deaths += error.died
        self._certain = self._certain or not error.died or self._deaths >= 2

    def certain_at(self, tick: int) -> bool:
        """Whether a tick is to be trained lane by lane."""
        return self._certain and tick == self._tick


class _Stopwatch:
    """Adds the time since the last call to one part."""

    def __init__(self, spent: Spent, clock: Callable[[], float] = time.perf_counter) -> None:
        self._spent, self._clock, self._since = spent, clock, clock()

    def __call__(self, part: str) -> None:
        now = self._clock()
        setattr(self._spent, part, getattr(self._spent, part) + now - self._since)
        self._since = now
