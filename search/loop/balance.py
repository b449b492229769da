"""The loop: admit, tick, record, judge, tell, until the budget is spent.

`run` is that loop, for whatever work has lanes to train: a study's trials in work.py, the finalists in
reports/finalists.py. A kill may fall anywhere in it. Nothing is lost, because the run is a function of its study, and
because every write says "let this be so": a restart takes the newest snapshot that the record has reached and does
again what came after. What fails inside a run, a worker that dies or a model that raises, is mended in the same way,
without leaving it, and machines that join are given their engines so. Called by launch.py and by reports. Knows no
tensors; engines are behind fleet.py, and what a lane is for is the work's to know.
"""

from collections.abc import Mapping, Sequence


def balanced(
    joining: Mapping[int, float], placed: Mapping[int, tuple[int, float]], shares: Sequence[int]
) -> dict[int, int]:
    """Give each joining lane an engine: the heaviest lane first, each to the engine that is then done first.

    `joining` holds each lane's work, `placed` engine and work of the lanes that stay where they are, `shares` how much
    of the work each engine is to have beside the others. An engine may come to hold more lanes than others: what lanes
    learn does not depend on it, and a tick lasts as long as its slowest engine. (Longest processing time first, Graham
    1969; on machines of unequal speed Gonzalez, Ibarra and Sahni 1977.)
    """
    load = [0.0] * len(shares)
    for engine, work in placed.values():
        load[engine] += work
    given = {}
    for lane in sorted(joining, key=lambda lane: (-joining[lane], lane)):
        done = [(load[engine] + joining[lane]) / share for engine, share in enumerate(shares)]
        given[lane] = done.index(min(done))
        load[given[lane]] += joining[lane]
    return given
