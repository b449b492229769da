"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

import math
from bisect import insort
from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from models.outcome import outcome
from models.recipe import Parameters, Score, Value
from models.seeds import derive
from search.pruning import Standing, optuna_pruner
from search.spec import QMC, TPE, Choice, Float, Grid, Int, OptunaPruner, Random, Range, Staged, Study
from search.trials import State, TrialRow

# --- the space, in Optuna's words and as a unit cube ------------------------------------------------------------------


def distributions(study: Study) -> dict[str, BaseDistribution]:
    """The space as Optuna holds it, by name, so that no draw depends on the order in which a file lists its ranges."""
    return {name: _distribution(study.space[name]) for name in sorted(study.space)}


def _distribution(of: Range) -> BaseDistribution:
    match of:
        case Float():  # where the low end stands for 0, Optuna still holds the low end: see Float.told
            return FloatDistribution(of.low, of.high, log=of.log, step=of.step)
        case Int():
            return IntDistribution(of.low, of.high, log=of.log, step=of.step)
        case Choice():
            return CategoricalDistribution(of.values)


def _configuration(study: Study, point: Sequence[float]) -> Parameters:
    """The configuration at a point of the unit cube, one coordinate in [0, 1) for each range by name."""
    return {name: _value(study.space[name], share) for name, share in zip(sorted(study.space), point, strict=True)}


