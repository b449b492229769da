"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

from collections.abc import Sequence

from models.config.base import Parameters
from search.config.samplers import Staged
from search.config.study import Study
from search.samplers.optuna_mirror import Mirror
from search.trial import TrialRow

# --- stages -----------------------------------------------------------------------------------------------------------


def _stage(staged: Staged, place: int) -> tuple[int, int]:
    """The stage of the drawn trial `place` and its cell there; behind the last stage, one more than there are."""
    for stage, (_, values) in enumerate(staged.stages):
        if place < len(values):
            return stage, place
        place -= len(values)
    return len(staged.stages), place


def _numbers(study: Study, staged: Staged, stage: int) -> range:
    """The trials of a stage."""
    sizes = [len(values) for _, values in staged.stages]
    begin = len(study.baselines) + sum(sizes[:stage])
    return range(begin, begin + sizes[stage])


def _staged(study: Study, staged: Staged, place: int, mirror: Mirror) -> Parameters | None:
    """The cell `place` of all stages: what won the stage before, with the stage's own parameter set to its value."""
    stage, cell = _stage(staged, place)
    if stage == len(staged.stages):
        return None
    name, values = staged.stages[stage]
    if stage == 0:
        return study.to_internal(staged.start | {name: values[cell]})
    winner = mirror.best_of(_numbers(study, staged, stage - 1))
    if winner is None:
        return None
    return mirror.params_of(winner) | {name: study.space[name].to_internal(values[cell])}


def stuck(study: Study, trials: Sequence[TrialRow]) -> str | None:
    """Why a staged search ended before its last stage: a stage had no winner. None where that is not so."""
    if not isinstance(study.sampler, Staged):
        return None
    for stage, (name, _) in enumerate(study.sampler.stages[:-1]):
        rows = [row for row in trials if row.number in _numbers(study, study.sampler, stage)]
        if len(rows) < len(_numbers(study, study.sampler, stage)) or any(row.state == "running" for row in rows):
            return None
        if all(row.state != "complete" for row in rows):
            return (
                f"the stage of {name} has no winner: none of its {len(rows)} trials came to its end; "
                "state other values for it, and begin anew with --restart"
            )
    return None
