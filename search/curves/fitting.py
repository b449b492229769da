"""When the hyperparameters of a search's processes are fitted, and to what: it follows from the scores alone."""

import math
from typing import TYPE_CHECKING, cast

from search.curves.observed import observed
from search.curves.process import CurveProcess

if TYPE_CHECKING:
    from search.loop.history import SearchHistory

FITTED = 80  # trials that hyperparameters are fitted to


def fitted(history: "SearchHistory", which: int = 0) -> CurveProcess:
    """Return a process with hyperparameters that were fitted when the search was up to a fifth younger.

    They follow from the scores up to that tick alone, and are kept with the mirror until the next such tick.

    Args:
        history: The search; it has scores of two trials that differ.
        which: 0 for the objective, 1 for the one beside it.
    """
    at = 1
    while (later := max(at + 1, math.floor(at * 1.25))) <= history.tick:
        at = later
    key = f"curves{which or ''}"
    kept = history.mirror.sampler_state.get(key)
    if kept is not None and kept[0] == at:
        return cast(CurveProcess, kept[1])
    seen = observed(history, at, FITTED, which) or observed(history, history.tick, FITTED, which)
    assert seen is not None
    process = CurveProcess(seen.scores.points.shape[1])
    process.fit(seen.scores)
    history.mirror.sampler_state[key] = (at, process)
    return process
