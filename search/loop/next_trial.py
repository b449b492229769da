"""The next trial that a search begins: a suggestion, a baseline, or what the sampler proposes. Writes nothing."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from models.config.base import Parameters
from models.seeds import derive
from search.config.study import Study
from search.loop.history import SearchHistory
from search.loop.suggestions import complete
from search.samplers.allowed import drawn, nth_allowed
from search.samplers.tpe import MAX_TPE_CALLS_PER_TICK
from search.trial import TrialRow


def next_trial(
    study: Study,
    number: int,
    history: SearchHistory,
    free: int,
    left: int,
    suggestion: Callable[[int], Mapping[str, Any]],
) -> TrialRow | None:
    """Return what is begun next, the record's trial of this number or a new one; None where there is none, or it waits.

    A suggestion that cannot be trained has failed, with the reason; another program's other trials are passed over.

    Args:
        study: What is searched.
        number: The trial's.
        history: The search so far, all earlier trials included.
        free: How many lanes were free for new trials at this tick.
        left: How many of them are.
        suggestion: Returns the parameters that a suggestion states, by its number.
    """
    row = history.rows.get(number)
    if row is not None and row.is_foreign and row.state == "running":
        try:
            return _joining(replace(row, params=complete(study, number, suggestion(number))), history)
        except ValueError as error:
            reason = f"this suggestion cannot be trained: {error}"
            return replace(row, state="failed", suggested=False, reason=reason)
    if row is not None and not row.is_planned:
        return row
    if study.sampler.pending(study, number, history.mirror):
        return None
    return row or _new_trial(study, number, history, free, left)


def _new_trial(study: Study, number: int, history: SearchHistory, free: int, left: int) -> TrialRow | None:
    """Return a new trial, if the budget has one and the sampler knows one."""
    if (position := history.mirror.position(number)) >= study.trials:
        return None
    baseline = study.baselines[position] if position < len(study.baselines) else None
    learnt = study.learnt_first[position - len(study.baselines)] if position < study.opening and not baseline else None
    if learnt and not study.allows(learnt):  # beyond a limit of what models may cost
        learnt = nth_allowed(study, 0, drawn(study, number))
    batch_size = min(math.ceil(free / MAX_TPE_CALLS_PER_TICK), left, study.trials - position)
    params = (
        study.to_internal(baseline.parameters) if baseline else learnt or _proposed(study, number, history, batch_size)
    )
    if params is None:
        return None
    name, notes = baseline.name if baseline else None, history.mirror.notes_of(number)
    row = TrialRow(number, "running", params, baseline=name, notes=notes)
    return _joining(row, history, again=study.until_settled)


def _proposed(study: Study, number: int, history: SearchHistory, batch_size: int) -> Parameters | None:
    """Return what the sampler proposes and `where` allows; None where it knows nothing more."""
    params = study.sampler.propose(study, number, history.mirror, batch_size)
    if params is None or study.allows(params):
        return params

    def again() -> Iterator[Parameters]:
        for time in count():  # a sampler draws by the study's seed and the trial's number
            other = study.model_copy(update={"seed": derive(study.seed, "again", number, time)})
            if (proposed := study.sampler.propose(other, number, history.mirror, batch_size)) is None:
                return
            yield proposed

    return nth_allowed(study, 0, again())


def _joining(row: TrialRow, history: SearchHistory, *, again: bool = False) -> TrialRow:
    """Return a trial as it begins: it joins at the next tick, unless it repeats one that has ended.

    With `again` a repeat is trained as well, from a seed of its own.
    """
    same = history.seen.first(row.params)
    has_ended = not again and same is not None and history.rows[same].state != "running"
    return replace(row, joined=None if has_ended else history.tick + 1, repeat_of=same)
