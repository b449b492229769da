"""How far a search is, and about how long it still takes. Reads the scheduler; its clock is an argument."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from search.cli.following import ChangedTrials
from search.config.study import Study
from search.loop.members import values_of
from search.loop.scheduler import TrialScheduler
from search.objective import Objective, select_epoch
from search.trial import TrialRow

RECENT = 20  # snapshots over which the speed is measured: enough to even out, few enough to follow a slower machine
PRIOR_TRIALS = 4.0  # trials for which the pruner's own rule counts, beside those that were seen at an epoch


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
    """Follows one run from its beginning: the time left is the recent speed times the epochs that are expected."""

    def __init__(self, scheduler: TrialScheduler, clock: Callable[[], float]) -> None:
        self._scheduler, self._clock = scheduler, clock
        self._planned = planned_trials(scheduler.study)
        self._changed, self._ended = ChangedTrials(scheduler), Counter[str]()
        self._broken_off = 0  # epochs that trials were not trained for because they diverged or failed
        self._recent: deque[tuple[float, int]] = deque(maxlen=RECENT + 1)  # (time, epochs trained)
        if not scheduler.rows:  # a resumed search has trained before: how much, is known after its first tick
            self._recent.append((clock(), 0))

    def snapshot(self) -> ProgressSnapshot:
        """Return the search as it is now."""
        scheduler, study = self._scheduler, self._scheduler.study
        if self._changed.went_back:
            self._recent.clear()
            self._ended.clear()
            self._broken_off = 0
        ended = [row for row in self._changed.rows() if row.state != "running"]
        self._ended.update(map(outcome, ended))
        curves = [
            scheduler.history.curves.get(row.number, ()) for row in ended if outcome(row) in ("diverged", "failed")
        ]
        self._broken_off += sum(study.epochs - len(curve) for curve in curves if curve)
        reached, ages = scheduler.history.reached, Counter(live.curve[-1].epoch for live in scheduler.live.values())
        trained, alive, paused = reached.total(), len(scheduler.live), scheduler.paused.values()
        self._recent.append((self._clock(), trained))
        (since, before), (now, _) = self._recent[0], self._recent[-1]
        left = None
        if trained > before and now > since:
            unbegun = self._planned - self._ended.total() - alive - len(paused)
            left = epochs_left(study, unbegun, reached, ages) * (now - since) / (trained - before)
        over = reached[1] - alive - len(paused)
        saved = (
            study.epochs * over
            - self._broken_off
            - (trained - sum(ages.elements()) - sum(len(trial.curve) for trial in paused))
        )
        best, baseline = _best_so_far(scheduler), _best_baseline(scheduler)
        return ProgressSnapshot(
            tick=scheduler.tick,
            alive=alive,
            paused=len(paused),
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


def planned_trials(study: Study) -> int:
    """Return the number of trials in all: the budget, or fewer where the sampler has no more to propose."""
    most = study.sampler.max_proposals
    return study.trials if most is None else min(study.trials, study.opening + most)


def epochs_left(study: Study, unbegun: int, reached: Mapping[int, int], ages: Mapping[int, int]) -> float:
    """Return how many more epochs are expected: of live trials, and of those that have not begun.

    Args:
        study: The study.
        unbegun: How many trials have not begun.
        reached: Epoch -> how many trials have trained it.
        ages: Epoch -> how many live trials have trained it last.
    """
    expected = expected_epochs(study, reached, ages)
    return unbegun * expected[0] + sum(count * expected[age] for age, count in ages.items())


def expected_epochs(
    study: Study, reached: Mapping[int, int] | None = None, ages: Mapping[int, int] | None = None
) -> list[float]:
    """Return how many more epochs a trial trains after 0, 1, 2, ... epochs: by the trials so far and the pruner's rule.

    Live trials count as far as they have come (the product limit of Kaplan and Meier 1958), paused ones as ended.

    Args:
        study: The study.
        reached: Epoch -> how many trials have trained it.
        ages: Epoch -> how many live trials have trained it last.
    """
    reached, ages, by_rule = reached or {}, ages or {}, study.pruner.rungs(study.epochs)
    epochs = [0.0] * (study.epochs + 1)
    for epoch in range(study.epochs, 0, -1):
        seen, went_on = reached.get(epoch, 0), reached.get(epoch + 1, 0) + ages.get(epoch, 0)
        share = (went_on + PRIOR_TRIALS * by_rule.get(epoch, 1.0)) / (seen + PRIOR_TRIALS)
        epochs[epoch - 1] = 1 + share * epochs[epoch]
    return epochs
