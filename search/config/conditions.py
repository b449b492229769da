"""The ranges of a study file: what each searched parameter may be, and in which trials it exists.

A parameter with `when=` exists only where the parameters it names have one of the values it names; elsewhere it is
absent, not zero. Everything here is frozen plain data and functions over a space, a mapping of names to ranges. Built
upon by spec.py, which checks a space as part of its study, and by sampling.py. Knows no study, no Optuna and no torch.
"""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from models.config.base import Parameters, Value
from search.config.space import Float, Range, Space, same

# --- which parameters of a space exist beside each other --------------------------------------------------------------


def condition(of: Range) -> str:
    """`where depth is 2 or 3 and activation is relu`; "" for a parameter that every trial has."""
    parts = [f"{name} is {' or '.join(map(str, values))}" for name, values in of.when]
    return f"where {' and '.join(parts)}" if parts else ""


def is_conditional(space: Space) -> bool:
    """Whether some parameter does not exist in every trial."""
    return any(of.when for of in space.values())


def in_order(space: Space) -> list[str]:
    """All names, each behind those it depends on; by name where nothing depends on anything."""
    parents = {name: sorted(parent for parent, _ in space[name].when) for name in sorted(space)}
    return list(TopologicalSorter(parents).static_order())


def exists(of: Range, there: Mapping[str, Value]) -> bool:
    """Whether a parameter exists beside those that are `there`, which hold all of them that it depends on."""
    return all(name in there and any(same(there[name], value) for value in values) for name, values in of.when)


def kept(space: Space, values: Mapping[str, Value]) -> Parameters:
    """Of these values, those of parameters that exist beside each other, in the order of the space."""
    if not is_conditional(space):
        return {name: values[name] for name in space if name in values}
    there: Parameters = {}
    for name in in_order(space):
        if name in values and exists(space[name], there):
            there[name] = values[name]
    return {name: there[name] for name in space if name in there}


def check_conditions(space: Space) -> None:
    """Raise ValueError, as fact and remedy, where a condition can never be told, or never be met."""
    for name, of in space.items():
        for parent, values in of.when:
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
    try:
        order = in_order(space)
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ValueError(f"space: {circle} depend on each other in a circle; take one when= away") from error
    possible: dict[str, dict[str, list[Value]]] = {}  # of each name: what those must be that it depends on, near or far
    for name in order:
        mine: dict[str, list[Value]] = {}
        for parent, values in space[name].when:
            for other, allowed in [*possible[parent].items(), (parent, list(values))]:
                mine[other] = [value for value in mine.get(other, allowed) if any(same(value, it) for it in allowed)]
                if not mine[other]:
                    raise ValueError(
                        f"space: {name} can never exist, as no value of {other!r} meets all it depends on; "
                        "widen its when=, or that of what it depends on"
                    )
        possible[name] = mine
