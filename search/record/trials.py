"""The trials of a study, in Optuna's tables as Optuna itself would write them.

A trial is inserted whole or not at all, in one transaction with all that the same step of the loop changes; Optuna's
own `ask` stores parameters one by one. Knows neither scores nor who chose the parameters.
"""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import TrialState
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection, Row

from models.config.base import Parameters
from models.errors import UserError
from search.optuna_internals import ATTRIBUTES, PARAMS, TRIALS, VALUES, contains, value_to_stored
from search.record.database import Database
from search.record.lease import LeasedStudy
from search.record.postgres import retried
from search.trial import State, TrialRow

_STATES: dict[TrialState, State] = {
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
_OPTUNA_STATES = {state: optunas for optunas, state in _STATES.items()}

# The fields of a trial that are user attributes of Optuna's trial: those it begins with, and those it ends with.
_ATTRIBUTES_OF_BEGIN = ("joined", "baseline", "repeat_of")
_ATTRIBUTES_OF_END = ("waited_until", "diverged_at", "reason")


class StudyTrials(LeasedStudy):
    """The trials of one study."""

    def __init__(self, database: Database, folder: Path, clock: Callable[[], datetime], row: Row[Any]) -> None:
        super().__init__(database, folder, clock, row)
        self._ids: dict[int, int] = {}  # trial number -> Optuna's id, of trials that are committed

    @retried
    def trials(self) -> list[TrialRow]:
        """Return all trials, by number.

        Raises:
            UserError: Another program has added a trial.
        """
        mine = TRIALS.c.study_id == self.study_id
        params: dict[int, Parameters] = defaultdict(dict)
        attributes: dict[int, dict[str, Any]] = defaultdict(dict)
        with self._database.reading() as connection:  # three queries, however many trials there are
            for trial_id, name, value, distribution in connection.execute(
                select(PARAMS.c.trial_id, PARAMS.c.param_name, PARAMS.c.param_value, PARAMS.c.distribution_json)
                .join(TRIALS, TRIALS.c.trial_id == PARAMS.c.trial_id)
                .where(mine)
                .order_by(PARAMS.c.param_id)
            ):
                params[trial_id][name] = _distribution(distribution).to_external_repr(value)
            for trial_id, key, text in connection.execute(
                select(ATTRIBUTES.c.trial_id, ATTRIBUTES.c.key, ATTRIBUTES.c.value_json)
                .join(TRIALS, TRIALS.c.trial_id == ATTRIBUTES.c.trial_id)
                .where(mine, ATTRIBUTES.c.key.in_(_ATTRIBUTES_OF_BEGIN + _ATTRIBUTES_OF_END))
            ):
                attributes[trial_id][key] = json.loads(text)
            rows = connection.execute(
                select(TRIALS, VALUES.c.value)
                .outerjoin(VALUES, VALUES.c.trial_id == TRIALS.c.trial_id)
                .where(mine)
                .order_by(TRIALS.c.number)
            ).all()
        for row in rows:
            if row.state not in _STATES or not attributes[row.trial_id].keys() & {"joined", "repeat_of"}:
                raise UserError(
                    f"trial {row.number} of `{self.name}` was added by another program",
                    "begin anew with --restart, which keeps these trials under another name",
                )
        return [
            TrialRow(
                number=row.number,
                state=_STATES[row.state],
                params=params[row.trial_id],
                value=row.value,
                started=_aware(row.datetime_start),
                finished=_aware(row.datetime_complete),
                **attributes[row.trial_id],
            )
            for row in rows
        ]

    def _ids_in(self, connection: Connection) -> dict[int, int]:
        """Return Optuna's ids of all trials, by number."""
        return self._ids | self._ids_above(connection, max(self._ids.values(), default=-1))

    def _ids_above(self, connection: Connection, last: int) -> dict[int, int]:
        """Return Optuna's ids of the trials that were inserted after the one of this id, by number."""
        newer = TRIALS.c.study_id == self.study_id, TRIALS.c.trial_id > last
        rows = connection.execute(select(TRIALS.c.number, TRIALS.c.trial_id).where(*newer))
        return {row.number: row.trial_id for row in rows}

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
        for row in rows:
            if row.number in ids:
                self._check_same(connection, ids[row.number], row.number, internal[row.number])
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
        as_json = {name: distribution_to_json(distribution) for name, distribution in distributions.items()}
        params = [
            {
                "trial_id": added[row.number],
                "param_name": name,
                "param_value": value,
                "distribution_json": as_json[name],
            }
            for row in new
            for name, value in internal[row.number].items()
        ]
        if params:
            connection.execute(insert(PARAMS), params)
        _insert_attributes(connection, {added[row.number]: _attributes(row, _ATTRIBUTES_OF_BEGIN) for row in new})
        return added

    def _check_same(self, connection: Connection, trial_id: int, number: int, internal: Mapping[str, float]) -> None:
        """Raise RuntimeError where a trial that is there has other parameters."""
        query = select(PARAMS.c.param_name, PARAMS.c.param_value).where(PARAMS.c.trial_id == trial_id)
        there = {row.param_name: row.param_value for row in connection.execute(query)}
        if there != internal:
            raise RuntimeError(f"trial {number} of `{self.name}` has {there}, and cannot be given {dict(internal)}")

    def _end_trials(self, connection: Connection, ids: Mapping[int, int], rows: Sequence[TrialRow]) -> None:
        """End those trials that are still running."""
        by_id = {ids[row.number]: row for row in rows}
        running = TRIALS.c.trial_id.in_(by_id), TRIALS.c.state == TrialState.RUNNING
        ending = {id_: by_id[id_] for id_ in sorted(connection.scalars(select(TRIALS.c.trial_id).where(*running)))}
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
            if row.value is not None:
                stored, kind = value_to_stored(row.value)
                values.append({"trial_id": id_, "objective": 0, "value": stored, "value_type": kind})
        if values:
            connection.execute(insert(VALUES), values)
        _insert_attributes(connection, {id_: _attributes(row, _ATTRIBUTES_OF_END) for id_, row in ending.items()})


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


_distribution = lru_cache(json_to_distribution)  # ten thousand trials have the same few


def _attributes(row: TrialRow, names: Sequence[str]) -> dict[str, Any]:
    """Return those fields of a trial that are not None."""
    return {name: value for name in names if (value := getattr(row, name)) is not None}


def _insert_attributes(connection: Connection, attributes: Mapping[int, Mapping[str, Any]]) -> None:
    rows = [
        {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
        for trial_id, of_trial in attributes.items()
        for key, value in of_trial.items()
    ]
    if rows:
        connection.execute(insert(ATTRIBUTES), rows)


def _naive(time: datetime) -> datetime:
    """Return a time as Optuna's tables keep it: in UTC, without its zone."""
    return time.astimezone(UTC).replace(tzinfo=None)


def _aware(time: datetime | None) -> datetime | None:
    """Return a time of Optuna's tables with its zone."""
    return time and time.replace(tzinfo=UTC)
