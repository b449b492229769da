"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from models.config.base import Parameters, Value
from models.config.messages import EpochMetrics
from models.seeds import derive
from search.config.conditions import exists, in_order
from search.config.pruners import OptunaPruner
from search.config.samplers import TPE, Staged
from search.config.study import Study
from search.objective import select_epoch
from search.pruners.optuna import optuna_pruner
from search.samplers.distributions import _at, _mirrored, _place, _suggest
from search.samplers.optuna_internals import _Excerpt
from search.samplers.tpe import BatchTPESampler
from search.trial import State, TrialRow


class Mirror:
    """An Optuna study in memory that mirrors the record: what TPE and the pruners of Optuna see.

    Every method says "let this be so", as the record's do: what is there already stays, and saying it again changes
    nothing. `study` is the Optuna study; it carries the pruner that our study names, if that is one of Optuna's.
    Raises UserError where Optuna has no such pruner.
    """

    def __init__(
        self, study: Study, trials: Iterable[TrialRow] = (), scores: Iterable[tuple[int, EpochMetrics]] = ()
    ) -> None:
        pruner = optuna_pruner(study.pruner) if isinstance(study.pruner, OptunaPruner) else optuna.pruners.NopPruner()
        self._searched = study
        self._storage = _Excerpt()
        # Hyperband deals its brackets by the study's name, which Optuna would otherwise make up afresh each time.
        self.study = optuna.create_study(
            storage=self._storage, study_name="mirror", direction=study.objective.direction, pruner=pruner
        )
        self._study_id = self._storage.get_study_id_from_name("mirror")
        self._over: list[tuple[int, float, float, int]] = []  # finished trials, best first; their number comes last
        self._live: set[int] = set()
        self._names = in_order(study.space)
        self._sampler: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler()
        self._drawn_before = 0  # that number, `_sampler` draws all trials
        self._shown: set[int] | None = None  # to it
        self._objective = study.objective
        self._curves: dict[int, list[EpochMetrics]] | None = {} if isinstance(study.sampler, Staged) else None
        known = list(trials)
        for row in known:
            self.insert(row)
        for _, score in scores:
            self.report(score)
        for row in known:
            if row.state != "running":
                self.tell(row.number, row.state, row.value)

    def __len__(self) -> int:
        return self._storage.get_n_trials(self._study_id)

    def insert(self, row: TrialRow) -> None:
        """Trial `row.number`, running with `row.drawn`. RuntimeError if it has other parameters, or leaves a gap."""
        if row.number > len(self):
            raise RuntimeError(f"trial {row.number} cannot follow {len(self)} trials")
        if row.number < len(self):
            if (there := self.params_of(row.number)) != row.params:
                raise RuntimeError(f"trial {row.number} has {there}, not {row.params}")
            return
        self._put({name: _place(self._searched.space[name], value) for name, value in row.params.items()})

    def _put(self, params: Mapping[str, Value]) -> None:
        """Add a running trial. Optuna's `add_trial` would copy all of it, which takes ten times as long."""
        self._live.add(len(self))
        trial_id = self._storage.create_new_trial(self._study_id)
        for name, value in params.items():
            of = _mirrored(self._searched.space[name])
            self._storage.set_trial_param(trial_id, name, of.to_internal_repr(value), of)

    def report(self, score: EpochMetrics) -> None:
        """One epoch of trial `score.lane`.

        A diverged one gives no value but a broken constraint: to TPE the trial is then worse than every pruned one.
        By its values alone, one that diverged late would look better than one that was pruned early.
        """
        trial_id, trial = self._trial(score.lane)
        if trial.state.is_finished():
            return
        if self._curves is not None:
            self._curves.setdefault(score.lane, []).append(score)
        if not self._objective.is_finite(score.validation):
            if not trial.constraints:
                optuna.Trial(self.study, trial_id).set_constraint("diverged", 1.0)
        elif score.epoch not in trial.intermediate_values:
            self._storage.set_trial_intermediate_value(trial_id, score.epoch, self._objective.value(score.validation))

    def tell(self, number: int, state: State, value: float | None) -> None:
        """Trial `number` has ended; `value` is its score, None where it has none."""
        trial_id, trial = self._trial(number)
        if trial.state.is_finished():
            return
        self._storage.set_trial_state_values(trial_id, _ENDS[state], None if value is None else [value])
        self._live.discard(number)
        # The order in which TPE itself divides good trials from others: complete ones, then pruned ones by their step.
        step = trial.last_step or 0
        last = self._objective.cost(trial.intermediate_values[step]) if step else math.inf
        if state == "complete" and value is not None:
            insort(self._over, (0, self._objective.cost(value), 0.0, number))
        else:
            insort(self._over, (1 if state == "pruned" else 2, -step, last, number))

    def is_over(self, number: int) -> bool:
        """Whether trial `number` has been here and has ended."""
        return number < len(self) and self._trial(number)[1].state.is_finished()

    def best_of(self, numbers: Iterable[int]) -> int | None:
        """The best of these trials that are complete, in a staged study; ties as everywhere. None if none is."""
        assert self._curves is not None
        keys = []
        for number in numbers:
            if self._trial(number)[1].state == TrialState.COMPLETE:
                selected = select_epoch(self._curves[number], self._searched.keep, self._objective)
                assert selected is not None  # it has not diverged
                keys.append(self._objective.key(selected.validation, number))
        return min(keys)[2] if keys else None

    def params_of(self, number: int) -> Parameters:
        """What trial `number` tries, as Optuna holds it."""
        params = self._trial(number)[1].params
        return {name: _at(self._searched.space[name], value) for name, value in params.items()}

    def ask(self, number: int, tpe: TPE, together: int) -> Parameters:
        """What TPE tries in trial `number`, which runs in the mirror from then on: inserting it is harmless.

        Unless it was drawn with those before it, it is drawn together with those after it, so many in all.
        """
        if number != len(self):
            raise RuntimeError(f"trial {number} cannot be drawn after {len(self)} trials")
        if number >= self._drawn_before:
            self._drawn_before = number + together
            self._sampler = self._estimator(number, tpe, together)
            self._shown = self._excerpt(number, tpe)
        if isinstance(self._sampler, BatchTPESampler) and (ready := self._sampler.take(set(self._names))) is not None:
            self._put(ready)
            return self.params_of(number)
        self.study.sampler = self._sampler
        self._storage.shown = None if self._shown is None else self._shown | {number}
        try:
            trial, drawn, space = self.study.ask(), Parameters(), self._searched.space
            for name in self._names:
                if exists(space[name], drawn):
                    drawn[name] = _at(space[name], _suggest(trial, name, _mirrored(space[name])))
        finally:
            self._storage.shown = None
        self._live.add(number)
        return drawn

    def _estimator(self, number: int, tpe: TPE, together: int) -> optuna.samplers.BaseSampler:
        """What draws so many trials, `number` being the first. Built afresh: no hidden state has to survive a crash."""
        seed = derive(self._searched.seed, "tpe", number) % 2**32
        if bisect_left(self._over, (2,)) < tpe.startup:  # TPE draws these so as well, but looks at all trials before
            return optuna.samplers.RandomSampler(seed)
        return BatchTPESampler(
            together,
            seed=seed,
            n_startup_trials=tpe.startup,
            multivariate=True,
            constant_liar=True,  # live trials repel: many are drawn before the first has ended
        )

    def _excerpt(self, number: int, tpe: TPE) -> set[int] | None:
        """The trials that TPE is shown, so that a draw does not take longer the more there are. None: all.

        Of finished ones the best sixth of `considered` and, drawn by number, some of the others; of live ones a third
        as many, drawn likewise.
        """
        most = tpe.considered // 3
        if len(self._over) <= tpe.considered and len(self._live) <= most:
            return None
        finished, live = [trial for *_, trial in self._over], sorted(self._live)
        if len(finished) > tpe.considered:
            best = tpe.considered // 6
            finished = finished[:best] + self._some(finished[best:], tpe.considered - best, "considered", number)
        if len(live) > most:
            live = self._some(live, most, "live", number)
        return {*finished, *live}

    def _some(self, trials: Sequence[int], many: int, word: str, number: int) -> list[int]:
        generator = np.random.Generator(np.random.PCG64(derive(self._searched.seed, word, number)))
        return [trials[place] for place in generator.choice(len(trials), many, replace=False)]

    def _trial(self, number: int) -> tuple[int, FrozenTrial]:
        """The trial and Optuna's name for it."""
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        return trial_id, self._storage.get_trial(trial_id)


_ENDS = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
