"""Whether a search has settled: nothing that is left to train is expected to gain more than another seed would change.

What another seed changes is measured: the leading configuration is trained again, `SEEDS` times in all. Of two
objectives a gain is the lift of the front (see frontier.py), and what other seeds change is by how much it stands
elsewhere where each of its points is another training; some of them are trained again to measure that. A front of n
points is improved at n places, so n such gains are held against it.
Everything follows from the history.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.config.base import Parameters
from search.front import layers, spread
from search.objective import front_of
from search.pruners.expected_gain import GAIN_WORTH

if TYPE_CHECKING:
    from search.config.study import Study
    from search.curves.plan import Plan
    from search.loop.history import SearchHistory
    from search.trial import TrialRow

Outlook = Literal["go on", "train again", "settled"]
Configuration = frozenset[tuple[str, object]]
# For each parameter: before, a process knows too little to expect anything (Loeppky, Sacks and Welch 2009).
LEAST_TRIALS = 10
SEEDS = 5  # of the leading configuration, its first training among them
POINTS, AGAIN = 4, 2  # of a front so many configurations are trained again, so often each


def outlook(history: "SearchHistory", made: "Plan") -> Outlook:
    """Return whether the search goes on, trains a leader from another seed, or has settled.

    Args:
        history: The search so far.
        made: The plan of this tick, new configurations among those that compete.
    """
    rows, study = history.rows.values(), history.study
    if len(rows) < LEAST_TRIALS * len(study.space):
        return "go on"
    one = study.objective.beside is None
    deviation = seed_deviation(rows) if one else front_deviation(history, made)
    if deviation is not None:
        return "settled" if made.prospect < deviation else "go on"
    if made.prospect >= GAIN_WORTH * made.spread or leader(history) is None:
        return "go on"
    trained = (row for row in rows if row.repeat_of is not None and row.joined is not None)
    again = sum(row.state in ("running", "complete") for row in trained)  # others tell nothing
    return "train again" if again < trained_again(study) else "go on"


def trained_again(study: "Study") -> int:
    """Return how many trainings measure what another seed changes, first ones not counted."""
    return SEEDS - 1 if study.objective.beside is None else POINTS * AGAIN


def leader(history: "SearchHistory") -> Parameters | None:
    """Return the configuration that is trained again: the best, or of a front the one of its points with fewest seeds.

    Returns:
        None where no trial is complete.
    """
    study = history.study
    if study.objective.beside is None:
        best = history.best()
        return None if best is None else best.params
    front = list({_configuration(row): row for row in front_of(history.rows.values(), study.objective)}.values())
    first, second = study.objective.all
    places = [(first.place(row.value or 0.0), second.place(row.second or 0.0)) for row in front]
    chosen = [front[index] for index in spread(places, POINTS)]
    seeds = Counter(
        _configuration(row)
        for row in history.rows.values()
        if row.joined is not None and row.state in ("running", "complete")
    )
    fewest = min(chosen, key=lambda row: seeds[_configuration(row)], default=None)
    return None if fewest is None else fewest.params


def freedom(rows: Iterable["TrialRow"]) -> int:
    """Return how many trainings of configurations are there that were trained before."""
    return sum(len(trials) - 1 for trials in _by_configuration(rows).values())


def seed_deviation(rows: Iterable["TrialRow"]) -> float | None:
    """Return the standard deviation of scores of one configuration under several seeds, pooled over configurations.

    Returns:
        None unless `SEEDS` - 1 degrees of freedom are there.
    """
    squares, known = 0.0, 0
    for trials in _by_configuration(rows).values():
        values = [row.value for row in trials if row.value is not None]
        mean = math.fsum(values) / len(values)
        squares += math.fsum((value - mean) ** 2 for value in values)
        known += len(values) - 1
    return math.sqrt(squares / known) if known >= SEEDS - 1 else None


def front_deviation(history: "SearchHistory", made: "Plan") -> float | None:
    """Return by how much other seeds of its points move the front, for each of its points.

    In the unit of the plan's gains, a lift of the front. What trainings of one configuration differ by, in score and
    cost, is pooled over configurations; each point of the front is moved by all of it, the others staying, and the mean
    squares add up over points. The root of that is divided by the number of points, as a lift by one training is.

    Returns:
        None unless so many degrees of freedom are there as `trained_again` says.
    """
    front = made.front
    if front is None:
        return None
    row_of = {number: row for row, number in enumerate(front.numbers)}
    trials = _by_configuration(history.rows[number] for number in front.numbers)
    places = [[row_of[row.number] for row in rows] for rows in trials.values() if len(rows) > 1]
    known = sum(len(rows) - 1 for rows in places)
    if known < trained_again(history.study):
        return None
    points = np.stack([front.scores, front.costs], 1)
    off = np.concatenate([points[rows] - points[rows].mean(0) for rows in places])
    total = 0.0
    of = layers([(-score, cost) for score, cost in points.tolist()])
    holding: dict[Configuration, int] = {}  # of one configuration's trials the best holds its place on the front
    for row in sorted(range(len(of)), key=lambda row: (-front.scores[row], front.costs[row], row)):
        if of[row] == 0:
            holding.setdefault(_configuration(history.rows[front.numbers[row]]), row)
    for configuration, place in holding.items():
        same = [row_of[row.number] for row in trials.get(configuration, ())]
        moved = points[place] + off
        changes = front.changes([*same, place], place, moved[:, 0], moved[:, 1])
        total += float((changes**2).sum()) / known
    return math.sqrt(total) / len(holding) * made.unit


def _by_configuration(rows: Iterable["TrialRow"]) -> "dict[Configuration, list[TrialRow]]":
    """Return the complete trials that were trained, by their parameters."""
    groups: dict[Configuration, list[TrialRow]] = {}
    for row in rows:
        if row.state == "complete" and row.value is not None and row.joined is not None:
            groups.setdefault(_configuration(row), []).append(row)
    return groups


def _configuration(row: "TrialRow") -> Configuration:
    return frozenset(row.params.items())
