"""The table of trials as a pandas frame: `trials.csv`, and what `run_study` returns.

Columns have explicit types: a whole number stays one, and an unknown value stays empty. Reads no database by itself.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

from models.config.base import Value
from models.config.messages import EpochMetrics
from search.config.columns import member_columns
from search.config.relation_checks import derived_examples
from search.config.space import Choice, Int
from search.config.study import Study
from search.objective import select_epoch
from search.record.record import Record
from search.trial import TrialRow, standard_error


def trials_frame(
    record: Record, trials: Sequence[TrialRow], curves: Mapping[int, Sequence[EpochMetrics]]
) -> pd.DataFrame:
    """Return one row per trial, by number.

    Returns:
        The parameters as they were trained, the metrics of the selected epoch, and `epochs`, which counts those that
        the trial trained itself: 0 for a repeat, whose metrics are those of the trial that it repeats. Where the pruner
        pauses trials, `pauses` counts how often one left its lane and came back later; where the study has patience,
        `stopped_early` says which complete trials it ended. Where a trial is several lanes, its metrics are their
        means, and the columns of `member_columns` have the objective's standard error and each lane's value.
    """
    pauses = _pauses(record) if record.study.pruner.pauses else None
    study, metrics = record.study, (*reversed(record.study.task.metrics), *record.study.recorded)
    rows = []
    for row in trials:
        curve = curves.get(row.number, [])
        selected = select_epoch(curve, study.keep, study.objective)
        rows.append(
            {
                "number": row.number,
                "state": row.state,
                "reason": reason(row, curve),
                "baseline": row.baseline,
                **study.to_external(row.params),
                **{f"validation_{name}": selected.validation.get(name) if selected else None for name in metrics},
                **{name: selected.validation.get(name) if selected else None for name in study.known_costs},
                "best_epoch": selected.epoch if selected else None,
                "epochs": len(curve) if row.joined is not None else 0,
                "started": row.started,
                "finished": row.finished,
                "seconds": sum(score.seconds for score in curve) if row.joined is not None else 0.0,
                **({} if pauses is None else {"pauses": pauses.get(row.number, 0)}),
                **({} if study.patience is None else {"stopped_early": _stopped_early(study, row, curve)}),
                **_of_members(study, selected),
            }
        )
    columns = {
        "number": "Int64",
        "state": "string",
        "reason": "string",
        "baseline": "string",
        **parameter_types(study),
        **dict.fromkeys((f"validation_{name}" for name in metrics), "Float64"),
        **{name: "Float64" if name == "multiply_adds" else "Int64" for name in study.known_costs},
        "best_epoch": "Int64",
        "epochs": "Int64",
        "started": "datetime64[us, UTC]",
        "finished": "datetime64[us, UTC]",
        "seconds": "Float64",
        **({} if pauses is None else {"pauses": "Int64"}),
        **({} if study.patience is None else {"stopped_early": "boolean"}),
        **dict.fromkeys(_member_columns(study), "Float64"),
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _pauses(record: Record) -> dict[int, int]:
    """Return how many gaps there are between the ticks of each trial."""
    return {
        trial: sum(later > earlier + 1 for earlier, later in pairwise(ticks)) for trial, ticks in record.ticks().items()
    }


def _member_columns(study: Study) -> list[str]:
    return member_columns(study.objective.metric, study.member_name, study.members)


def _of_members(study: Study, selected: EpochMetrics | None) -> dict[str, float | None]:
    """Return what the lanes of a trial came to at its selected epoch, by column."""
    if selected is None or not selected.members:
        return {}
    values = [study.objective.value(lane.validation) for lane in selected.members]
    return dict(zip(_member_columns(study), [standard_error(values), *values], strict=True))


def _stopped_early(study: Study, row: TrialRow, curve: Sequence[EpochMetrics]) -> bool:
    return row.state == "complete" and bool(curve) and curve[-1].epoch < study.epochs


def reason(row: TrialRow, curve: Sequence[EpochMetrics]) -> str | None:
    """Return why a trial ended as it did, where its state does not say it all."""
    if row.is_foreign and row.state == "running":
        return "suggested by another program, and waits"
    if row.joined is None and row.repeat_of is not None:
        return f"repeat of trial {row.repeat_of}"
    if row.diverged_at is not None:
        return f"diverged at epoch {row.diverged_at}"
    if row.state == "pruned":
        return f"pruned at epoch {len(curve)}"
    return row.reason


def parameter_types(study: Study) -> dict[str, str]:
    """Return the type of each parameter's column: the searched ones, then those that are fixed."""
    searched = {
        name: _column(range_.values)
        if isinstance(range_, Choice)
        else "Int64"
        if isinstance(range_, Int)
        else "Float64"
        for name, range_ in study.space.items()
    }
    fixed = {name: _column([value]) for name, value in study.fixed.items()}
    return searched | fixed | {name: _of_examples(derived_examples(study, name)) for name in study.derived}


def _of_examples(values: Sequence[Value]) -> str:
    """Return the type of a column of a derived parameter: of its numbers some may be whole by chance."""
    numbers = {type(value) for value in values} == {int, float}
    return "Float64" if numbers or not values else _column(values)


def _column(values: Sequence[Value]) -> str:
    """Return the type of a column that holds such values, or nothing."""
    kinds = {bool: "boolean", int: "Int64", float: "Float64", str: "string"}
    (kind, *others) = dict.fromkeys(kinds[type(value)] for value in values)
    return "object" if others else kind
