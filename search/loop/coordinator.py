"""The loop: admit, tick, record, judge, tell, until the budget is spent.

A kill may fall anywhere in it. Nothing is lost, because the run is a function of its study and every write is
idempotent: what resumes takes the newest snapshot that the record has reached, and does again what came after. A
worker that dies or hangs, or a model that raises, is mended in the same way without leaving the run, and so are engines
spread over machines that join. Knows no tensors, and not what a lane is for: that is the workload's to know.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from models.config.messages import EpochMetrics, LaneSpec
from models.errors import UserError
from search.fleet.base import EngineError
from search.fleet.fleet import Fleet
from search.loop.engine_failures import EngineFailures, LaneFailed
from search.loop.snapshots import Snapshots
from search.record.trial_writes import TrialsAdded

MAX_OVERTAKEN = 5  # times in a row that another program was quicker


class Leaving(NamedTuple):
    """A lane that leaves the tick."""

    engine: int
    lane: int
    paused: bool = False  # its engine keeps it, and it may join again


class Workload(Protocol):
    """Something that has lanes to train: the trials of a study, or its finalists."""

    tick: int  # the last one that is recorded

    def resume(self, snapshots: Snapshots) -> None:
        """Go back to what the record and the newest snapshot hold, and load its lanes into the fleet.

        Called first, and again whenever the lanes of a tick were lost; the fleet's engines are empty then.
        """

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Give free lanes to what comes next; returns each joining lane with its engine.

        Raises:
            TrialsAdded: Another program was quicker: what was chosen is not what comes next.
        """

    @property
    def alive(self) -> bool:
        """Whether any lane is left to train."""

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write down the scores of the next tick."""

    def settle(self) -> list[Leaving]:
        """Judge every lane by the recorded scores; returns those that end or are paused."""

    def fail(self, lane: int, reason: str) -> None:
        """Write down that a lane could not be trained for its next epoch: after `resume` it ends before that.

        Raises:
            UserError: The workload cannot do without it.
        """

    def state(self) -> dict[str, Any]:
        """Return what a snapshot must hold besides the lanes' tensors."""


@dataclass
class Spent:
    """Where the time went, in seconds."""

    training: float = 0.0
    sampling: float = 0.0
    recording: float = 0.0
    judging: float = 0.0
    callbacks: float = 0.0  # what is called after a tick: the display, loggers, functions of a program
    snapshots: float = 0.0

    @property
    def total(self) -> float:
        """The sum."""
        return self.training + self.sampling + self.recording + self.judging + self.callbacks + self.snapshots


def run(
    workload: Workload,
    fleet: Fleet,
    snapshots: Snapshots,
    *,
    pause: Callable[[], bool] = lambda: False,
    after_tick: Callable[[], None] = lambda: None,
    spent: Spent | None = None,
) -> bool:
    """Train a workload until it has no lanes left.

    A tick in which an engine fails is undone and done again. Where it fails again, it is done lane by lane, and the
    lane that fails alone is given to `Workload.fail`.

    Args:
        workload: Has the lanes.
        fleet: Trains them.
        snapshots: Those of this run.
        pause: Asked after every tick; True ends the run with a snapshot.
        after_tick: Called after every tick.
        spent: Where the time is added up.

    Returns:
        Whether the workload is finished; else it was paused.
    """
    stopwatch, failures, overtaken = _Stopwatch(spent or Spent()), EngineFailures(), 0
    workload.resume(snapshots)
    while True:
        try:
            stopwatch("snapshots")
            joining = workload.admit()
            overtaken = 0
            stopwatch("sampling")
            if not workload.alive:
                after_tick()  # trials that waited, or repeat others, may have ended since the last one
                snapshots.clear()
                return True
            if failures.will_repeat_at(workload.tick + 1):
                scores = failures.one_by_one(workload.tick + 1, fleet, joining)
            else:
                scores = fleet.tick(workload.tick + 1, joining)
            stopwatch("training")
            workload.record(scores)
            stopwatch("recording")
            for leaving in workload.settle():
                (fleet.pause if leaving.paused else fleet.drop)(leaving.engine, leaving.lane)
            stopwatch("judging")
            after_tick()
            stopwatch("callbacks")
            if pause():
                snapshots.keep(workload.tick, workload.state())
                return False
            snapshots.keep_if_due(workload.tick, workload.state)
            if not fleet.can_expand:
                continue
            snapshots.keep(workload.tick, workload.state())  # machines have joined: the lanes go on with more room
        except LaneFailed as failed:
            snapshots.forget(workload.tick)  # it has the lane, which is now to end at this very tick
            workload.fail(failed.lane, failed.reason)
            failures = EngineFailures()
        except EngineError as error:
            stopwatch("training")
            failures.count(workload.tick + 1, error)
            if error.died:
                fleet.notes.append(f"tick {workload.tick + 1}: {error}; its trials go on from where they were")
        except TrialsAdded as error:
            overtaken += 1
            if overtaken == MAX_OVERTAKEN:
                raise UserError(
                    f"another program adds trials to `{error}` faster than new ones can be drawn",
                    "let it have a study of its own; then give the same command again, it goes on",
                ) from error
        fleet.rebuild()  # hosts that died, which `HostHandle.receive` has noticed, are started again
        workload.resume(snapshots)


class _Stopwatch:
    """Adds the time since the last call to a part of `Spent`."""

    def __init__(self, spent: Spent, clock: Callable[[], float] = time.perf_counter) -> None:
        self._spent, self._clock, self._since = spent, clock, clock()

    def __call__(self, part: str) -> None:
        now = self._clock()
        setattr(self._spent, part, getattr(self._spent, part) + now - self._since)
        self._since = now
