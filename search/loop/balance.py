"""Which engine a lane joins: work is balanced by what can be computed from parameters, never by a clock."""

from collections.abc import Mapping, Sequence


def balanced(
    joining: Mapping[int, float], placed: Mapping[int, tuple[int, float]], shares: Sequence[int]
) -> dict[int, int]:
    """Give each joining lane an engine: the heaviest lane first, each to the engine that then finishes first.

    (Longest processing time first, Graham 1969; on machines of unequal speed Gonzalez, Ibarra and Sahni 1977.) An
    engine may get more lanes than others: what lanes learn does not depend on it, and a tick lasts as long as its
    slowest engine.

    Args:
        joining: The work of each lane that joins.
        placed: Engine and work of each lane that stays where it is.
        shares: How much of the work each engine gets, relative to the others.

    Returns:
        The engine of each joining lane.
    """
    load = [0.0] * len(shares)
    for engine, work in placed.values():
        load[engine] += work
    engines = {}
    for lane in sorted(joining, key=lambda lane: (-joining[lane], lane)):
        finish = [(load[engine] + joining[lane]) / share for engine, share in enumerate(shares)]
        engines[lane] = finish.index(min(finish))
        load[engines[lane]] += joining[lane]
    return engines
