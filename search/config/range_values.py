"""Values of a range that stand for all of it: how many there are, one from the middle, the extreme ones.

Says of a range, too, what its author may not have meant.
"""

import math
from collections.abc import Sequence

from models.config.base import Parameters, Value
from search.config.conditions import exists, parents_first
from search.config.space import Choice, Int, Range, Space


def value_count(search_range: Range) -> float:
    """Return how many values a range has; infinity for a Float without a step."""
    if isinstance(search_range, Choice):
        return len(search_range.values)
    low, high, step = search_range.low, search_range.high, search_range.step
    if isinstance(search_range, Int) and search_range.factor:
        return len(search_range.values)
    return math.floor((high - low) / step + 1e-9) + 1 if step else math.inf  # (0.3 - 0.0) // 0.1 is 2


def configuration_count(space: Space) -> float:
    """Return how many configurations a space has; infinity where a Float has no step."""
    parents = {parent for search_range in space.values() for parent, _ in search_range.when}

    def count(names: list[str], present: Parameters) -> float:
        """Of those left, beside the parameters that others depend on."""
        if not names:
            return 1
        name, *rest = names
        if not exists(space[name], present):
            return count(rest, present)
        if name not in parents:
            return value_count(space[name]) * count(rest, present)
        return sum(count(rest, present | {name: value}) for value in _listed(space[name]))

    return count(parents_first(space), {})


def _listed(search_range: Range) -> Sequence[Value]:
    """The values of an Int or a Choice."""
    if isinstance(search_range, Int):
        return search_range.values or range(search_range.low, search_range.high + 1, search_range.step)
    return search_range.values if isinstance(search_range, Choice) else ()


def middle_value(search_range: Range) -> Value:
    """Return a value from the middle of a range; of a Choice the first."""
    if isinstance(search_range, Choice):
        return search_range.values[0]
    low, high, step = search_range.low, search_range.high, search_range.step
    if isinstance(search_range, Int):
        values = _listed(search_range)
        return values[len(values) // 2]
    if step:
        return low + (high - low) / step // 2 * step
    return math.sqrt(low * high) if search_range.log else (low + high) / 2


def extreme_values(search_range: Range) -> tuple[Value, ...]:
    """Return the external values of a range that are most likely to be untrainable, if any are."""
    if isinstance(search_range, Choice):
        return search_range.values
    return search_range.to_external(search_range.low), search_range.high


def range_warnings(space: Space) -> tuple[str, ...]:
    """Return a sentence, with a remedy, for each range that is even though it spans orders of magnitude."""
    return tuple(
        f"space: {name} is drawn evenly from {each.low:g} to {each.high:g}, so 9 of 10 draws are above "
        f"{each.low + (each.high - each.low) / 10:.3g}; add log=True if orders of magnitude should count alike"
        for name, each in space.items()
        if not isinstance(each, Choice) and not each.log and each.low > 0 and each.high / each.low >= 1000
    )
