"""The record of one study: its trials in Optuna's tables, and beside them whatever Optuna has no place for.

search.work and reports write it, reports and the dashboard read it. Every write says "let this be so" rather than "add
this", is one transaction, and begins by renewing the lease: it can be done again after a kill at any moment, and by
nobody but the study's owner. What is written is decided elsewhere: nothing here samples, judges or trains. Records are
made by storage.py.
"""

import json
import math
import os
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from filelock import Timeout
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import TrialState, create_trial
from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.engine import Connection, CursorResult, Row

from models.errors import UserError
from models.recipe import Parameters, Score
from search import schema
from search.schema import (
    ATTRIBUTES,
    INTERMEDIATE_VALUES,
    PARAMS,
    TRIALS,
    VALUES,
    Curves,
    Database,
    FinalistCurves,
    Finalists,
    Ledger,
    Studies,
)
from search.spec import Study
from search.trials import State, TrialRow

_STATES: dict[TrialState, State] = {
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
_OPTUNA_STATES = {ours: optunas for optunas, ours in _STATES.items()}

# What else is known of a trial is kept as user attributes of Optuna's trial; absent rather than null.
_AT_INSERT = ("joined", "baseline", "repeat_of")
_AT_TELL = ("diverged_at", "reason")


class LeaseLost(UserError):  # noqa: N818 (like UserError's other kinds, a fact rather than an error)
    """Another process runs the study now; nothing was written."""


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FinalistRow:
    """One finalist under one seed, as far as it has come. A loss that is no number is kept as None."""

    trial: int
    seed: int
    best_epoch: int | None = None
    validation_accuracy: float | None = None  # of the ranking phase, at best_epoch
    validation_loss: float | None = None
    epochs: int | None = None  # retrained for so many
    train_loss: float | None = None  # a full pass over what it was retrained on
    train_accuracy: float | None = None
    train_seconds: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    ledger: int | None = None  # the line under which it was tested
    model: str | None = None  # file name in <folder>/finalists
    model_sha256: str | None = None


@dataclass(frozen=True)
class LedgerRow:
    """One opening of a test set."""

    id: int
    signed: datetime  # UTC
    purpose: str
    dataset: str
    sha256: str
    models: int  # how many were tested


# --- one study --------------------------------------------------------------------------------------------------------


class Record:
    """One study: its trials, scores and finalists. Made by `Store.begin` and `Store.find`.

    Reading needs nothing; every write needs the lease and raises LeaseLost when another process has taken it.
    """

    def __init__(self, database: Database, folder: Path, clock: Callable[[], datetime], row: Row[Any]) -> None:
        self.name: str = row.study_name
        self.study_id: int = row.study_id  # Optuna's
        self.folder = folder
        self.study = Study.model_validate(row.study)
        self.fingerprint: dict[str, Any] = row.fingerprint
        self.environment: dict[str, Any] = row.environment
        self.text: str = row.text
        self._id: int = row.id
        self._database = database
        self._clock = clock
        self._generation: int | None = None  # of the lease, while it is ours
        self._lease_seconds = 0.0
        self._known: dict[int, int] = {}  # trial number -> Optuna's id
        # Beside the folder and not in it, so that it stays in place while the study is archived.
        self._lock = schema.file_lock(self.folder.with_name(f".{self.name}.lock"), 0)

    # --- the lease ---

    @contextmanager
    def lease(self, owner: str | None = None, lease_seconds: float = 120.0) -> Iterator[None]:
        """`claim`, and `release` in the end."""
        self.claim(owner, lease_seconds)
        try:
            yield
        finally:
            self.release()

    def claim(self, owner: str | None = None, lease_seconds: float = 120.0) -> None:
        """Become the one process that runs this study. `owner` is "host:pid", this process's own unless given.

        On one machine a file lock decides, which dies with its process. Another machine's lease is respected until it
        was not renewed, by any write, for the `lease_seconds` that its owner promised: more than a tick takes.
        Raises UserError, telling who runs the study since when.
        """
        owner = owner or f"{socket.gethostname()}:{os.getpid()}"
        try:
            self._lock.acquire()
        except Timeout:
            raise self._held() from None
        try:
            self._generation = self._claim_row(owner, lease_seconds)
        except BaseException:
            self._lock.release()
            raise
        self._lease_seconds = lease_seconds

    def _claim_row(self, owner: str, lease_seconds: float) -> int:
        time = self._clock()
        this_host = owner.rpartition(":")[0] + ":"
        free = or_(Studies.owner.is_(None), Studies.until < time, Studies.owner.startswith(this_host, autoescape=True))
        claim = update(Studies).where(Studies.id == self._id, free)
        with self._database.transaction() as connection:
            claimed = connection.execute(
                claim.values(
                    owner=owner,
                    since=time,
                    until=time + timedelta(seconds=lease_seconds),
                    generation=Studies.generation + 1,
                    study=self.study.model_dump(mode="json"),
                    text=self.text,
                )
            )
            if claimed.rowcount:
                return connection.scalars(select(Studies.generation).where(Studies.id == self._id)).one()
        raise self._held()

    def _held(self) -> UserError:
        with self._database.transaction() as connection:
            row = connection.execute(select(Studies.owner, Studies.since).where(Studies.id == self._id)).one()
        since = f" since {row.since:%Y-%m-%d %H:%M:%S} UTC" if row.since else ""
        return UserError(
            f"`{self.name}` is being run by {row.owner or 'another process'}{since}",
            "wait until that ends, or stop it there; with --name a study of another name can run beside it",
        )

    def release(self) -> None:
        """Let others run the study."""
        mine = update(Studies).where(Studies.id == self._id, Studies.generation == self._generation)
        try:
            with self._database.transaction() as connection:
                connection.execute(mine.values(owner=None, since=None, until=None))
        finally:
            self._generation = None
            self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that begins by renewing the lease, so that a process that lost it writes nothing."""
        if self._generation is None:
            raise RuntimeError(f"`{self.name}` is written without a lease")
        until = self._clock() + timedelta(seconds=self._lease_seconds)
        mine = update(Studies).where(Studies.id == self._id, Studies.generation == self._generation)
        with self._database.transaction() as connection:
            if not connection.execute(mine.values(until=until)).rowcount:
                raise LeaseLost(
                    f"`{self.name}` was taken over by another process while this one was not heard of",
                    "let the other one go on; nothing of this one's last tick was written",
                )
            yield connection

    def spend(self, seconds: Mapping[str, float]) -> None:
        """Add what a run took, by part, to `environment["spent"]`; a run that was killed has added nothing."""
        mine = Studies.id == self._id
        with self.writing() as connection:
            environment = connection.scalars(select(Studies.environment).where(mine)).one()
            before = environment.get("spent", {})
            spent = {part: before.get(part, 0.0) + more for part, more in seconds.items()}
            self.environment = environment | {"spent": spent}
            connection.execute(update(Studies).where(mine).values(environment=self.environment))

    # --- trials ---

    def trials(self) -> list[TrialRow]:
        """All trials, by number, in four queries however many there are."""
        mine = TRIALS.c.study_id == self.study_id
        drawn: dict[int, Parameters] = defaultdict(dict)
        attributes: dict[int, dict[str, Any]] = defaultdict(dict)
        with self._database.transaction() as connection:
            for trial_id, name, value, distribution in connection.execute(
                select(PARAMS.c.trial_id, PARAMS.c.param_name, PARAMS.c.param_value, PARAMS.c.distribution_json)
                .join(TRIALS, TRIALS.c.trial_id == PARAMS.c.trial_id)
                .where(mine)
                .order_by(PARAMS.c.param_id)
            ):
                drawn[trial_id][name] = _distribution(distribution).to_external_repr(value)
            for trial_id, key, text in connection.execute(
                select(ATTRIBUTES.c.trial_id, ATTRIBUTES.c.key, ATTRIBUTES.c.value_json)
                .join(TRIALS, TRIALS.c.trial_id == ATTRIBUTES.c.trial_id)
                .where(mine, ATTRIBUTES.c.key.in_(_AT_INSERT + _AT_TELL))
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
                drawn=drawn[row.trial_id],
                value=row.value,
                started=_aware(row.datetime_start),
                finished=_aware(row.datetime_complete),
                **attributes[row.trial_id],
            )
            for row in rows
        ]

    def insert(self, row: TrialRow, distributions: Mapping[str, BaseDistribution]) -> None:
        """Let trial `row.number` run with these parameters; whole or not at all, and nothing if it is there.

        `distributions` are those of search.sampling. Raises RuntimeError if the number is taken by other parameters or
        is not the next one, ValueError if a parameter lies outside its distribution: these are mistakes of ours.
        """
        if row.joined is None and row.repeat_of is None:
            raise ValueError(f"trial {row.number} neither joined at a tick nor repeats another")
        attributes = {key: value for key in _AT_INSERT if (value := getattr(row, key)) is not None}
        create_trial(  # Optuna's own check of parameters and distributions
            state=TrialState.RUNNING, params=row.drawn, distributions=dict(distributions), user_attrs=attributes
        )
        internal = {name: distributions[name].to_internal_repr(value) for name, value in row.drawn.items()}
        with self.writing() as connection:
            numbered = self._trial_ids(connection)
            if row.number in numbered:
                self._check_same(connection, numbered[row.number], row.number, internal)
                return
            if row.number != len(numbered):
                raise RuntimeError(f"trial {row.number} of `{self.name}` cannot follow {len(numbered)} trials")
            begun = {"state": TrialState.RUNNING, "datetime_start": _naive(row.started or self._clock())}
            values = {"study_id": self.study_id, "number": row.number} | begun
            trial_id = number_of(connection.execute(insert(TRIALS).values(values)))
            rows = [
                {
                    "trial_id": trial_id,
                    "param_name": name,
                    "param_value": value,
                    "distribution_json": distribution_to_json(distributions[name]),
                }
                for name, value in internal.items()
            ]
            if rows:
                connection.execute(insert(PARAMS), rows)
            self._put_attributes(connection, trial_id, attributes)

    def _check_same(self, connection: Connection, trial_id: int, number: int, internal: Mapping[str, float]) -> None:
        query = select(PARAMS.c.param_name, PARAMS.c.param_value).where(PARAMS.c.trial_id == trial_id)
        there = {row.param_name: row.param_value for row in connection.execute(query)}
        if there != internal:
            raise RuntimeError(f"trial {number} of `{self.name}` has {there}, and cannot be given {dict(internal)}")

    def tell(
        self,
        number: int,
        state: Literal["complete", "pruned", "failed"],
        value: float | None,
        *,
        diverged_at: int | None = None,
        reason: str | None = None,
    ) -> None:
        """End a trial; one that has ended stays as it was told."""
        if (value is not None and math.isnan(value)) or (state == "complete" and value is None):
            raise ValueError(f"trial {number} cannot be told as {state} with value {value}")
        with self.writing() as connection:
            trial_id = self._trial_ids(connection)[number]
            told = update(TRIALS).where(TRIALS.c.trial_id == trial_id, TRIALS.c.state == TrialState.RUNNING)
            ended = told.values(state=_OPTUNA_STATES[state], datetime_complete=_naive(self._clock()))
            if not connection.execute(ended).rowcount:
                return
            if value is not None:
                stored, kind = schema.value_to_stored(value)
                row = {"trial_id": trial_id, "objective": 0, "value": stored, "value_type": kind}
                connection.execute(insert(VALUES).values(row))
            notes = {"diverged_at": diverged_at, "reason": reason}
            self._put_attributes(connection, trial_id, {key: note for key, note in notes.items() if note is not None})

    def _put_attributes(self, connection: Connection, trial_id: int, attributes: Mapping[str, Any]) -> None:
        rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(v)} for key, v in attributes.items()]
        if rows:
            connection.execute(insert(ATTRIBUTES), rows)

    def _trial_ids(self, connection: Connection) -> dict[int, int]:
        """Optuna's id of every trial, by number; only those since the last call are read."""
        newer = TRIALS.c.trial_id > max(self._known.values(), default=-1)
        query = select(TRIALS.c.number, TRIALS.c.trial_id).where(TRIALS.c.study_id == self.study_id, newer)
        self._known |= {row.number: row.trial_id for row in connection.execute(query)}
        return self._known

    # --- scores ---

    def record(self, tick: int, scores: Sequence[Score]) -> None:
        """Let these be the scores of a tick; lanes are trial numbers. Scores that are there stay."""
        if not scores:
            return
        with self.writing() as connection:
            trial_ids = self._trial_ids(connection)
            steps = []
            for score in scores:
                stored, kind = schema.intermediate_to_stored(score.validation_accuracy)
                step = {"trial_id": trial_ids[score.lane], "step": score.epoch}
                steps.append(step | {"intermediate_value": stored, "intermediate_value_type": kind})
            curves = [_figures(tick, score) | {"study": self._id, "trial": score.lane} for score in scores]
            connection.execute(self._database.insert(INTERMEDIATE_VALUES).on_conflict_do_nothing(), steps)
            connection.execute(self._database.insert(Curves).on_conflict_do_nothing(), curves)

    def scores(self) -> list[tuple[int, Score]]:
        """All scores as (tick, score), by tick and then by trial."""
        losses = (Curves.train_loss, Curves.train_accuracy, Curves.validation_loss, Curves.validation_accuracy)
        query = select(Curves.tick, Curves.trial, Curves.epoch, *losses, Curves.seconds).where(Curves.study == self._id)
        with self._database.transaction() as connection:
            rows = connection.execute(query.order_by(Curves.tick, Curves.trial, Curves.epoch)).all()
        return [  # by place: a hundred thousand rows by name take twice as long
            (
                tick,
                Score(
                    lane=trial,
                    epoch=epoch,
                    train_loss=train_loss,
                    train_accuracy=train_accuracy,
                    validation_loss=validation_loss,
                    validation_accuracy=validation_accuracy,
                    seconds=seconds,
                ),
            )
            for tick, trial, epoch, train_loss, train_accuracy, validation_loss, validation_accuracy, seconds in rows
        ]

    def curve(self, number: int) -> list[Score]:
        """The scores of one trial, by epoch."""
        query = select(Curves.__table__).where(Curves.study == self._id, Curves.trial == number)
        with self._database.transaction() as connection:
            rows = connection.execute(query.order_by(Curves.epoch)).all()
        return [_score(row, number) for row in rows]

    # --- finalists ---

    def finalists(self) -> list[FinalistRow]:
        """All finalists under all seeds, by trial and seed."""
        wanted = [getattr(Finalists, field.name) for field in fields(FinalistRow)]
        query = select(*wanted).where(Finalists.study == self._id).order_by(Finalists.trial, Finalists.seed)
        with self._database.transaction() as connection:
            return [FinalistRow(*row) for row in connection.execute(query)]

    def save_finalist(self, row: FinalistRow) -> None:
        """Let a finalist have these figures; those that are None stay what they are."""
        put = self._database.insert(Finalists).values(study=self._id, **asdict(row))
        kept = {
            field.name: func.coalesce(put.excluded[field.name], getattr(Finalists, field.name))
            for field in fields(FinalistRow)[2:]  # all but the key: trial and seed
        }
        with self.writing() as connection:
            connection.execute(put.on_conflict_do_update(index_elements=["study", "trial", "seed"], set_=kept))

    def record_finalists(self, phase: str, tick: int, scores: Sequence[tuple[int, int, Score]]) -> None:
        """Let these be the scores of a tick of "rank" or "retrain", as (trial, seed, score). What is there stays."""
        if not scores:
            return
        rows = [
            _figures(tick, score)
            | {"study": self._id, "phase": phase, "trial": trial, "seed": seed, "lane": score.lane}
            for trial, seed, score in scores
        ]
        with self.writing() as connection:
            connection.execute(self._database.insert(FinalistCurves).on_conflict_do_nothing(), rows)

    def finalist_scores(self, phase: str) -> list[tuple[int, int, int, Score]]:
        """All scores of a phase as (tick, trial, seed, score), by tick and then by lane."""
        curves = FinalistCurves
        query = select(curves.__table__).where(curves.study == self._id, curves.phase == phase)
        with self._database.transaction() as connection:
            rows = connection.execute(query.order_by(curves.tick, curves.lane, curves.epoch)).all()
        return [(row.tick, row.trial, row.seed, _score(row, row.lane)) for row in rows]

    # --- the ledger ---

    def sign(self, purpose: str, dataset: str, sha256: str, models: int) -> int:
        """Commit a line that says: a test set is opened now, to test so many models. Returns the line's id."""
        what = {"purpose": purpose, "dataset": dataset, "sha256": sha256, "models": models}
        line = insert(Ledger).values(study=self._id, signed=self._clock(), **what)
        with self.writing() as connection:
            return number_of(connection.execute(line))

    def ledger(self) -> list[LedgerRow]:
        """Every opening of a test set for this study, oldest first."""
        wanted = [getattr(Ledger, field.name) for field in fields(LedgerRow)]
        with self._database.transaction() as connection:
            rows = connection.execute(select(*wanted).where(Ledger.study == self._id).order_by(Ledger.id)).all()
        return [LedgerRow(*row) for row in rows]


# --- between our words and the tables ---------------------------------------------------------------------------------

_distribution = lru_cache(json_to_distribution)  # ten thousand trials have the same few


def number_of(inserted: CursorResult[Any]) -> int:
    """The number that the database gave to a new row."""
    assert inserted.inserted_primary_key is not None
    return cast(int, inserted.inserted_primary_key[0])


def _figures(tick: int, score: Score) -> dict[str, Any]:
    """A score as both tables of curves keep it."""
    return score.model_dump(exclude={"lane"}) | {"tick": tick}


def _score(row: Row[Any], lane: int) -> Score:
    """The inverse of `_figures`."""
    return Score(
        lane=lane,
        epoch=row.epoch,
        train_loss=row.train_loss,
        train_accuracy=row.train_accuracy,
        validation_loss=row.validation_loss,
        validation_accuracy=row.validation_accuracy,
        seconds=row.seconds,
    )


def _naive(time: datetime) -> datetime:
    """As Optuna's tables keep a time: in UTC, without saying so."""
    return time.astimezone(UTC).replace(tzinfo=None)


def _aware(time: datetime | None) -> datetime | None:
    """The inverse of `_naive`."""
    return time and time.replace(tzinfo=UTC)
