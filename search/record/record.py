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
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from filelock import Timeout
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import TrialState
from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.engine import Connection, CursorResult, Row

from models.config.base import Parameters
from models.config.messages import EpochMetrics
from models.datasets.test_part import SignedOpening, claim_ledger
from models.errors import UserError
from search.config.study import Study
from search.record.database import Database
from search.record.lease import LeaseLost, _is_running
from search.record.postgres import ConnectionLost, Held, SessionLock, again, patiently
from search.record.rows import FinalistRow, LedgerRow
from search.record.tables import (
    ATTRIBUTES,
    INTERMEDIATE_VALUES,
    PARAMS,
    TRIALS,
    VALUES,
    Curves,
    FinalistCurves,
    Finalists,
    Ledger,
    Studies,
    intermediate_to_stored,
    value_to_stored,
)
from search.trial import Ending, State, TrialRow

_STATES: dict[TrialState, State] = {
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
_OPTUNA_STATES = {ours: optunas for optunas, ours in _STATES.items()}

_signed_opening = claim_ledger(__name__)  # nobody else can make one

# What else is known of a trial is kept as user attributes of Optuna's trial; absent rather than null.
_AT_INSERT = ("joined", "baseline", "repeat_of")
_AT_TELL = ("diverged_at", "reason")


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
        self.row: int = row.id  # the number of our own row of it
        self.in_a_file = database.is_file  # its database: what lies beside it is then where the record is
        self._database = database
        self._clock = clock
        self._generation: int | None = None  # of the lease, while it is ours
        self._lease_seconds = 0.0
        self._known: dict[int, int] = {}  # trial number -> Optuna's id
        # Beside the folder and not in it, so that it stays in place while the study is archived. On a server it is one
        # of this machine's: other machines go by the lease's time.
        file = self.folder.with_name(f".{self.name}.lock")
        self._lock = database.lock(file, "study", self.row, socket.gethostname())

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

        On one machine a lock decides, which dies with its process: a file's, or on a server one of its sessions'.
        Another machine's lease is respected until it was not renewed, by any write, for the `lease_seconds` that its
        owner promised: more than a tick takes. Raises UserError, telling who runs the study since when.
        """
        owner = owner or f"{socket.gethostname()}:{os.getpid()}"
        try:
            self._lock.acquire()
        except (Timeout, Held):
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
        claim = update(Studies).where(Studies.id == self.row, free)
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
                return connection.scalars(select(Studies.generation).where(Studies.id == self.row)).one()
        raise self._held()

    def owner(self) -> str | None:
        """Who runs the study now, as "host:pid"; None where nobody does.

        A lease that its time has run out of is nobody's, nor is one of a process of this machine that is gone.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(Studies.owner, Studies.until).where(Studies.id == self.row)).one()
        if row.owner is None or row.until is None or row.until < self._clock():
            return None
        host, _, pid = row.owner.rpartition(":")
        gone = host == socket.gethostname() and pid.isdigit() and not _is_running(int(pid))
        return None if gone else str(row.owner)

    def _held(self) -> UserError:
        lease = select(Studies.owner, Studies.since, Studies.until).where(Studies.id == self.row)
        with self._database.reading() as connection:
            row = connection.execute(lease).one()
        since = f" since {row.since:%Y-%m-%d %H:%M:%S} UTC" if row.since else ""
        left = math.ceil((row.until - self._clock()).total_seconds()) if row.until else 0
        lost = f"; if that machine is lost, the same command takes over in {left} s" if left > 0 else ""
        return UserError(
            f"`{self.name}` is being run by {row.owner or 'another process'}{since}",
            f"wait until that ends, or stop it there{lost}; with --name a study of another name can run beside it",
        )

    def release(self) -> None:
        """Let others run the study. Where the server is away, the lease is left to run out."""
        mine = update(Studies).where(Studies.id == self.row, Studies.generation == self._generation)
        try:
            with suppress(ConnectionLost), self._database.transaction() as connection:
                connection.execute(mine.values(owner=None, since=None, until=None))
        finally:
            self._generation = None
            self._lock.release()

    def reading(self) -> AbstractContextManager[Connection]:
        """What is read in it is of one moment."""
        return self._database.reading()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that begins by renewing the lease, so that a process that lost it writes nothing."""
        if self._generation is None:
            raise RuntimeError(f"`{self.name}` is written without a lease")
        with ExitStack() as stack:
            yield patiently(lambda: self._renewed(stack))

    def _renewed(self, stack: ExitStack) -> Connection:
        """Begin a transaction, which ends with the stack, and renew the lease in it."""
        lost = LeaseLost(
            f"`{self.name}` was taken over by another process while this one was not heard of",
            "let the other one go on; nothing of this one's last tick was written",
        )
        until = self._clock() + timedelta(seconds=self._lease_seconds)
        mine = update(Studies).where(Studies.id == self.row, Studies.generation == self._generation)
        # On a server the session that holds the lock is the one that writes.
        holder = self._lock if isinstance(self._lock, SessionLock) else self._database
        try:
            with ExitStack() as begun:
                connection = begun.enter_context(holder.transaction())
                if not connection.execute(mine.values(until=until)).rowcount:
                    raise lost
                stack.push(begun.pop_all())
                return connection
        except Held:
            raise lost from None

    def spend(self, seconds: Mapping[str, float]) -> None:
        """Add what a run took, by part, to `environment["spent"]`; a run that was killed has added nothing."""
        mine = Studies.id == self.row
        with self.writing() as connection:
            environment = connection.scalars(select(Studies.environment).where(mine)).one()
            before = environment.get("spent", {})
            spent = {part: before.get(part, 0.0) + more for part, more in seconds.items()}
            self.environment = environment | {"spent": spent}
            connection.execute(update(Studies).where(mine).values(environment=self.environment))

    # --- trials ---

    @again
    def trials(self) -> list[TrialRow]:
        """All trials, by number, in four queries however many there are."""
        mine = TRIALS.c.study_id == self.study_id
        drawn: dict[int, Parameters] = defaultdict(dict)
        attributes: dict[int, dict[str, Any]] = defaultdict(dict)
        with self._database.reading() as connection:
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
                params=drawn[row.trial_id],
                value=row.value,
                started=_aware(row.datetime_start),
                finished=_aware(row.datetime_complete),
                **attributes[row.trial_id],
            )
            for row in rows
        ]

    @again
    def write(
        self,
        tick: int,
        *,
        begun: Sequence[TrialRow] = (),
        scores: Sequence[EpochMetrics] = (),
        ended: Sequence[TrialRow] = (),
        distributions: Mapping[str, BaseDistribution] | None = None,
    ) -> None:
        """Let trials be begun, then have the scores of a tick, then have ended, as these rows say: in one transaction.

        What is there stays: a trial with its parameters, a score, the end of a trial. Lanes are trial numbers, and
        `distributions` those of search.sampling. Raises RuntimeError if a number is taken by other parameters or is not
        the next one, ValueError if a parameter lies outside its distribution or an end has no value that it must have:
        these are mistakes of ours.
        """
        for row in begun:
            _check_begun(row, distributions or {})
        for row in ended:
            if (row.value is not None and math.isnan(row.value)) or (row.state == "complete" and row.value is None):
                raise ValueError(f"trial {row.number} cannot be told as {row.state} with value {row.value}")
        if not (begun or scores or ended):
            return
        with self.writing() as connection:
            ids = self._known | self._ids_above(connection, max(self._known.values(), default=-1))
            if begun:
                ids |= self._begin(connection, ids, begun, distributions or {})
            if scores:
                self._score(connection, ids, tick, scores)
            if ended:
                self._end(connection, ids, ended)
        self._known = ids  # which are committed now

    def insert(self, row: TrialRow, distributions: Mapping[str, BaseDistribution]) -> None:
        """Let a trial run; see `write`."""
        self.write(0, begun=[row], distributions=distributions)

    def record(self, tick: int, scores: Sequence[EpochMetrics]) -> None:
        """Let these be the scores of a tick; see `write`."""
        self.write(tick, scores=scores)

    def tell(
        self,
        number: int,
        state: Ending,
        value: float | None,
        *,
        diverged_at: int | None = None,
        reason: str | None = None,
    ) -> None:
        """End a trial; see `write`."""
        self.write(0, ended=[TrialRow(number, state, {}, value=value, diverged_at=diverged_at, reason=reason)])

    def _ids_above(self, connection: Connection, last: int) -> dict[int, int]:
        """Optuna's ids of the trials that were inserted after the one of this id, by number."""
        newer = TRIALS.c.study_id == self.study_id, TRIALS.c.trial_id > last
        rows = connection.execute(select(TRIALS.c.number, TRIALS.c.trial_id).where(*newer))
        return {row.number: row.trial_id for row in rows}

    def _begin(
        self,
        connection: Connection,
        ids: Mapping[int, int],
        rows: Sequence[TrialRow],
        distributions: Mapping[str, BaseDistribution],
    ) -> dict[int, int]:
        """Insert the trials that are not there; returns the ids of those."""
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
        told = {name: distribution_to_json(of) for name, of in distributions.items()}
        params = [
            {"trial_id": added[row.number], "param_name": name, "param_value": value, "distribution_json": told[name]}
            for row in new
            for name, value in internal[row.number].items()
        ]
        if params:
            connection.execute(insert(PARAMS), params)
        self._put_attributes(connection, {added[row.number]: _attributes(row, _AT_INSERT) for row in new})
        return added

    def _check_same(self, connection: Connection, trial_id: int, number: int, internal: Mapping[str, float]) -> None:
        query = select(PARAMS.c.param_name, PARAMS.c.param_value).where(PARAMS.c.trial_id == trial_id)
        there = {row.param_name: row.param_value for row in connection.execute(query)}
        if there != internal:
            raise RuntimeError(f"trial {number} of `{self.name}` has {there}, and cannot be given {dict(internal)}")

    def _end(self, connection: Connection, ids: Mapping[int, int], rows: Sequence[TrialRow]) -> None:
        """End those trials that run."""
        asked = {ids[row.number]: row for row in rows}
        running = TRIALS.c.trial_id.in_(asked), TRIALS.c.state == TrialState.RUNNING
        left = connection.scalars(select(TRIALS.c.trial_id).where(*running))
        ending = {trial_id: asked[trial_id] for trial_id in sorted(left)}
        if not ending:
            return
        now = _naive(self._clock())
        end = update(TRIALS).where(TRIALS.c.trial_id == bindparam("of"))
        connection.execute(
            end.values(state=bindparam("as"), datetime_complete=bindparam("at")),
            [{"of": trial_id, "as": _OPTUNA_STATES[row.state], "at": now} for trial_id, row in ending.items()],
        )
        values = []
        for trial_id, row in ending.items():
            if row.value is not None:
                stored, kind = value_to_stored(row.value)
                values.append({"trial_id": trial_id, "objective": 0, "value": stored, "value_type": kind})
        if values:
            connection.execute(insert(VALUES), values)
        self._put_attributes(connection, {trial_id: _attributes(row, _AT_TELL) for trial_id, row in ending.items()})

    def _put_attributes(self, connection: Connection, attributes: Mapping[int, Mapping[str, Any]]) -> None:
        rows = [
            {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
            for trial_id, of_trial in attributes.items()
            for key, value in of_trial.items()
        ]
        if rows:
            connection.execute(insert(ATTRIBUTES), rows)

    def _score(self, connection: Connection, ids: Mapping[int, int], tick: int, scores: Sequence[EpochMetrics]) -> None:
        steps = []
        for score in scores:
            stored, kind = intermediate_to_stored(self.study.objective.value(score.validation))
            step = {"trial_id": ids[score.lane], "step": score.epoch}
            steps.append(step | {"intermediate_value": stored, "intermediate_value_type": kind})
        curves = [_figures(tick, score) | {"study": self.row, "trial": score.lane} for score in scores]
        connection.execute(self._database.insert(INTERMEDIATE_VALUES).on_conflict_do_nothing(), steps)
        connection.execute(self._database.insert(Curves).on_conflict_do_nothing(), curves)

    # --- scores ---

    @again
    def scores(self) -> list[tuple[int, EpochMetrics]]:
        """All scores as (tick, score), by tick and then by trial."""
        wanted = (Curves.tick, Curves.trial, Curves.epoch, Curves.train, Curves.validation, Curves.seconds)
        query = select(*wanted).where(Curves.study == self.row).order_by(Curves.tick, Curves.trial, Curves.epoch)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [  # by place: a hundred thousand rows by name take twice as long
            (tick, _metrics(trial, epoch, train, validation, seconds))
            for tick, trial, epoch, train, validation, seconds in rows
        ]

    def curves(self) -> dict[int, list[EpochMetrics]]:
        """The metrics of every trial that has some, by epoch."""
        curves: dict[int, list[EpochMetrics]] = {}
        for _, metrics in self.scores():
            curves.setdefault(metrics.lane, []).append(metrics)
        return curves

    @again
    def curve(self, number: int) -> list[EpochMetrics]:
        """The scores of one trial, by epoch."""
        query = select(Curves.__table__).where(Curves.study == self.row, Curves.trial == number)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(Curves.epoch)).all()
        return [_metrics(number, row.epoch, row.train, row.validation, row.seconds) for row in rows]

    # --- finalists ---

    @again
    def finalists(self) -> list[FinalistRow]:
        """All finalists under all seeds, by trial and seed."""
        wanted = [getattr(Finalists, field.name) for field in fields(FinalistRow)]
        query = select(*wanted).where(Finalists.study == self.row).order_by(Finalists.trial, Finalists.seed)
        with self._database.reading() as connection:
            return [FinalistRow(*row) for row in connection.execute(query)]

    @again
    def save_finalist(self, row: FinalistRow) -> None:
        """Let a finalist have these figures; those that are None stay what they are."""
        put = self._database.insert(Finalists).values(study=self.row, **asdict(row))
        kept = {
            field.name: func.coalesce(put.excluded[field.name], getattr(Finalists, field.name))
            for field in fields(FinalistRow)[2:]  # all but the key: trial and seed
        }
        with self.writing() as connection:
            connection.execute(put.on_conflict_do_update(index_elements=["study", "trial", "seed"], set_=kept))

    @again
    def record_finalists(self, phase: str, tick: int, scores: Sequence[tuple[int, int, EpochMetrics]]) -> None:
        """Let these be the scores of a tick of "rank" or "retrain", as (trial, seed, score). What is there stays."""
        if not scores:
            return
        rows = [
            _figures(tick, score)
            | {"study": self.row, "phase": phase, "trial": trial, "seed": seed, "lane": score.lane}
            for trial, seed, score in scores
        ]
        with self.writing() as connection:
            connection.execute(self._database.insert(FinalistCurves).on_conflict_do_nothing(), rows)

    @again
    def finalist_scores(self, phase: str) -> list[tuple[int, int, int, EpochMetrics]]:
        """All scores of a phase as (tick, trial, seed, score), by tick and then by lane."""
        curves = FinalistCurves
        query = select(curves.__table__).where(curves.study == self.row, curves.phase == phase)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(curves.tick, curves.lane, curves.epoch)).all()
        return [
            (row.tick, row.trial, row.seed, _metrics(row.lane, row.epoch, row.train, row.validation, row.seconds))
            for row in rows
        ]

    # --- the ledger ---

    def sign(self, purpose: str, dataset: str, sha256: str, models: int) -> SignedOpening:
        """Commit a line that says: a test set is opened now, to test so many models. Returns the key to it."""
        what = {"purpose": purpose, "dataset": dataset, "sha256": sha256, "models": models}
        line = insert(Ledger).values(study=self.row, signed=self._clock(), **what)
        with self.writing() as connection:
            number = number_of(connection.execute(line))
        return _signed_opening(number, sha256)

    @again
    def ledger(self) -> list[LedgerRow]:
        """Every opening of a test set for this study, oldest first."""
        wanted = [getattr(Ledger, field.name) for field in fields(LedgerRow)]
        with self._database.reading() as connection:
            rows = connection.execute(select(*wanted).where(Ledger.study == self.row).order_by(Ledger.id)).all()
        return [LedgerRow(*row) for row in rows]


