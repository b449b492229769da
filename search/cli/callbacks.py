"""What a program is told while `run_study` searches: every tick, and every trial that ends.

Reads the scheduler and changes nothing; what a callback raises ends the search, and the same call goes on from there.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.config.base import Value
from search.cli.eta import EtaEstimator, outcome
from search.cli.following import ChangedTrials
from search.fleet.base import DatasetInfo
from search.loop.scheduler import TrialScheduler


@dataclass(frozen=True)
class TickEvent:
    """A search after a tick."""

    tick: int
    alive: int  # trials in training
    done: int  # trials that have ended
    trials: int  # in all
    best: float | None  # value of the best complete trial, or of the best live one so far
    seconds_left: float | None  # about; None before the speed can be measured


@dataclass(frozen=True)
class TrialEvent:
    """A trial that has ended."""

    number: int
    state: str  # complete, pruned, diverged or failed
    parameters: Mapping[str, Value]  # what it was trained with
    value: float | None  # of the objective


class Callbacks:
    """Calls a program's functions after ticks.

    Args:
        on_tick: Called after every tick, and once more at the end, when nothing trains.
        on_trial: Called once for each trial that ends in this run, by number.
    """

    def __init__(
        self, on_tick: Callable[[TickEvent], object] | None, on_trial: Callable[[TrialEvent], object] | None
    ) -> None:
        self._on_tick, self._on_trial = on_tick, on_trial

    def begin(self, scheduler: TrialScheduler, dataset_info: DatasetInfo) -> Callable[[], None]:
        """Return what is to be called after every tick."""
        estimator, changed = EtaEstimator(scheduler, time.monotonic), ChangedTrials(scheduler)
        told = {row.number for row in changed.rows() if row.state != "running"}

        def after_tick() -> None:
            ended = [row for row in changed.rows() if row.state != "running" and row.number not in told]
            told.update(row.number for row in ended)
            for row in ended if self._on_trial else ():
                assert self._on_trial is not None
                parameters = scheduler.study.to_external(row.params)
                self._on_trial(TrialEvent(row.number, outcome(row), parameters, row.value))
            if self._on_tick:
                now = estimator.snapshot()
                best = None if now.best is None else now.best.value
                self._on_tick(TickEvent(now.tick, now.alive, now.done, now.planned, best, now.left))

        return after_tick
