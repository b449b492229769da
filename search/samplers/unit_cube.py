"""The search space as a unit cube: a point with one coordinate in [0, 1) for each range becomes a configuration."""

import math
from collections.abc import Sequence

from models.config.base import Parameters, Value
from search.config.conditions import existing
from search.config.space import Choice, Float, Int, Range, Space


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
