"""The trials of a study as they are read: this program's own, and those that others have added to Optuna's tables.

Knows neither scores nor who chose the parameters.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from optuna.distributions import json_to_distribution
from optuna.trial import TrialState
from sqlalchemy import Select, and_, select
from sqlalchemy.engine import Connection, Row

from models.config.base import Parameters
from search.optuna.internals import ATTRIBUTES, PARAMS, SYSTEM_ATTRIBUTES, TRIALS, VALUES
from search.record.database import Database
from search.record.lease import LeasedStudy
from search.record.postgres import retried
from search.record.tables import Trials
from search.trial import State, TrialRow

STATES: dict[TrialState, State] = {
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}

OPEN_STATES = (TrialState.RUNNING, TrialState.WAITING)  # the latter: a suggestion

# The fields of a trial that are user attributes of Optuna's trial: those it begins with, and those it ends with.
ATTRIBUTES_OF_BEGIN = ("joined", "baseline", "repeat_of", "suggested")
ATTRIBUTES_OF_END = ("waited_until", "diverged_at", "reason", "members")
NOTES = "studyhall:notes"  # the system attribute that holds `TrialRow.notes`: it may be long, and no dashboard shows it


class StudyTrials(LeasedStudy):
    """The trials of one study."""

    def __init__(self, database: Database, folder: Path, clock: Callable[[], datetime], row: Row[Any]) -> None:
        super().__init__(database, folder, clock, row)
        self._ids: dict[int, int] = {}  # trial number -> Optuna's id, of trials that are committed

    @retried
    def trials(self, first: int = 0) -> list[TrialRow]:
        """Return the trials by number, also those that another program has added, which are `TrialRow.is_foreign`.

        Args:
            first: The number of the first one that is returned.
        """
        return self._trials_from(first)

    @retried
    def states(self, first: int = 0) -> dict[int, TrialState]:
        """Return the state of each trial in Optuna's table, from a number on: far cheaper than the trials."""
        query = select(TRIALS.c.number, TRIALS.c.state)
        with self._database.reading() as connection:
            rows = connection.execute(query.where(TRIALS.c.study_id == self.study_id, TRIALS.c.number >= first))
            return {row.number: row.state for row in rows}

    def _trials_from(self, first: int) -> list[TrialRow]:
        """Return the trials from this number on."""
        ours = and_(Trials.study == self.row, Trials.trial == TRIALS.c.number)
        mine, second = (TRIALS.c.study_id == self.study_id, TRIALS.c.number >= first), VALUES.alias()
        params: dict[int, Parameters] = defaultdict(dict)
        attributes: dict[int, dict[str, Any]] = defaultdict(dict)
        with self._database.reading() as connection:  # four queries, however many trials there are
            for trial_id, name, value, distribution in connection.execute(
                select_params()
                .join(Trials, ours)
                .where(*mine)
                .order_by(PARAMS.c.param_id)  # those of others are their own
            ):
                params[trial_id][name] = distribution_of(distribution).to_external_repr(value)
            for trial_id, key, text in connection.execute(
                select(ATTRIBUTES.c.trial_id, ATTRIBUTES.c.key, ATTRIBUTES.c.value_json)
                .join(TRIALS, TRIALS.c.trial_id == ATTRIBUTES.c.trial_id)
                .where(*mine, ATTRIBUTES.c.key.in_(ATTRIBUTES_OF_BEGIN + ATTRIBUTES_OF_END))
            ):
                value = json.loads(text)
                attributes[trial_id][key] = tuple(value) if isinstance(value, list) else value
            noted = select(SYSTEM_ATTRIBUTES.c.trial_id, SYSTEM_ATTRIBUTES.c.value_json).join(
                TRIALS, TRIALS.c.trial_id == SYSTEM_ATTRIBUTES.c.trial_id
            )
            for trial_id, text in connection.execute(
                noted.join(Trials, ours).where(*mine, SYSTEM_ATTRIBUTES.c.key == NOTES)
            ):
                attributes[trial_id]["notes"] = json.loads(text)
            rows = connection.execute(
                select(TRIALS, VALUES.c.value, second.c.value.label("second"), Trials.ended)
                .outerjoin(VALUES, and_(VALUES.c.trial_id == TRIALS.c.trial_id, VALUES.c.objective == 0))
                .outerjoin(second, and_(second.c.trial_id == TRIALS.c.trial_id, second.c.objective == 1))
                .outerjoin(Trials, ours)
                .where(*mine)
                .order_by(TRIALS.c.number)
            ).all()
        return [_trial_row(row, params[row.trial_id], attributes[row.trial_id]) for row in rows]

    def _ids_in(self, connection: Connection) -> dict[int, int]:
        """Return Optuna's ids of all trials, by number."""
        return self._ids | self._ids_above(connection, max(self._ids.values(), default=-1))

    def _ids_above(self, connection: Connection, last: int) -> dict[int, int]:
        """Return Optuna's ids of the trials that were inserted after the one of this id, by number."""
        newer = TRIALS.c.study_id == self.study_id, TRIALS.c.trial_id > last
        rows = connection.execute(select(TRIALS.c.number, TRIALS.c.trial_id).where(*newer))
        return {row.number: row.trial_id for row in rows}


def select_params() -> Select[Any]:
    """Select the parameters of trials, joined with these."""
    columns = PARAMS.c.trial_id, PARAMS.c.param_name, PARAMS.c.param_value, PARAMS.c.distribution_json
    return select(*columns).join(TRIALS, TRIALS.c.trial_id == PARAMS.c.trial_id)


def _trial_row(row: Row[Any], params: Parameters, attributes: dict[str, Any]) -> TrialRow:
    """Return a trial as the loop knows it, from its row in Optuna's table, with `ended` of ours."""
    times: dict[str, Any] = {"started": _aware(row.datetime_start), "finished": _aware(row.datetime_complete)}
    if row.ended is None and row.state == TrialState.WAITING:
        return TrialRow(row.number, "running", {}, suggested=True)
    if row.ended is None:
        added = f"added by another program ({row.state.name.lower()}), and passed over"
        refused = attributes.get("reason") if row.state == TrialState.FAIL else None  # a suggestion
        return TrialRow(row.number, "failed", {}, reason=refused if isinstance(refused, str) else added, **times)
    if row.state.is_finished() and not row.ended:
        begun = {key: attributes[key] for key in ATTRIBUTES_OF_BEGIN if key in attributes}
        return TrialRow(row.number, "failed", params, reason=ended_by_another(row.state), **times, **begun)
    return TrialRow(row.number, STATES[row.state], params, value=row.value, second=row.second, **times, **attributes)


def ended_by_another(state: TrialState) -> str:
    """Return the reason of a trial that another program ended."""
    return f"ended by another program, as {state.name.lower()}"


distribution_of = lru_cache(json_to_distribution)  # ten thousand trials have the same few


def _aware(time: datetime | None) -> datetime | None:
    """Return a time of Optuna's tables with its zone."""
    return time and time.replace(tzinfo=UTC)