def _value(of: Range, share: float) -> Value:
    """The value that has this share of the range below it; in a Choice, or an Int without log, all are as likely."""
    match of:
        case Choice():
            return of.values[int(share * len(of.values))]
        case Int(log=True):  # half a unit beyond both bounds, or these would be drawn too seldom
            low, high = math.log(of.low - 0.5), math.log(of.high + 0.5)
            return min(max(round(math.exp(low + share * (high - low))), of.low), of.high)
        case Int():
            return of.low + of.step * int(share * ((of.high - of.low) // of.step + 1))
        case Float(log=True):
            low, high = math.log(of.low), math.log(of.high)
            return min(max(math.exp(low + share * (high - low)), of.low), of.high)
        case Float(step=None):
            return of.low + share * (of.high - of.low)
        case Float():
            assert of.step is not None
            steps = math.floor((of.high - of.low) / of.step + 1e-9)  # (0.3 - 0.0) / 0.1 is 2.9999999999999996
            return min(of.low + of.step * int(share * (steps + 1)), of.high)


# --- the mirror -------------------------------------------------------------------------------------------------------


class _Excerpt(optuna.storages.InMemoryStorage):
    """A storage in memory that can keep some finished trials to itself."""

    shown: set[int] | None = None  # numbers of the finished trials that are told of; None: all

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of a study that are shown, and all live ones."""
        trials = super().get_all_trials(study_id, deepcopy, states)
        if self.shown is None:
            return trials
        return [trial for trial in trials if trial.number in self.shown or not trial.state.is_finished()]


class Mirror:
    """An Optuna study in memory that mirrors the record: what TPE and the pruners of Optuna see.

    Every method says "let this be so", as the record's do: what is there already stays, and saying it again changes
    nothing. `study` is the Optuna study; it carries the pruner that our study names, if that is one of Optuna's.
    Raises UserError where Optuna has no such pruner.
    """

    def __init__(self, study: Study, trials: Iterable[TrialRow] = (), scores: Iterable[tuple[int, Score]] = ()) -> None:
        pruner = optuna_pruner(study.pruner) if isinstance(study.pruner, OptunaPruner) else optuna.pruners.NopPruner()
        self._distributions = distributions(study)
        self._storage = _Excerpt()
        # Hyperband deals its brackets by the study's name, which Optuna would otherwise make up afresh each time.
        self.study = optuna.create_study(
            storage=self._storage, study_name="mirror", direction="maximize", pruner=pruner
        )
        self._study_id = self._storage.get_study_id_from_name("mirror")
        self._over: list[tuple[int, float, float, int]] = []  # finished trials, best first; their number comes last
        self._keep = study.keep
        self._curves: dict[int, list[Score]] | None = {} if isinstance(study.sampler, Staged) else None
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
            _, trial = self._trial(row.number)
            if trial.params != row.drawn:
                raise RuntimeError(f"trial {row.number} has {trial.params}, not {row.drawn}")
            return
        self.study.add_trial(
            optuna.create_trial(
                state=TrialState.RUNNING, params=dict(row.drawn), distributions=dict(self._distributions)
            )
        )

    def report(self, score: Score) -> None:
        """One epoch of trial `score.lane`.

        A diverged one gives no value but a broken constraint: to TPE the trial is then worse than every pruned one.
        By its values alone, one that diverged late would look better than one that was pruned early.
        """
        trial_id, trial = self._trial(score.lane)
        if trial.state.is_finished():
            return
        if self._curves is not None:
            self._curves.setdefault(score.lane, []).append(score)
        if Standing.of(score).diverged:
            if not trial.constraints:
                optuna.Trial(self.study, trial_id).set_constraint("diverged", 1.0)
        elif score.epoch not in trial.intermediate_values:
            self._storage.set_trial_intermediate_value(trial_id, score.epoch, score.validation_accuracy)

    def tell(self, number: int, state: State, value: float | None) -> None:
        """Trial `number` has ended; `value` is its score, None where it has none."""
        trial_id, trial = self._trial(number)
        if trial.state.is_finished():
            return
        self._storage.set_trial_state_values(trial_id, _ENDS[state], None if value is None else [value])
        # The order in which TPE itself divides good trials from others: complete ones, then pruned ones by their step.
        last = trial.intermediate_values.get(trial.last_step or 0, -math.inf)
        if state == "complete" and value is not None:
            insort(self._over, (0, -value, 0.0, number))
        else:
            insort(self._over, (1 if state == "pruned" else 2, -(trial.last_step or 0), -last, number))

    def is_over(self, number: int) -> bool:
        """Whether trial `number` has been here and has ended."""
        return number < len(self) and self._trial(number)[1].state.is_finished()

    def best_of(self, numbers: Iterable[int]) -> int | None:
        """The best of these trials that are complete, in a staged study; ties as everywhere. None if none is."""
        assert self._curves is not None
        standings = []
        for number in numbers:
            if self._trial(number)[1].state == TrialState.COMPLETE:
                speaks = outcome(self._keep, self._curves[number])
                assert speaks is not None  # it has not diverged
                standings.append(Standing(speaks.accuracy, speaks.loss, number))
        return min(standings, key=lambda standing: standing.order).number if standings else None

    def drawn(self, number: int) -> Parameters:
        """What trial `number` tries, as Optuna holds it."""
        return dict(self._trial(number)[1].params)

    def ask(self, number: int, sampler: optuna.samplers.BaseSampler, considered: int, seed: int) -> Parameters:
        """What `sampler` tries in trial `number`, which runs in the mirror from then on: inserting it is harmless.

        Of more than `considered` finished trials it is shown the best sixth and, drawn by `seed`, some of the others.
        """
        if number != len(self):
            raise RuntimeError(f"trial {number} cannot be drawn after {len(self)} trials")
        if len(self._over) > considered:
            best = considered // 6
            others = np.random.Generator(np.random.PCG64(seed)).choice(
                len(self._over) - best, considered - best, replace=False
            )
            shown = [*range(best), *(best + others).tolist()]
            self._storage.shown = {self._over[place][-1] for place in shown}
        self.study.sampler = sampler
        try:
            return self.study.ask(self._distributions).params
        finally:
            self._storage.shown = None

    def _trial(self, number: int) -> tuple[int, FrozenTrial]:
        """The trial and Optuna's name for it."""
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        return trial_id, self._storage.get_trial(trial_id)


_ENDS = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}

# --- the draw ---------------------------------------------------------------------------------------------------------


def must_wait(study: Study, number: int, mirror: Mirror) -> bool:
    """Whether trial `number` cannot begin yet: it belongs to a stage, and the one before is not over.

    To be asked before `draw`, and before the record is looked at: whoever does a tick again after a crash must let the
    same places stand empty.
    """
    if not isinstance(study.sampler, Staged) or number < len(study.baselines):
        return False
    stage, _ = _stage(study.sampler, number - len(study.baselines))
    return stage > 0 and not all(mirror.is_over(earlier) for earlier in _numbers(study, study.sampler, stage - 1))


def draw(study: Study, number: int, mirror: Mirror) -> Parameters | None:
    """What trial `number` tries, as Optuna holds it, or None where a grid or the stages are used up.

    A stage without a winner uses them up as well: `stuck` tells of it. Trial numbers count the baselines, which come
    first and are not drawn. TPE reads the mirror, and leaves the trial running in it; stages read which trials have
    ended, and how; the others are functions of the study's seed and the number alone.
    """
    place = number - len(study.baselines)  # among the drawn trials
    assert place >= 0, "a baseline is not drawn"
    match study.sampler:
        case TPE() as tpe:
            # Built afresh for each draw, so that no hidden state has to survive a crash.
            sampler = optuna.samplers.TPESampler(
                seed=derive(study.seed, "tpe", number) % 2**32,
                n_startup_trials=tpe.startup,
                multivariate=True,
                constant_liar=True,  # live trials repel: many are drawn before the first has ended
            )
            seed = derive(study.seed, "considered", number)
            drawn: Parameters | None = mirror.ask(number, sampler, tpe.considered, seed)
        case Random():
            generator = np.random.Generator(np.random.PCG64(derive(study.seed, "random", number)))
            drawn = _configuration(study, generator.random(len(study.space)).tolist())
        case QMC():
            drawn = _configuration(study, _sobol_point(len(study.space), place, derive(study.seed, "qmc")))
        case Grid() as grid:
            drawn = _cell(study, grid, place)
        case Staged() as staged:
            assert not must_wait(study, number, mirror)
            drawn = _staged(study, staged, place, mirror)
    return drawn


def _sobol_point(dimensions: int, place: int, seed: int) -> list[float]:
    """Point `place` of one scrambled Sobol sequence (Sobol 1967; scrambled after Matousek 1998, as SciPy has it).

    Optuna's QMCSampler keeps its place in the study and draws the first trial at random; a seed for each trial would
    make random search of it. Points are counted from the first one drawn, so that 2^m of them are balanced.
    """
    from scipy.stats import qmc  # takes half a second, which only this sampler is worth

    sequence = qmc.Sobol(dimensions, scramble=True, rng=seed)
    if place > 0:  # SciPy cannot skip nothing
        sequence.fast_forward(place)
    point: list[float] = sequence.random(1)[0].tolist()
    return point


def _cell(study: Study, grid: Grid, place: int) -> Parameters | None:
    """Cell `place` of the shuffled grid, or None behind its end."""
    names = sorted(grid.values)
    shape = tuple(len(grid.values[name]) for name in names)
    cells = math.prod(shape)
    if place >= cells:
        return None
    order = np.random.Generator(np.random.PCG64(derive(study.seed, "grid"))).permutation(cells)
    corner = np.unravel_index(order[place], shape)
    return study.drawn({name: grid.values[name][int(index)] for name, index in zip(names, corner, strict=True)})


# --- stages -----------------------------------------------------------------------------------------------------------


def _stage(staged: Staged, place: int) -> tuple[int, int]:
    """The stage of the drawn trial `place` and its cell there; behind the last stage, one more than there are."""
    for stage, (_, values) in enumerate(staged.stages):
        if place < len(values):
            return stage, place
        place -= len(values)
    return len(staged.stages), place


def _numbers(study: Study, staged: Staged, stage: int) -> range:
    """The trials of a stage."""
    sizes = [len(values) for _, values in staged.stages]
    begin = len(study.baselines) + sum(sizes[:stage])
    return range(begin, begin + sizes[stage])


def _staged(study: Study, staged: Staged, place: int, mirror: Mirror) -> Parameters | None:
    """The cell `place` of all stages: what won the stage before, with the stage's own parameter set to its value."""
    stage, cell = _stage(staged, place)
    if stage == len(staged.stages):
        return None
    name, values = staged.stages[stage]
    if stage == 0:
        return study.drawn(staged.start | {name: values[cell]})
    winner = mirror.best_of(_numbers(study, staged, stage - 1))
    if winner is None:
        return None
    return mirror.drawn(winner) | {name: study.space[name].drawn(values[cell])}


def stuck(study: Study, trials: Sequence[TrialRow]) -> str | None:
    """Why a staged search ended before its last stage: a stage had no winner. None where that is not so."""
    if not isinstance(study.sampler, Staged):
        return None
    for stage, (name, _) in enumerate(study.sampler.stages[:-1]):
        rows = [row for row in trials if row.number in _numbers(study, study.sampler, stage)]
        if len(rows) < len(_numbers(study, study.sampler, stage)) or any(row.state == "running" for row in rows):
            return None
        if all(row.state != "complete" for row in rows):
            return (
                f"the stage of {name} has no winner: none of its {len(rows)} trials came to its end; "
                "state other values for it, and begin anew with --restart"
            )
    return None


# --- repeats ----------------------------------------------------------------------------------------------------------


def repeat_of(drawn: Mapping[str, Value], trials: Iterable[TrialRow]) -> int | None:
    """The number of the first trial that tries the same and is neither failed nor itself a repeat; None if it is new.

    `trials` are those before it, by number, live ones among them.
    """
    for row in trials:
        if row.state != "failed" and row.repeat_of is None and row.drawn == drawn:
            return row.number
    return None
