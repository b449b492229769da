"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from models.config.base import Parameters, Value
from search.config.conditions import kept
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study

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
