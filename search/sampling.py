"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe import _truncnorm
from optuna.trial import FrozenTrial, TrialState

from models.outcome import outcome
from models.recipe import Parameters, Score, Value
from models.seeds import derive
from search.pruning import Standing, optuna_pruner
from search.space import Choice, Float, Int, Range, exists, in_order, is_conditional, kept
from search.spec import QMC, TPE, Grid, OptunaPruner, Random, Staged, Study
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


def as_mirrored(study: Study, drawn: Mapping[str, Value], **more: Any) -> FrozenTrial:
    """A trial as samplers and evaluators of Optuna are shown it, with `more` of what `optuna.create_trial` takes.

    Where a factor leads from one value to the next, they are shown the value's place: there all steps are as long.
    """
    params = {name: _place(study.space[name], value) for name, value in drawn.items()}
    return optuna.create_trial(
        params=params, distributions={name: _mirrored(study.space[name]) for name in drawn}, **more
    )


def _mirrored(of: Range) -> BaseDistribution:
    return IntDistribution(0, len(of.values) - 1) if isinstance(of, Int) and of.factor else _distribution(of)


def _place(of: Range, value: Value) -> Value:
    return of.values.index(int(value)) if isinstance(of, Int) and of.factor else value


def _at(of: Range, place: Value) -> Value:
    """The inverse of `_place`."""
    return of.values[int(place)] if isinstance(of, Int) and of.factor else place


def _configuration(study: Study, point: Sequence[float]) -> Parameters:
    """The configuration at a point of the unit cube, one coordinate in [0, 1) for each range by name.

    The coordinates of parameters that do not exist there are passed over.
    """
    values = {name: _value(study.space[name], share) for name, share in zip(sorted(study.space), point, strict=True)}
    return kept(study.space, values)


def _value(of: Range, share: float) -> Value:
    """The value that has this share of the range below it; in a Choice, or an Int without log, all are as likely."""
    match of:
        case Choice():
            return of.values[int(share * len(of.values))]
        case Int() if of.factor is not None:
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


# How many looks at the other trials TPE takes to fill the places that are free at a tick. A look takes 30 ms, so that a
# thousand would take half a minute; sixteen are what a study on a laptop has places.
LOOKS = 16

# --- the mirror -------------------------------------------------------------------------------------------------------


