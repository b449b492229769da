"""How trials are begun and ended, in Optuna's tables as Optuna itself would write them.

A trial is inserted whole or not at all, in one transaction with all that the same step of the loop changes; Optuna's
own `ask` stores parameters one by one. Knows neither scores nor who chose the parameters.
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.trial import TrialState
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import Connection

from search.config.study import Study
from search.optuna.internals import (
    ATTRIBUTES,
    DIVERGED,
    PARAMS,
    STUDIES,
    SYSTEM_ATTRIBUTES,
    TRIALS,
    VALUES,
    contains,
    value_to_stored,
)
from search.record.tables import Trials
from search.record.trials import (
    ATTRIBUTES_OF_BEGIN,
    ATTRIBUTES_OF_END,
    NOTES,
    OPEN_STATES,
    STATES,
    StudyTrials,
    ended_by_another,
)
from search.trial import TrialRow

_OPTUNA_STATES = {state: optunas for optunas, state in STATES.items()}


class TrialsAdded(Exception):  # noqa: N818 (a fact rather than an error)
    """Another program has added or taken a trial, so that what was to be written is not what comes next."""


class WritableTrials(StudyTrials):
    """The trials of one study, which begin and end."""

    study: Study

    def _insert_trials(
        self,
        connection: Connection,
        ids: Mapping[int, int],
        rows: Sequence[TrialRow],
        distributions: Mapping[str, BaseDistribution],
    ) -> dict[int, int]:
        """Insert the trials that are not there; returns Optuna's ids of those, by number."""
        internal = {
            row.number: {name: distributions[name].to_internal_repr(value) for name, value in row.params.items()}
            for row in rows
        }
        new: list[TrialRow] = []
        # As Optuna does before it gives a number: on a server, others wait for the end of this transaction.
        connection.execute(select(STUDIES.c.study_id).where(STUDIES.c.study_id == self.study_id).with_for_update())
        ours = set(connection.scalars(select(Trials.trial).where(Trials.study == self.row)))
        for row in rows:
            if row.number in ours:
                self._check_same(connection, ids[row.number], row.number, internal[row.number])
            elif row.suggested:
                self._take_up(connection, ids[row.number], row, internal[row.number], distributions)
            elif row.number in ids:
                raise TrialsAdded(self.name)
            elif row.number != len(ids) + len(new):
                raise RuntimeError(f"trial {row.number} of `{self.name}` cannot follow {len(ids) + len(new)} trials")
            else:
                new.append(row)
        if not new:
            return {}
        now = self._clock()
        trials = [
            {
                "study_id": self.study_id,
                "number": row.number,
                "state": TrialState.RUNNING,
                "datetime_start": _naive(row.started or now),
            }
            for row in new
        ]
        connection.execute(insert(TRIALS), trials)
        added = self._ids_above(connection, max(ids.values(), default=-1))
        self._insert_contents(connection, added, new, internal, distributions)
        return added

    def _take_up(
        self,
        connection: Connection,
        trial_id: int,
        row: TrialRow,
        internal: Mapping[str, float],
        distributions: Mapping[str, BaseDistribution],
    ) -> None:
        """Make a suggestion that waits a running trial of ours, unless another program has taken it meanwhile."""
        waiting = TRIALS.c.trial_id == trial_id, TRIALS.c.state == TrialState.WAITING
        running = {"state": TrialState.RUNNING, "datetime_start": _naive(row.started or self._clock())}
        if not connection.execute(update(TRIALS).where(*waiting).values(running)).rowcount:
            raise TrialsAdded(self.name)
        connection.execute(delete(PARAMS).where(PARAMS.c.trial_id == trial_id))
        theirs = ATTRIBUTES.c.trial_id == trial_id, ATTRIBUTES.c.key.in_(ATTRIBUTES_OF_END)  # which we read as ours
        connection.execute(delete(ATTRIBUTES).where(*theirs))
        self._insert_contents(connection, {row.number: trial_id}, [row], {row.number: internal}, distributions)

    def _insert_contents(
        self,
        connection: Connection,
        ids: Mapping[int, int],
        rows: Sequence[TrialRow],
        internal: Mapping[int, Mapping[str, float]],
        distributions: Mapping[str, BaseDistribution],
    ) -> None:
        """Insert the parameters and attributes of new trials, and that they are ours."""
        as_json = {name: distribution_to_json(distribution) for name, distribution in distributions.items()}
        params = [
            {"trial_id": ids[row.number], "param_name": name, "param_value": value, "distribution_json": as_json[name]}
            for row in rows
            for name, value in internal[row.number].items()
        ]
        if params:
            connection.execute(insert(PARAMS), params)
        attributes = {ids[row.number]: self._unlike_params(row) | _attributes(row, ATTRIBUTES_OF_BEGIN) for row in rows}
        self._insert_attributes(connection, attributes)
        notes = [
            {"trial_id": ids[row.number], "key": NOTES, "value_json": json.dumps(row.notes)}
            for row in rows
            if row.notes
        ]
        if notes:
            connection.execute(insert(SYSTEM_ATTRIBUTES), notes)
        ours = [{"study": self.row, "trial": row.number, "ended": False} for row in rows]
        connection.execute(insert(Trials), ours)

    def _unlike_params(self, row: TrialRow) -> dict[str, Any]:
        """Return the parameters trained as 0, for which Optuna's table has a range's low end, and those derived."""
        external = self.study.to_external(row.params)
        zeros = {
            name: external[name] for name, value in row.params.items() if name in external and external[name] != value
        }
        return zeros | {name: external[name] for name in self.study.derived if name in external}

    def _check_same(self, connection: Connection, trial_id: int, number: int, internal: Mapping[str, float]) -> None:
        """Raise RuntimeError where a trial that is there has other parameters."""
        query = select(PARAMS.c.param_name, PARAMS.c.param_value).where(PARAMS.c.trial_id == trial_id)
        there = {row.param_name: row.param_value for row in connection.execute(query)}
        if there != internal:
            raise RuntimeError(f"trial {number} of `{self.name}` has {there}, and cannot be given {dict(internal)}")

    def _end_trials(self, connection: Connection, ids: Mapping[int, int], rows: Sequence[TrialRow]) -> None:
        """End those trials that are still running, and say of those that another program ended that it did."""
        by_id = {ids[row.number]: row for row in rows}
        query = select(TRIALS.c.trial_id, TRIALS.c.state).where(TRIALS.c.trial_id.in_(by_id))
        ending = {
            id_: by_id[id_] for id_, state in sorted(map(tuple, connection.execute(query))) if state in OPEN_STATES
        }
        self._say_who_ended(connection, {row.number: ids[row.number] for row in rows if ids[row.number] not in ending})
        if not ending:
            return
        now = _naive(self._clock())
        end = update(TRIALS).where(TRIALS.c.trial_id == bindparam("id"))
        connection.execute(
            end.values(state=bindparam("as"), datetime_complete=bindparam("at")),
            [{"id": id_, "as": _OPTUNA_STATES[row.state], "at": now} for id_, row in ending.items()],
        )
        values = []
        for id_, row in ending.items():
            for objective, value in enumerate((row.value, row.second)):
                if value is not None:
                    stored, kind = value_to_stored(value)
                    values.append({"trial_id": id_, "objective": objective, "value": stored, "value_type": kind})
        if values:
            connection.execute(insert(VALUES), values)
        self._insert_attributes(connection, {id_: _attributes(row, ATTRIBUTES_OF_END) for id_, row in ending.items()})
        diverged = [
            {"trial_id": id_, "key": DIVERGED, "value_json": json.dumps(1.0)}  # above 0: to Optuna it is infeasible
            for id_, row in ending.items()
            if row.diverged_at is not None
        ]
        if diverged:
            connection.execute(insert(SYSTEM_ATTRIBUTES), diverged)
        ours = Trials.study == self.row, Trials.trial.in_([row.number for row in ending.values()])
        connection.execute(update(Trials).where(*ours).values(ended=True))

    def _say_who_ended(self, connection: Connection, over: Mapping[int, int]) -> None:
        """Write the reason of trials that another program ended; those that this one ended stay as they are."""
        theirs = Trials.study == self.row, Trials.trial.in_(over), ~Trials.ended, TRIALS.c.trial_id.in_(over.values())
        query = select(TRIALS.c.trial_id, TRIALS.c.state).join(Trials, Trials.trial == TRIALS.c.number).where(*theirs)
        states = {row.trial_id: row.state for row in connection.execute(query)} if over else {}
        self._insert_attributes(connection, {id_: {"reason": ended_by_another(it)} for id_, it in states.items()})

    def _insert_attributes(self, connection: Connection, attributes: Mapping[int, Mapping[str, Any]]) -> None:
        rows = [
            {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
            for trial_id, of_trial in attributes.items()
            for key, value in of_trial.items()
        ]
        if rows:
            put = self._database.insert(ATTRIBUTES)  # a suggestion may have one of that name
            also = {"value_json": put.excluded.value_json}
            connection.execute(put.on_conflict_do_update(index_elements=["trial_id", "key"], set_=also), rows)


def check_new(row: TrialRow, distributions: Mapping[str, BaseDistribution]) -> None:
    """Raise ValueError where a trial cannot be inserted."""
    if row.joined is None and row.repeat_of is None:
        raise ValueError(f"trial {row.number} neither joined at a tick nor repeats another")
    for name, value in row.params.items():
        if not contains(distributions[name], distributions[name].to_internal_repr(value)):
            raise ValueError(f"trial {row.number}: {name} {value!r} lies outside {distributions[name]}")


def check_ended(row: TrialRow) -> None:
    """Raise ValueError where a trial cannot end with the value that it has."""
    if (row.value is not None and math.isnan(row.value)) or (row.state == "complete" and row.value is None):
        raise ValueError(f"trial {row.number} cannot be told as {row.state} with value {row.value}")


def _attributes(row: TrialRow, names: Sequence[str]) -> dict[str, Any]:
    """Return those fields of a trial that are set; one that diverged has that for a reason."""
    found = {name: value for name in names if (value := getattr(row, name)) is not None and value is not False}
    return {"reason": f"diverged at epoch {row.diverged_at}"} | found if "diverged_at" in found else found


def _naive(time: datetime) -> datetime:
    """Return a time as Optuna's tables keep it: in UTC, without its zone."""
    return time.astimezone(UTC).replace(tzinfo=None)
