"""The store: one database of studies, Optuna's tables with ours beside them; and what a study may not change.

Commands open it; a study begun or found in it is a `Record` (record.py). Nothing here samples, judges or trains.
"""

from collections.abc import Mapping
from typing import Any

from models.errors import UserError
from search.config.conditions import condition
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.objective import Objective

# --- what a study may not change --------------------------------------------------------------------------------------

# Fields of a study that are left open, or told more plainly below.
_FREE = {"about", "trials", "baselines", "space", "augment", "metrics", "objective"}


def fingerprint(study: Study, data_sha256: str, device: str) -> dict[str, Any]:
    """Everything that the outcome of a study depends on, as flat plain data in a fixed order.

    `device` is its kind, "cpu" or "cuda". Baselines are named by number: they are the first trials.
    """
    told: dict[str, Any] = {f"space.{name}": _words(searched) for name, searched in study.space.items()}
    for number, baseline in enumerate(study.baselines):
        stated = {name: baseline.parameters[name] for name in study.space if name in baseline.parameters}
        told[f"baseline.{number}"] = ", ".join(f"{name} {value}" for name, value in stated.items())
    named = isinstance(study.data, str)
    told |= _flat(study.model_dump(mode="json", exclude=_FREE if named else {*_FREE, "data"}))
    for free in ("family.source", "family.file"):  # a model of the user's own is known by its hash
        told.pop(free, None)
    if not named:  # wherever they lie and whatever they are called: their hash says which they are
        told["data"] = "own data"
    if study.objective != Objective():
        told |= {"objective": study.objective.metric, "direction": study.objective.direction}
    if study.augment:
        told["augment"] = ", ".join(map(str, study.augment))
    return told | {"data.sha256": data_sha256, "device": device}


def _words(searched: Range) -> str:
    """`Int 16..512 log`, `Float 0.0..0.9 where depth is 2 or 3`."""
    where = f" {condition(searched)}" if searched.when else ""
    match searched:
        case Choice():
            return f"Choice {', '.join(map(repr, searched.values))}{where}"
        case Float() | Int():
            step = f" step {searched.step}" if searched.step not in (None, 1) else ""
            step += f" factor {searched.factor}" if isinstance(searched, Int) and searched.factor else ""
            zero = " low is zero" if isinstance(searched, Float) and searched.low_is_zero else ""
            kind = type(searched).__name__
            return f"{kind} {searched.low}..{searched.high}{' log' if searched.log else ''}{step}{zero}{where}"


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"optimizer": {"name": "sgd"}} as {"optimizer.name": "sgd"}."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def compare(name: str, begun: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise UserError with the first difference of two fingerprints."""
    different = [key for key in {**begun, **given} if begun.get(key) != given.get(key)]
    if not different:
        return
    key = different[0]
    then = f"with {key} {begun[key]}" if key in begun else f"without {key}"
    today = f"says {given[key]}" if key in given else "leaves it out"
    more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
    raise UserError(
        f"`{name}` was begun {then}, this run {today}{more}",
        "give it a new name with --name, restore what it was begun with, or begin anew with --restart",
    )
