"""The next trial that a search begins: a baseline, or what the sampler proposes. Writes nothing."""

import math

from search.config.study import Study
from search.loop.history import SearchHistory
from search.samplers.tpe import MAX_TPE_CALLS_PER_TICK
from search.trial import TrialRow


def next_trial(study: Study, number: int, history: SearchHistory, free: int, left: int) -> TrialRow | None:
    """Return a new trial, if the budget has one and the sampler knows one.

    Args:
        study: What is searched.
        number: The trial's.
        history: The search so far, all earlier trials included.
        free: How many lanes were free for new trials at this tick.
        left: How many of them are.
    """
    if number >= study.trials:
        return None
    baseline = study.baselines[number] if number < len(study.baselines) else None
    batch_size = min(math.ceil(free / MAX_TPE_CALLS_PER_TICK), left, study.trials - number)
    params = (
        study.to_internal(baseline.parameters)
        if baseline
        else study.sampler.propose(study, number, history.mirror, batch_size)
    )
    if params is None:
        return None
    same = history.seen.first(params)
    has_ended = same is not None and history.rows[same].state != "running"
    return TrialRow(
        number=number,
        state="running",
        params=params,
        joined=None if has_ended else history.tick + 1,
        baseline=baseline.name if baseline else None,
        repeat_of=same,
    )
