"""The search space in Optuna's words: what the record holds, and what the mirror shows to samplers.

They differ in one thing. Where a factor leads from one value to the next, the mirror holds the value's index, so that
for a sampler all steps are equally long.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from models.config.base import Value
from search.config.space import Choice, Float, Int, Range

if TYPE_CHECKING:
    from search.config.study import Study


def distributions(study: "Study") -> dict[str, BaseDistribution]:
    """Return the space as the record holds it, sorted by name: no draw depends on the order of a file's ranges."""
    return {name: _distribution(study.space[name]) for name in sorted(study.space)}


def _distribution(search_range: Range) -> BaseDistribution:
    match search_range:
        case Float(low=low, high=high, log=log, step=step):  # Optuna holds the low end also where that stands for 0
            return FloatDistribution(low, high, log=log, step=step)
        case Int():
            return IntDistribution(search_range.low, search_range.high, log=search_range.log, step=search_range.step)
        case Choice():
            return CategoricalDistribution(search_range.values)


def mirrored_distribution(search_range: Range) -> BaseDistribution:
    """Return a range as the mirror shows it."""
    if isinstance(search_range, Int) and search_range.factor:
        return IntDistribution(0, len(search_range.values) - 1)
    return _distribution(search_range)


def to_mirror(search_range: Range, value: Value) -> Value:
    """Return what the mirror holds for a value of the record."""
    if isinstance(search_range, Int) and search_range.factor:
        return search_range.values.index(int(value))
    return value


def from_mirror(search_range: Range, value: Value) -> Value:
    """Return what the record holds for a value of the mirror: the inverse of `to_mirror`."""
    if isinstance(search_range, Int) and search_range.factor:
        return search_range.values[int(value)]
    return value


def as_mirrored(study: "Study", params: Mapping[str, Value], **more: Any) -> FrozenTrial:
    """Return a trial as samplers and evaluators of Optuna are shown it.

    Args:
        study: Its space.
        params: The trial's parameters as the record holds them.
        more: Further arguments of `optuna.create_trial`.
    """
    return optuna.create_trial(
        params={name: to_mirror(study.space[name], value) for name, value in params.items()},
        distributions={name: mirrored_distribution(study.space[name]) for name in params},
        **more,
    )


def suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> Value:
    """Let a trial of Optuna draw one parameter."""
    match distribution:
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(name, low, high, step=step, log=log)
        case IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            return cast(Value, trial.suggest_categorical(name, choices))
    raise TypeError(f"{name} has {distribution}, which no range becomes")
