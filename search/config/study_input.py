"""From what a study file writes to the fields of a study: before anything is checked. Changes nothing of its input."""

from collections.abc import Mapping
from typing import Any

from models.config.families import FamilyConfig
from models.config.own_metric import OwnMetric, own_metric
from models.config.task import REGRESSION, task_of_data, task_of_loss
from models.datasets.registry import parse_data
from search.config.relations import Derived
from search.config.space import Choice, Float, Int
from search.objective import Objective


def fields_of(given: Any) -> Any:
    """Return the fields of a study, from the arguments that a study file gives or from a dump."""
    for step in (_of_numbers, _defaults_of_the_family, _space_apart, _ranges_in_the_space, _own_metrics_apart):
        given = step(given) if isinstance(given, Mapping) else given
    return given


def _of_numbers(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let data of numbers make the study a regression, and a regression's objective be its own."""
    try:
        of_data = task_of_data(parse_data(given["data"]))
    except (KeyError, ValueError):  # no data, or what the field `data` will refuse
        of_data = None
    if "loss" not in given and of_data is REGRESSION:
        given = {**given, "loss": REGRESSION.losses[0]}
    if "objective" not in given and task_of_loss(str(given.get("loss"))) is REGRESSION:
        given = {**given, "objective": REGRESSION.metric}
    return given


def _defaults_of_the_family(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fill in the defaults that a study of this family has, before the space is taken apart."""
    family = given.get("family")
    if not isinstance(family, FamilyConfig):
        return given
    given = {**family.study_defaults(), **given}
    space, fixed = given.get("space"), given.get("fixed", {})
    if isinstance(space, Mapping):
        given = {**given, "space": {**family.suggested({*space, *fixed}), **space}}
    return given


def _space_apart(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take out of the space what is not searched: plain values, which fix a parameter, and what follows from others."""
    if not isinstance(space := given.get("space"), Mapping):
        return given
    fixed = {name: value for name, value in space.items() if isinstance(value, bool | int | float | str)}
    derived = {name: value for name, value in space.items() if isinstance(value, Derived)}
    if not fixed and not derived:
        return given
    ranges = {name: value for name, value in space.items() if name not in fixed and name not in derived}
    apart: dict[str, dict[str, Any]] = {"fixed": fixed, "derived": derived}
    return {**given, "space": ranges} | {
        field: {**given.get(field, {}), **each} for field, each in apart.items() if each
    }


def _own_metrics_apart(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let names stand for functions among the metrics, and for the objective's; the functions have a field."""
    objective, metrics = given.get("objective"), given.get("metrics", ())
    metrics = metrics if isinstance(metrics, list | tuple) else (metrics,)
    if not (callable(objective) or isinstance(objective, Objective) or any(map(callable, metrics))):
        return given
    objective = Objective.model_validate(objective) if callable(objective) else objective
    made = [own_metric(each) if callable(each) else each for each in metrics]
    own = [each for each in made if isinstance(each, OwnMetric)]
    own += [objective.own] if isinstance(objective, Objective) and objective.own is not None else []
    known = {each.name: each for each in map(OwnMetric.model_validate, given.get("own_metrics", ()))}
    known |= {each.name: each for each in own}
    names = tuple(each.name if isinstance(each, OwnMetric) else each for each in made)
    changed = {"metrics": names, "own_metrics": tuple(known.values())} if known else {}
    return {**given, **changed} | ({} if objective is None else {"objective": objective})


def _ranges_in_the_space(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse a range where a field's value is meant."""
    ranges = [name for name, value in given.items() if isinstance(value, Float | Int | Choice | Derived)]
    if lines := [f'{name} is a range; write it in the space, space={{"{name}": ...}}' for name in ranges]:
        raise ValueError("\n".join(lines))
    return given
