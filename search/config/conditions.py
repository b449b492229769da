"""Conditional spaces: which parameters exist beside each other in a trial.

A parameter with `when=` exists only where the parameters it names have one of the values it names. Elsewhere it is
absent, not zero. Functions over a space, a mapping of names to ranges; knows no study.
"""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from models.config.base import Parameters, Value
from search.config.space import Float, Range, Space, same_value


def condition(search_range: Range) -> str:
    """Return `where depth is 2 or 3 and activation is relu`; "" for a parameter that every trial has."""
    parts = [f"{name} is {' or '.join(map(str, values))}" for name, values in search_range.when]
    return f"where {' and '.join(parts)}" if parts else ""


def is_conditional(space: Space) -> bool:
    """Return whether some parameter does not exist in every trial."""
    return any(search_range.when for search_range in space.values())


def parents_first(space: Space) -> list[str]:
    """Return all names, each behind those it depends on; by name where nothing depends on anything."""
    parents = {name: sorted(parent for parent, _ in space[name].when) for name in sorted(space)}
    return list(TopologicalSorter(parents).static_order())


def exists(search_range: Range, present: Mapping[str, Value]) -> bool:
    """Return whether a parameter exists beside those `present`, where all that it depends on has been decided."""
    return all(
        name in present and any(same_value(present[name], value) for value in values)
        for name, values in search_range.when
    )


def existing(space: Space, values: Mapping[str, Value]) -> Parameters:
    """Return those of the values whose parameters exist beside each other, in the order of the space."""
    if not is_conditional(space):
        return {name: values[name] for name in space if name in values}
    present: Parameters = {}
    for name in parents_first(space):
        if name in values and exists(space[name], present):
            present[name] = values[name]
    return {name: present[name] for name in space if name in present}


def check_conditions(space: Space) -> None:
    """Raise ValueError("fact; remedy") where a condition names what is not there, or can never be met."""
    for name, search_range in space.items():
        for parent, values in search_range.when:
            _check_parent(space, name, parent, values)
    try:
        order = parents_first(space)
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ValueError(f"space: {circle} depend on each other in a circle; take one when= away") from error
    required: dict[str, dict[str, list[Value]]] = {}  # name -> the values of everything it depends on, near or far
    for name in order:
        mine: dict[str, list[Value]] = {}
        for parent, values in space[name].when:
            for other, allowed in [*required[parent].items(), (parent, list(values))]:
                before = mine.get(other, allowed)
                mine[other] = [value for value in before if any(same_value(value, one) for one in allowed)]
                if not mine[other]:
                    raise ValueError(
                        f"space: {name} can never exist, as no value of {other!r} meets all it depends on; "
                        "widen its when=, or that of what it depends on"
                    )
        required[name] = mine


def _check_parent(space: Space, name: str, parent: str, values: tuple[Value, ...]) -> None:
    """Raise ValueError where a parameter cannot depend on these values of another."""
    if parent not in space:
        raise ValueError(
            f"space: {name} depends on {parent!r}, which is not searched; "
            f"give {parent!r} a range in the space, or leave it out of when="
        )
    if isinstance(space[parent], Float):
        raise ValueError(
            f"space: {name} depends on {parent!r}, a Float, which hardly ever has exactly one value; "
            "let it depend on an Int or a Choice"
        )
    if outside := [value for value in values if not space[parent].contains(value)]:
        raise ValueError(
            f"space: {name} exists where {parent} is {outside[0]!r}, which lies outside {space[parent]}; "
            "widen that range, or correct when="
        )
