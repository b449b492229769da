"""The mirror: an Optuna study in memory with the record's trials, for samplers and pruners to read.

After a crash it is built anew from the record and holds what it held. Knows neither the database nor the models.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import TrialState

from models.config.messages import EpochMetrics
from search.objective import select_epoch
from search.samplers.distributions import to_mirror
from search.samplers.mirrored_trials import MirroredTrials
from search.trial import State, TrialRow

if TYPE_CHECKING:
    from search.config.study import Study
    from search.loop.history import SearchHistory

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Mirror(MirroredTrials):
    """An Optuna study in memory that mirrors the record.

    Every method is idempotent, as the record's are: what is there stays, and saying it again changes nothing.

    Args:
        study: Says which space is searched, and by which sampler and pruner.
        trials: The trials so far.
        scores: Their metrics, each with its tick.

    Attributes:
        study: The Optuna study. It carries the pruner of Optuna that our study names, if it names one.
        live: Numbers of the trials that are running.
        sampler_state: What a sampler keeps from one proposal to the next. Empty after a restart, so no proposal may
            depend on it. A pruner finds it here too, so that both can share what one of them has fitted.
        history: The search so far, with the tick of every score; see `SearchHistory`.
        resident: A sampler of Optuna that proposes all trials, if there is one: it is told of each end.

    Raises:
        UserError: Optuna has no such pruner or sampler.
    """

    history: "SearchHistory"  # set by its maker

    def __init__(
        self, study: "Study", trials: Iterable[TrialRow] = (), scores: Iterable[tuple[int, EpochMetrics]] = ()
    ) -> None:
        super().__init__(study)
        self._keep, self._objective = study.keep, study.objective
        self._ended: list[tuple[int, float, float, int]] = []  # best first; the trial's number comes last
        self._curves: dict[int, list[EpochMetrics]] | None = {} if study.sampler.reads_curves else None
        self.sampler_state: dict[str, Any] = {}
        self.resident: optuna.samplers.BaseSampler | None = None
        self._others: list[int] = []  # trials that another program added or suggested
        study.sampler.begin(study)
        for row in (rows := list(trials)):
            self.insert(row)
        for _, metrics in scores:
            self.report(metrics)
        for row in rows:
            if row.state != "running":
                self.tell(row.number, row.state, row.value, row.second)

    # --- what the loop tells

    def insert(self, row: TrialRow) -> None:
        """Add a trial, which runs with `row.params`.

        Raises:
            RuntimeError: The trial is there with other parameters, or leaves a gap.
        """
        if row.number > len(self):
            raise RuntimeError(f"trial {row.number} cannot follow {len(self)} trials")
        if row.number < len(self):
            if (params := self.params_of(row.number)) != row.params:
                raise RuntimeError(f"trial {row.number} has {params}, not {row.params}")
            return
        if not row.is_planned:
            self._others.append(row.number)
        if not row.params:
            self._empty.add(row.number)
        self.run({name: to_mirror(self._space[name], value) for name, value in row.params.items()})
        self._storage.note(self._study_id, self._trial(row.number)[0], row.notes)

    def report(self, metrics: EpochMetrics) -> None:
        """Add one epoch of trial `metrics.lane`.

        A diverged epoch gives no value but a broken constraint: to TPE the trial is then worse than every pruned one.
        By its values alone, a trial that diverged late would look better than one that was pruned early. Of two
        objectives Optuna knows no values of single epochs.
        """
        trial_id, trial = self._trial(metrics.lane)
        if trial.state.is_finished():
            return
        if self._curves is not None:
            self._curves.setdefault(metrics.lane, []).append(metrics)
        if not self._objective.is_finite(metrics.validation):
            if not trial.constraints:
                optuna.Trial(self.study, trial_id).set_constraint("diverged", 1.0)
        elif self._objective.beside is None and metrics.epoch not in trial.intermediate_values:
            value = self._objective.value(metrics.validation)
            self._storage.set_trial_intermediate_value(trial_id, metrics.epoch, value)

    def tell(self, number: int, state: State, value: float | None, second: float | None = None) -> None:
        """End a trial.

        Args:
            number: The trial's.
            state: How it ended.
            value: The objective's value; None where it has none.
            second: That of the objective beside it.
        """
        trial_id, trial = self._trial(number)
        if trial.state.is_finished():
            return
        told = _STATES[state], None if value is None else [value]
        if self._objective.beside is not None:  # of which Optuna tells values of complete trials alone
            told = _STATES[state], [value, second] if state == "complete" else None  # type: ignore[list-item]
        if self.resident is not None:
            self.resident.after_trial(self.study, trial, *told)
        self._storage.set_trial_state_values(trial_id, *told)
        self.live.discard(number)
        # The order in which TPE itself divides good trials from others: complete ones, then pruned ones by their step.
        step = trial.last_step or 0
        last = self._objective.cost(trial.intermediate_values[step]) if step else math.inf
        if state == "complete" and value is not None:
            insort(self._ended, (0, self._objective.cost(value), 0.0, number))
        else:
            insort(self._ended, (1 if state == "pruned" else 2, -step, last, number))

    # --- what samplers ask

    @property
    def finished(self) -> list[int]:
        """Numbers of the trials that have ended, best first: complete, then pruned, then failed ones."""
        return [number for *_, number in self._ended]

    @property
    def informative(self) -> int:
        """How many trials are complete or pruned."""
        return bisect_left(self._ended, (2,))

    def position(self, number: int) -> int:
        """Return how many of the trials before this one the study planned itself: baselines and proposals."""
        return number - bisect_left(self._others, number)

    def numbers(self, positions: Iterable[int]) -> list[int]:
        """Return which trials have these positions, or will have them: the inverse of `position`."""
        return [
            position + sum(other - before <= position for before, other in enumerate(self._others))
            for position in positions
        ]

    def has_ended(self, number: int) -> bool:
        """Return whether a trial has begun and ended."""
        return number < len(self) and self._trial(number)[1].state.is_finished()

    def best_of(self, numbers: Iterable[int]) -> int | None:
        """Return the best complete trial of these, None if none is complete. For samplers that read curves."""
        assert self._curves is not None
        keys = []
        for number in numbers:
            if self._trial(number)[1].state == TrialState.COMPLETE:
                selected = select_epoch(self._curves[number], self._keep, self._objective)
                assert selected is not None  # it has not diverged
                keys.append(self._objective.key(selected.validation, number))
        return min(keys)[2] if keys else None