_distribution = lru_cache(json_to_distribution)  # ten thousand trials have the same few


def _attributes(row: TrialRow, keys: Sequence[str]) -> dict[str, Any]:
    """Those of a trial's attributes that it has."""
    return {key: value for key in keys if (value := getattr(row, key)) is not None}


def _check_begun(row: TrialRow, distributions: Mapping[str, BaseDistribution]) -> None:
    """Raise ValueError where a trial cannot be begun with what it has."""
    if row.joined is None and row.repeat_of is None:
        raise ValueError(f"trial {row.number} neither joined at a tick nor repeats another")
    for name, value in row.params.items():
        # Optuna's own check; `create_trial` makes it as well, and much else, which takes most of a millisecond.
        if not distributions[name]._contains(distributions[name].to_internal_repr(value)):
            raise ValueError(f"trial {row.number}: {name} {value!r} lies outside {distributions[name]}")


def number_of(inserted: CursorResult[Any]) -> int:
    """The number that the database gave to a new row."""
    assert inserted.inserted_primary_key is not None
    return cast(int, inserted.inserted_primary_key[0])


def _figures(tick: int, score: EpochMetrics) -> dict[str, Any]:
    """A score as both tables of curves keep it."""
    return score.model_dump(exclude={"lane"}) | {"tick": tick}


def _metrics(
    lane: int, epoch: int, train: Mapping[str, float], validation: Mapping[str, float], seconds: float
) -> EpochMetrics:
    """Return the metrics of an epoch as the tables hold them, without checking them again."""
    return EpochMetrics.model_construct(lane=lane, epoch=epoch, train=train, validation=validation, seconds=seconds)


def _naive(time: datetime) -> datetime:
    """As Optuna's tables keep a time: in UTC, without saying so."""
    return time.astimezone(UTC).replace(tzinfo=None)


def _aware(time: datetime | None) -> datetime | None:
    """The inverse of `_naive`."""
    return time and time.replace(tzinfo=UTC)
