"""The search space as a unit cube: a point with one coordinate in [0, 1) for each range becomes a configuration.

And back: where a configuration lies in the cube, and the features by which a model compares configurations.
"""

import math
from collections.abc import Mapping, Sequence

from models.config.base import Parameters, Value
from search.config.conditions import existing
from search.config.space import Choice, Float, Int, Range, Space, same_value


def from_unit_cube(space: Space, point: Sequence[float]) -> Parameters:
    """Return the configuration at a point.

    Args:
        space: Ranges by name.
        point: One coordinate for each range, sorted by name. Those of parameters that do not exist there are ignored.
    """
    values = {name: _value(space[name], share) for name, share in zip(sorted(space), point, strict=True)}
    return existing(space, values)


def _value(search_range: Range, share: float) -> Value:
    """The value with this share of the range below it; each value of a Choice, or of an even Int, is as likely."""
    match search_range:
        case Choice(values=values):
            return values[int(share * len(values))]
        case Int(factor=int()):
            return search_range.values[int(share * len(search_range.values))]
        case Int(low=least, high=most, log=True):  # half a unit beyond both bounds, or these would be drawn too seldom
            low, high = math.log(least - 0.5), math.log(most + 0.5)
            return min(max(round(math.exp(low + share * (high - low))), least), most)
        case Int(low=least, high=most, step=step):
            return least + step * int(share * ((most - least) // step + 1))
        case Float(log=True):
            low, high = math.log(search_range.low), math.log(search_range.high)
            return min(max(math.exp(low + share * (high - low)), search_range.low), search_range.high)
        case Float(step=None):
            return search_range.low + share * (search_range.high - search_range.low)
        case Float(low=low, high=high, step=float(step)):
            steps = math.floor((high - low) / step + 1e-9)  # (0.3 - 0.0) / 0.1 is 2.9999999999999996
            return min(low + step * int(share * (steps + 1)), high)
    raise TypeError(f"{search_range!r} is no range")


def to_unit_cube(space: Space, params: Mapping[str, Value]) -> list[float]:
    """Return a point of a configuration, the middle of all that lead to it; 0.5 for parameters that it lacks.

    Args:
        space: Ranges by name.
        params: The configuration, as Optuna holds it.

    Returns:
        One coordinate for each range, sorted by name.
    """
    return [_share(space[name], params[name]) if name in params else 0.5 for name in sorted(space)]


def features(space: Space, params: Mapping[str, Value]) -> list[float]:
    """Return what a model compares configurations by: coordinates, and for each value of a Choice whether it is it."""
    columns: list[float] = []
    for name in sorted(space):
        match space[name]:
            case Choice(values=values):
                columns += [float(name in params and same_value(params[name], value)) for value in values]
            case search_range:
                columns.append(_share(search_range, params[name]) if name in params else 0.5)
    return columns


def _share(search_range: Range, value: Value) -> float:
    """The inverse of `_value`: the middle of the shares that have a value."""
    match search_range:
        case Choice(values=values):
            return (values.index(value) + 0.5) / len(values)
        case Int(factor=int()):
            return (search_range.values.index(int(value)) + 0.5) / len(search_range.values)
        case Int(low=least, high=most, log=True):
            low, high = math.log(least - 0.5), math.log(most + 0.5)
            return (math.log(float(value)) - low) / (high - low)
        case Int(low=least, high=most, step=step):
            return ((int(value) - least) // step + 0.5) / ((most - least) // step + 1)
        case Float(log=True):
            low, high = math.log(search_range.low), math.log(search_range.high)
            return (math.log(max(float(value), search_range.low)) - low) / (high - low)
        case Float(step=None):
            return (float(value) - search_range.low) / (search_range.high - search_range.low)
        case Float(low=lowest, high=highest, step=float(step)):
            steps = math.floor((highest - lowest) / step + 1e-9)
            return (round((float(value) - lowest) / step) + 0.5) / (steps + 1)
    raise TypeError(f"{search_range!r} is no range")
