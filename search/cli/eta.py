"""How far a search is, and about how long it still takes. Reads the scheduler; its clock is an argument."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from search.cli.following import ChangedTrials
from search.cli.work import Pace, best_first, planned_trials, work_left
from search.loop.members import values_of
from search.loop.scheduler import TrialScheduler
from search.objective import Objective, select_epoch
from search.trial import TrialRow


@dataclass(frozen=True)
class ProgressSnapshot:
    """A search between two ticks."""

    tick: int
    alive: int  # trials in training
    paused: int  # trials that wait to be promoted
    ended: Mapping[str, int]  # how many trials ended as complete, pruned, diverged and failed
    planned: int  # trials in all
    best: TrialRow | None  # the best complete trial, or the best live one, with the parameters that are trained
    baseline: float | None  # value of the best complete baseline
    trained: int  # epochs
    saved: int  # epochs that complete and pruned trials were not trained for
    left: float | None  # seconds, about; None before the speed can be measured
    objective: Objective = field(default_factory=Objective)  # whose values `best` and `baseline` are

    @property
    def done(self) -> int:
        """Trials that have ended."""
        return sum(self.ended.values())


class EtaEstimator:
    """Follows one run from its beginning: the time left is the work that is expected, at the recent pace."""

    def __init__(self, scheduler: TrialScheduler, clock: Callable[[], float]) -> None:
        self._scheduler, self._pace = scheduler, Pace(clock)
        self._planned = planned_trials(scheduler.study)
        self._changed, self._ended = ChangedTrials(scheduler), Counter[str]()
        self._broken_off = 0  # epochs that trials were not trained for because they diverged or failed
        if not scheduler.rows:  # a resumed search has trained before: how much, is known after its first tick
            self._pace.note(0.0)

    def snapshot(self) -> ProgressSnapshot:
        """Return the search as it is now."""
        scheduler, study = self._scheduler, self._scheduler.study
        if self._changed.went_back:
            self._pace.clear()
            self._ended.clear()
            self._broken_off = 0
        ended = [row for row in self._changed.rows() if row.state != "running"]
        self._ended.update(map(outcome, ended))
        curves = [
            scheduler.history.curves.get(row.number, ()) for row in ended if outcome(row) in ("diverged", "failed")
        ]
        self._broken_off += sum(study.epochs - len(curve) for curve in curves if curve)
        history, reached = scheduler.history, scheduler.history.reached
        training = {number: len(live.curve) for number, live in scheduler.live.items()}
        waiting = best_first({number: trial.curve for number, trial in scheduler.paused.items()}, study.objective)
        trained, alive, paused = reached.total(), len(training), len(waiting)
        self._pace.note(history.spent)
        left = None
        if (pace := self._pace.seconds()) is not None:
            unbegun = self._planned - self._ended.total() - alive - paused
            left = pace * work_left(study, unbegun, reached, training, waiting, history.epoch_seconds)
        over = reached[1] - alive - paused
        saved = study.epochs * over - self._broken_off - (trained - sum(training.values()) - sum(waiting.values()))
        best, baseline = _best_so_far(scheduler), _best_baseline(scheduler)
        return ProgressSnapshot(
            tick=scheduler.tick,
            alive=alive,
            paused=paused,
            ended=dict(self._ended),
            planned=self._planned,
            best=best,
            baseline=baseline,
            trained=trained,
            saved=saved,
            left=left,
            objective=study.objective,
        )


def outcome(row: TrialRow) -> str:
    """Return "running", "complete", "pruned", "diverged" or "failed"."""
    return "diverged" if row.diverged_at else row.state


def _best_so_far(scheduler: TrialScheduler) -> TrialRow | None:
    """Return the best complete trial; before there is one, the best unfinished trial with its value so far."""
    study, row = scheduler.study, scheduler.history.best()
    if row is None:
        unfinished = {**scheduler.live, **scheduler.paused}
        epochs = {n: select_epoch(trial.curve, study.keep, study.objective) for n, trial in unfinished.items()}
        keys = [study.objective.key(epoch.validation, number) for number, epoch in epochs.items() if epoch is not None]
        if not keys:
            return None
        number = min(keys)[2]
        best = epochs[number]
        assert best is not None
        row = replace(scheduler.rows[number], **values_of(best, study.objective))
    return replace(row, params=study.to_external(row.params))


def _best_baseline(scheduler: TrialScheduler) -> float | None:
    rows = [scheduler.rows[number] for number in range(len(scheduler.study.baselines)) if number in scheduler.rows]
    values = [row.value for row in rows if row.state == "complete" and row.value is not None]
    return min(values, key=scheduler.study.objective.cost, default=None)