class _Excerpt(optuna.storages.InMemoryStorage):
    """A storage in memory that can keep some trials to itself, and keeps no notes of TPE's.

    TPE notes with a live trial what it drew, parameters that came not to exist in it among them, and would be repelled
    by these; a mirror built anew from the record has no such notes.
    """

    shown: set[int] | None = None  # numbers of the trials that are told of; None: all

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Keep a note, unless it is TPE's."""
        if not key.startswith("tpe:"):
            super().set_trial_system_attr(trial_id, key, value)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of a study that are shown."""
        if self.shown is None or states == (TrialState.WAITING,):
            return super().get_all_trials(study_id, deepcopy, states)
        ids = [self.get_trial_id_from_study_id_trial_number(study_id, number) for number in sorted(self.shown)]
        return [trial for trial in map(self.get_trial, ids) if states is None or trial.state in states]


@contextmanager
def _by_scipy() -> Iterator[None]:
    """Let Optuna take the logarithm of the normal distribution from SciPy, and not number by number: a twentieth.

    It agrees to 1e-7. Single draws do without, so that they stay what they are to the last bit.
    """
    from scipy.special import log_ndtr

    theirs = _truncnorm._log_ndtr
    _truncnorm._log_ndtr = cast(Any, log_ndtr)
    try:
        yield
    finally:
        _truncnorm._log_ndtr = theirs


class Estimator(optuna.samplers.TPESampler):
    """TPE that draws several trials from one look at the others, each the best of as many candidates as ever.

    The look is what takes long, and for a thousand free places a thousand looks that hardly differ would be taken.
    """

    def __init__(self, trials: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._trials, self._drawing = trials, 1
        self._space: dict[str, BaseDistribution] | None = None
        self._ready: list[dict[str, Any]] = []  # parameters that all trials have, for those that are still to be drawn

    def take(self, names: Set[str]) -> dict[str, Any] | None:
        """What was drawn for the next trial, if these are all its parameters."""
        return self._ready.pop(0) if self._ready and self._ready[0].keys() == names else None

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that all trials have."""
        if self._space is None:
            self._space = super().infer_relative_search_space(study, trial)
        return self._space

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return these parameters for one trial."""
        if not self._ready:
            each = self._n_ei_candidates
            self._drawing, self._n_ei_candidates = self._trials, each * self._trials
            with _by_scipy() if self._trials > 1 else nullcontext():
                first = super().sample_relative(study, trial, search_space)
            self._drawing, self._n_ei_candidates = 1, each
            self._ready.insert(0, first)
        return self._ready.pop(0)

    def _compute_acquisition_func(self, samples: dict[str, Any], below: Any, above: Any) -> Any:
        """Keep the best of each further trial's candidates, and leave the first trial's to TPE itself."""
        worth = super()._compute_acquisition_func(samples, below, above)
        if self._drawing > 1:
            assert self._space is not None
            each = worth.size // self._drawing
            best = worth.reshape(self._drawing, each).argmax(axis=1) + each * np.arange(self._drawing)
            self._ready = [
                {name: self._space[name].to_external_repr(values[place].item()) for name, values in samples.items()}
                for place in best[1:]
            ]
            worth[each:] = -math.inf
        return worth


class Mirror:
    """An Optuna study in memory that mirrors the record: what TPE and the pruners of Optuna see.

    Every method says "let this be so", as the record's do: what is there already stays, and saying it again changes
    nothing. `study` is the Optuna study; it carries the pruner that our study names, if that is one of Optuna's.
    Raises UserError where Optuna has no such pruner.
    """

    def __init__(self, study: Study, trials: Iterable[TrialRow] = (), scores: Iterable[tuple[int, Score]] = ()) -> None:
        pruner = optuna_pruner(study.pruner) if isinstance(study.pruner, OptunaPruner) else optuna.pruners.NopPruner()
        self._searched = study
        self._storage = _Excerpt()
        # Hyperband deals its brackets by the study's name, which Optuna would otherwise make up afresh each time.
        self.study = optuna.create_study(
            storage=self._storage, study_name="mirror", direction="maximize", pruner=pruner
        )
        self._study_id = self._storage.get_study_id_from_name("mirror")
        self._over: list[tuple[int, float, float, int]] = []  # finished trials, best first; their number comes last
        self._live: set[int] = set()
        self._names = in_order(study.space)
        self._sampler: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler()
        self._drawn_before = 0  # that number, `_sampler` draws all trials
        self._shown: set[int] | None = None  # to it
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
            if (there := self.drawn(row.number)) != row.drawn:
                raise RuntimeError(f"trial {row.number} has {there}, not {row.drawn}")
            return
        self._put({name: _place(self._searched.space[name], value) for name, value in row.drawn.items()})

    def _put(self, params: Mapping[str, Value]) -> None:
        """Add a running trial. Optuna's `add_trial` would copy all of it, which takes ten times as long."""
        self._live.add(len(self))
        trial_id = self._storage.create_new_trial(self._study_id)
        for name, value in params.items():
            of = _mirrored(self._searched.space[name])
            self._storage.set_trial_param(trial_id, name, of.to_internal_repr(value), of)

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
        self._live.discard(number)
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
        if isinstance(self._sampler, Estimator) and (ready := self._sampler.take(set(self._names))) is not None:
            self._put(ready)
            return self.drawn(number)
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
        return Estimator(
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


def _suggest(trial: optuna.Trial, name: str, of: BaseDistribution) -> Value:
    """Draw one parameter of a trial that Optuna has begun."""
    match of:
        case FloatDistribution():
            return trial.suggest_float(name, of.low, of.high, step=of.step, log=of.log)
        case IntDistribution():
            return trial.suggest_int(name, of.low, of.high, step=of.step, log=of.log)
        case CategoricalDistribution():
            return cast(Value, trial.suggest_categorical(name, of.choices))
    raise TypeError(f"{name} has {of}, which no range becomes")


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


def draw(study: Study, number: int, mirror: Mirror, together: int = 1) -> Parameters | None:
    """What trial `number` tries, as Optuna holds it, or None where a grid or the stages are used up.

    A stage without a winner uses them up as well: `stuck` tells of it. Trial numbers count the baselines, which come
    first and are not drawn. TPE reads the mirror, leaves the trial running in it, and may draw those after it with it:
    `together` must not be more than are certainly asked for before the mirror hears of anything else. Stages read which
    trials have ended, and how; the others are functions of the study's seed and the number alone.
    """
    place = number - len(study.baselines)  # among the drawn trials
    assert place >= 0, "a baseline is not drawn"
    match study.sampler:
        case TPE() as tpe:
            # What every trial has is drawn together; what exists only in some, from those that have it.
            drawn: Parameters | None = mirror.ask(number, tpe, together)
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
    different = _branches(study, grid) if is_conditional(study.space) else None
    cells = math.prod(shape) if different is None else len(different)
    if place >= cells:
        return None
    order = np.random.Generator(np.random.PCG64(derive(study.seed, "grid"))).permutation(cells)
    if different is not None:
        return study.drawn(different[order[place]])
    corner = np.unravel_index(order[place], shape)
    return study.drawn({name: grid.values[name][int(index)] for name, index in zip(names, corner, strict=True)})


def _branches(study: Study, grid: Grid) -> list[Parameters]:
    """Every cell of a grid over a conditional space, once: a parameter is varied only where it exists."""
    cells: list[Parameters] = [{}]
    for name in in_order(study.space):
        of = study.space[name]
        grown = [[cell | {name: it} for it in grid.values[name]] if exists(of, cell) else [cell] for cell in cells]
        cells = [cell for several in grown for cell in several]
    return cells


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


class Tried:
    """Which trials tried what, of those that count: trials that are neither failed nor themselves repeats.

    Told of every trial when it is begun and when it ends, in any order, and as often as one likes.
    """

    def __init__(self, rows: Iterable[TrialRow] = ()) -> None:
        self._first: dict[frozenset[tuple[str, Value]], int] = {}
        for row in rows:
            self.add(row)

    def first(self, drawn: Mapping[str, Value]) -> int | None:
        """The number of the trial that tries the same, live ones among them; None if it is new."""
        return self._first.get(frozenset(drawn.items()))

    def add(self, row: TrialRow) -> None:
        """Count a trial, unless another one tried the same before it."""
        if row.state != "failed" and row.repeat_of is None:
            self._first.setdefault(frozenset(row.drawn.items()), row.number)

    def end(self, row: TrialRow) -> None:
        """Count a trial no more if it failed."""
        if row.state == "failed" and self.first(row.drawn) == row.number:
            del self._first[frozenset(row.drawn.items())]
