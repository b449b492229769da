"""The front of two objectives: who is dominated, in which order trials stand, and which of a front stand for it.

A point is a pair of costs, the lower the better; one dominates another where it is nowhere worse and somewhere better.
Everything that orders trials of two objectives comes from here. Knows no study and no metric.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence

Point = tuple[float, float]


def dominates(one: Point, other: Point) -> bool:
    """Return whether a point is nowhere worse than another, and somewhere better."""
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def layers(points: Sequence[Point]) -> list[int]:
    """Return the layer of each point: 0 is the front, 1 what is the front without that, and so on.

    Equal points do not dominate each other, and share a layer. A point that is not finite lies behind all others.
    """
    finite = [index for index, point in enumerate(points) if all(map(math.isfinite, point))]
    found, lowest, last = [0] * len(points), list[float](), None
    for index in sorted(finite, key=lambda index: points[index]):
        if last is not None and points[index] == points[last]:
            found[index] = found[last]
            continue
        # Of a layer, what came before has a first cost that is no higher: it dominates unless its second is higher. The
        # lowest second costs of the layers ascend.
        layer = bisect_right(lowest, points[index][1])
        lowest[layer : layer + 1] = [points[index][1]]
        found[index], last = layer, index
    for index in set(range(len(points))) - set(finite):
        found[index] = len(lowest)
    return found


def contributions(points: Sequence[Point]) -> list[float]:
    """Return how much hypervolume each point of one layer adds to the others: infinite at both ends, 0 for a double."""
    order = sorted(range(len(points)), key=lambda index: points[index])
    found = [0.0] * len(points)
    distinct = [index for place, index in enumerate(order) if not place or points[index] != points[order[place - 1]]]
    for place, index in enumerate(distinct):
        if place in (0, len(distinct) - 1):
            found[index] = math.inf
            continue
        after, before = points[distinct[place + 1]], points[distinct[place - 1]]
        found[index] = (after[0] - points[index][0]) * (before[1] - points[index][1])
    return found


def standing(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Return what sorts points, the best first: the layer, and what the point adds to its layer, turned.

    A point that is not finite has infinity for a layer.
    """
    of, found = layers(points), [(math.inf, math.inf)] * len(points)
    for layer in set(of):
        members = [index for index, each in enumerate(of) if each == layer and all(map(math.isfinite, points[index]))]
        for index, more in zip(members, contributions([points[index] for index in members]), strict=True):
            found[index] = (float(layer), -more)
    return found


def spread(points: Sequence[Point], count: int) -> list[int]:
    """Return the indices of so many points that stand for a front, those of the lowest first cost first.

    Both ends, and one after the other what adds most hypervolume to those that are chosen, as the whole front spans it;
    of equals the first. (Greedy subset selection is within 1 - 1/e of the best: Guerreiro, Fonseca and Paquete 2016.)
    """
    order = sorted(range(len(points)), key=lambda index: (points[index], index))
    order = [index for place, index in enumerate(order) if not place or points[index] != points[order[place - 1]]]
    if len(order) <= count:
        return order
    corner = max(points[index][0] for index in order), max(points[index][1] for index in order)
    chosen = [order[0]] if count == 1 else [order[0], order[-1]]
    while len(chosen) < count:
        rest = [index for index in order if index not in chosen]
        chosen.append(max(rest, key=lambda index: (_volume(points, [*chosen, index], corner), -order.index(index))))
    return sorted(chosen, key=order.index)


def _volume(points: Sequence[Point], members: Sequence[int], corner: Point) -> float:
    """Return the hypervolume that points of a front span before a corner."""
    total, ceiling = 0.0, corner[1]
    for first, second in sorted(points[index] for index in members):
        total += max(0.0, corner[0] - first) * max(0.0, ceiling - second)
        ceiling = min(ceiling, second)
    return total
