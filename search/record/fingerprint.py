"""The fingerprint of a study: all that its outcome depends on, which may not change once it was begun.

Knows no database.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from models.errors import UserError
from search.config.conditions import condition
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.objective import Objective

# Fields of a study that may change, and those that are spelled out below.
_LEFT_OUT = {"about", "trials", "until_settled", "baselines", "space", "augment", "metrics", "objective", "learnt",
             "derived", "where", "own_metrics", "constraints"}  # fmt: skip

# Fields that are younger than some databases, with what stood for them before: then they are not named.
_YOUNGER: dict[str, Any] = {
    "label_smoothing": 0.0,
    "class_weights": None,
    "mixup": 0.0,
    "warmup": 0,
    "clip_norm": None,
    "accumulate": 1,
    "ema_decay": 0.0,
    "optimizer.nesterov": False,
    "family.dropout": 0.0,
    "family.padding": "none",
    "patience": None,
    "picture_layout": "plain",
    "repeats": 1,
    "folds": 1,
}


def fingerprint(study: Study, data_sha256: str, device: str) -> dict[str, Any]:
    """Return all that the outcome of a study depends on, as flat plain data in a fixed order."""
    # Baselines are keyed by number: they are the first trials.
    flat: dict[str, Any] = {f"space.{name}": _spelled(range_) for name, range_ in study.space.items()}
    for number, baseline in enumerate(study.baselines):
        stated = {name: baseline.parameters[name] for name in study.space if name in baseline.parameters}
        flat[f"baseline.{number}"] = ", ".join(f"{name} {value}" for name, value in stated.items())
    builtin = isinstance(study.data, str)
    left_out = _LEFT_OUT | (set() if builtin else {"data"}) | (set() if study.pruner.pauses else {"paused"})
    flat |= _flat(study.model_dump(mode="json", exclude=left_out))
    # A file's hash says which model it is; how long an epoch may take is found out on the way.
    for key in ("family.source", "family.file", "family.epoch_seconds"):
        flat.pop(key, None)
    flat = {key: value for key, value in flat.items() if key not in _YOUNGER or value != _YOUNGER[key]}
    if not builtin:  # their hash says which they are, wherever they lie and whatever they are called
        flat["data"] = "own data"
    if study.objective != Objective():
        flat |= {"objective": study.objective.metric, "direction": study.objective.direction}
    functions = {f"derived.{name}": derived.function for name, derived in study.derived.items()}
    functions |= {f"metric.{own.name}": own.function for own in study.own_metrics}
    functions |= {f"where.{number}": relation for number, relation in enumerate(study.where)}
    for key, function in functions.items():
        flat |= {key: function.text, f"{key}.sha256": function.sha256}
    if (second := study.objective.beside) is not None:
        flat |= {"objective.2": second.metric, "direction.2": second.direction}
    flat |= {f"constraint.{limit.cost}": limit.max for limit in study.constraints}
    if study.augment:
        flat["augment"] = ", ".join(map(str, study.augment))
    if study.learnt:
        text = json.dumps([source.model_dump(mode="json", exclude_defaults=True) for source in study.learnt])
        flat |= {"learn_from": ", ".join(source.name for source in study.learnt)}
        flat |= {"learnt.sha256": hashlib.sha256(text.encode()).hexdigest()}
    return flat | {"data.sha256": data_sha256, "device": device}


def _spelled(range_: Range) -> str:
    """Return a range in words: `Int 16..512 log`, `Float 0.0..0.9 where depth is 2 or 3`."""
    where = f" {condition(range_)}" if range_.when else ""
    match range_:
        case Choice():
            return f"Choice {', '.join(map(repr, range_.values))}{where}"
        case Float() | Int():
            step = f" step {range_.step}" if range_.step not in (None, 1) else ""
            step += f" factor {range_.factor}" if isinstance(range_, Int) and range_.factor else ""
            zero = " low is zero" if isinstance(range_, Float) and range_.low_is_zero else ""
            kind = type(range_).__name__
            return f"{kind} {range_.low}..{range_.high}{' log' if range_.log else ''}{step}{zero}{where}"


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return {"optimizer": {"name": "sgd"}} as {"optimizer.name": "sgd"}."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def as_begun(study: Study, begun: Study) -> Study:
    """Return a study with what it had learnt, and with sampler, pruner and layout where its file names none.

    A later version of Studyhall may have others by default; a study goes on as it was begun.

    Args:
        study: The study as its file says it today.
        begun: The study as the database has it.
    """
    unnamed = {"sampler", "pruner", "picture_layout"} - study.model_fields_set
    update = {field: getattr(begun, field) for field in sorted(unnamed)}
    return study.model_copy(update=update | {"learnt": begun.learnt})


def compare(name: str, begun: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Compare the fingerprint that a study was begun with to that of this run.

    Raises:
        UserError: They differ; the message says where first.
    """
    different = [key for key in {**begun, **given} if begun.get(key) != given.get(key)]
    if not different:
        return
    key = different[0]
    before = f"with {key} {begun[key]}" if key in begun else f"without {key}"
    now = f"says {given[key]}" if key in given else "leaves it out"
    more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
    raise UserError(
        f"`{name}` was begun {before}, this run {now}{more}",
        "give it a new name with --name, restore what it was begun with, or begin anew with --restart",
    )
