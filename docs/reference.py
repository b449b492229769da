"""python -m docs.reference: writes reference.md, the page of everything that a study file can say.

The page is made of the docstrings of the classes and of `Field(description=...)`; pydantic gives types, defaults and
bounds. A section is a module. Functions and results of searching from Python come last.
"""

import inspect
import re
import types
import typing
from dataclasses import astuple
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

import reports
import search
from models.config.base import FrozenConfig
from models.datasets.registry import NAMED_DATASETS

PAGE = Path(__file__).with_suffix(".md")
PREFACE = """\
# Reference of the study file
<!-- Written by `python -m docs.reference` from the code: change docstrings and descriptions there. -->

A study file is imports and one assignment, `study = Study(...)`. All classes below are imported from `studyhall`. A
field without a default must be given. [ranges.md](ranges.md) says how to choose.
"""

# What a study file writes, where pydantic's type is what it becomes.
WRITTEN = {
    "Study.data": ", ".join(f'`"{name}"`' for name in NAMED_DATASETS.names()) + ", a data set's class, or a function",
    "Staged.stages": "dict of names to tuples of values, in order",
    "Baseline.parameters": "keywords, a value each",
    "OptunaPruner.arguments": "keywords, or a dict",
    "OptunaSampler.arguments": "keywords, or a dict",
    "Study.objective": "[Objective](#objective), a metric's name, or a pair of these",
    "Study.where": "a function, or a tuple of functions",
    "Derived.function": "a function",
    "Study.metrics": "tuple of names, or of functions",
    "Objective.metric": "a name, or a function",
    "Study.family": "one of [Families](#families), or a class or function of your own that makes an nn.Module",
    "Study.optimizer": "one of [Optimizers](#optimizers)",
    "Study.schedule": "one of [Schedules](#schedules)",
    "Study.sampler": "one of [Samplers](#samplers)",
    "Study.pruner": "one of [Pruners](#pruners)",
    **dict.fromkeys(("Float.when", "Int.when", "Choice.when"), "dict of names to a value or a tuple of values"),
}
EXPORTED = {name: getattr(package, name) for package in (search, reports) for name in package.__all__}
BOUNDS = {Gt: "above", Ge: "from", Lt: "below", Le: "up to", MinLen: "at least"}


def is_config(thing: Any) -> bool:
    """Return whether something is a class of settings, a pydantic model or dataclass."""
    return isinstance(thing, type) and hasattr(thing, "__pydantic_fields__") and thing is not FrozenConfig


def fields(config: Any) -> dict[str, FieldInfo]:
    """Return the fields that a study file can give, those without a default first."""
    required_first = sorted(config.__pydantic_fields__.items(), key=lambda item: not item[1].is_required())
    return {name: field for name, field in required_first if not is_tag(field)}


def is_tag(field: FieldInfo) -> bool:
    """Return whether a field only tells classes apart, like `name: Literal["tpe"] = "tpe"`."""
    return typing.get_origin(field.annotation) is Literal and typing.get_args(field.annotation) == (field.default,)


def type_text(kind: Any) -> str:
    """Return a type in words, with links to the classes of this page."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind in EXPORTED.values():
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    if origin is typing.Annotated:
        return type_text(inner[0])
    if origin in (Literal, typing.Union, types.UnionType):
        texts = [f'`"{each}"`' if origin is Literal else type_text(each) for each in inner]
        return " or ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
    if origin is tuple:
        return f"tuple of {type_text(inner[0])}" if inner[-1] is ... else f"({', '.join(map(type_text, inner))})"
    if origin is dict:
        return f"dict of {type_text(inner[0])} to {type_text(inner[1])}"
    return "None" if kind is type(None) else str(getattr(kind, "__name__", kind))


def bounds_text(field: FieldInfo) -> str:
    """Return the bounds of a field: `from 1, up to 8`."""
    bounds = [(BOUNDS[type(bound)], astuple(bound)[0]) for bound in field.metadata if type(bound) in BOUNDS]
    return ", ".join(f"{text} {'2^63' if value == 2**63 else format(value, ',')}" for text, value in bounds)


def default_text(field: FieldInfo) -> str:
    """Return a field's default as a study file writes it; "" where it must be given."""
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True, validated_data={})
    if is_config(type(value)) and value == type(value)():
        return f"`{type(value).__name__}()`"
    return (
        f"`{value:.4g}`" if isinstance(value, float) else f'`"{value}"`' if isinstance(value, str) else f"`{value!r}`"
    )


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown: arguments as a list, an example as code."""
    text = re.sub(r"^(Args|Returns|Raises):$", r"**\1**\n", inspect.cleandoc(docstring), flags=re.MULTILINE)
    text = re.sub(r"^    (\S+): ", r"* `\1`: ", text, flags=re.MULTILINE)
    text, _, example = text.partition("\n\nExample:\n")
    code = inspect.cleandoc(f"\n{example}").replace("  # doctest: +SKIP", "")
    return f"{text}\n\n```text\n{code}\n```" if example else text


def config_text(name: str, config: Any) -> str:
    """Return the entry of one class of settings."""
    notes = []
    for attribute, verb in (("required_parameters", "must have"), ("optional_parameters", "may have")):
        if names := getattr(config, attribute, None):
            notes.append(f"Its space {verb} {', '.join(f'`{each}`' for each in sorted(names))}.")
    tag = config.__pydantic_fields__.get("name")
    if tag is not None and is_tag(tag) and not any(field.is_required() for field in fields(config).values()):
        notes.append(f'`"{tag.default}"` is short for `{name}()`.')
    rows = []
    for field_name, field in fields(config).items():
        kind = WRITTEN.get(f"{name}.{field_name}") or type_text(field.annotation)
        kind = ", ".join(filter(None, [kind, bounds_text(field)]))
        cells = [f"`{field_name}`", kind, default_text(field), field.description or ""]
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    table = ["| field | type | default | |", "|---|---|---|---|", *rows] if rows else []
    parts = [f"### {name}", markdown(config.__doc__ or ""), " ".join(notes), "\n".join(table)]
    return "\n\n".join(filter(None, parts))


def call_text(name: str, thing: Any) -> str:
    """Return the entry of a function, or of a class of results."""
    if not inspect.isfunction(thing):
        members = {each: value for each, value in vars(thing).items() if isinstance(value, property | cached_property)}
        lines = [f"* `{each}`: {(value.__doc__ or '').partition(chr(10))[0]}" for each, value in members.items()]
        return "\n".join([f"### {name}\n", markdown(thing.__doc__ or "").rstrip(), *lines])
    untyped = [each.replace(annotation=each.empty) for each in inspect.signature(thing).parameters.values()]
    return "\n\n".join([f"### {name}", f"`{name}{inspect.Signature(untyped)}`", markdown(thing.__doc__ or "")])


def section_of(config: Any) -> str:
    """Return the section of a class: its module's name, or its folder's where each is one module."""
    *_, folder, module = config.__module__.split(".")
    return folder if folder in ("families", "external", "samplers", "pruners") else module


def page() -> str:
    """Return the whole page, in Markdown."""
    configs = {name: thing for name, thing in EXPORTED.items() if is_config(thing)}
    sections = dict.fromkeys(map(section_of, (search.Study, search.Float, search.Baseline, *configs.values())))
    parts = [PREFACE.rstrip()]
    for section in sections:
        parts.append(f"## {section.replace('_', ' ').capitalize()}")
        parts += [config_text(name, config) for name, config in configs.items() if section_of(config) == section]
    parts.append("## From Python")
    parts += [call_text(name, thing) for name, thing in EXPORTED.items() if name not in configs]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
