"""Whether a search has settled: nothing that is left to train is expected to gain more than another seed would change.

What another seed changes is measured: the leading configuration is trained again, `SEEDS` times in all. Everything
follows from the history.
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from search.pruners.expected_gain import GAIN_WORTH

if TYPE_CHECKING:
    from search.curves.plan import Plan
    from search.loop.history import SearchHistory
    from search.trial import TrialRow

Outlook = Literal["go on", "train again", "settled"]
# For each parameter: before, a process knows too little to expect anything (Loeppky, Sacks and Welch 2009).
LEAST_TRIALS = 10
SEEDS = 5  # of the leading configuration, its first training among them


def outlook(history: "SearchHistory", made: "Plan") -> Outlook:
    """Return whether the search goes on, trains its leader from another seed, or has settled.

    Args:
        history: The search so far.
        made: The plan of this tick, new configurations among those that compete.
    """
    if len(history.rows) < LEAST_TRIALS * len(history.study.space):
        return "go on"
    deviation = seed_deviation(history.rows.values())
    if deviation is not None:
        return "settled" if made.prospect < deviation else "go on"
    if made.prospect >= GAIN_WORTH * made.spread or history.best() is None:
        return "go on"
    trained = (row for row in history.rows.values() if row.repeat_of is not None and row.joined is not None)
    again = sum(row.state in ("running", "complete") for row in trained)  # others tell nothing
    return "train again" if again < SEEDS - 1 else "go on"


def seed_deviation(rows: Iterable["TrialRow"]) -> float | None:
    """Return the standard deviation of scores of one configuration under several seeds, pooled over configurations.

    Returns:
        None unless `SEEDS` - 1 degrees of freedom are there.
    """
    groups: dict[frozenset[tuple[str, object]], list[float]] = {}
    for row in rows:
        if row.state == "complete" and row.value is not None and row.joined is not None:
            groups.setdefault(frozenset(row.params.items()), []).append(row.value)
    freedom, squares = 0, 0.0
    for values in groups.values():
        mean = math.fsum(values) / len(values)
        squares += math.fsum((value - mean) ** 2 for value in values)
        freedom += len(values) - 1
    return math.sqrt(squares / freedom) if freedom >= SEEDS - 1 else None
