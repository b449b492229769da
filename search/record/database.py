"""One database: Optuna's tables, ours beside them, and how it is opened or refused.

search.storage is the only caller and gives the rows their meaning; nothing here knows what becomes of a trial. Optuna's
tables are used as Optuna lays them out: the version of that layout is checked whenever a database is opened. Foreign
errors of this border (SQLAlchemy's, SQLite's, the file system's) become `UserError` here, and nowhere else.
"""

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from sqlalchemy import (
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from models.errors import UserError
from search.record import postgres as server
from search.record.address import _INSERT, _folder, _mask, _parse
from search.record.migrations import STEPS
from search.record.sqlite import (
    _SQLITE_REFUSALS,
    BUSY_SECONDS,
    PROBE_SECONDS,
    _probe,
    _set_up_connection,
    _within,
    file_lock,
)
from search.record.tables import VERSION, Ours, Schema

# --- the database -----------------------------------------------------------------------------------------------------

_MAKING_TABLES = 5_381_911  # the number of a server's lock, whatever the number


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    """Let no foreign error of the database or the file system through that a user can do something about."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorname", "")  # like SQLITE_IOERR_READ; a server's errors have none
        kind = code.removeprefix("SQLITE_").partition("_")[0]
        if kind in _SQLITE_REFUSALS:
            fact, remedy = _SQLITE_REFUSALS[kind]
            raise UserError(f"{where} {fact}", remedy) from error
        if not kind and isinstance(error, DBAPIError):
            with server.refusing(where):
                raise
        raise
    except Timeout as error:
        raise UserError(
            f"{where} is locked by another program", "wait for the other command, then start again"
        ) from error
    except OSError as error:
        fact = f"{where} cannot be used: {error.filename or 'its folder'}: {error.strerror}"
        raise UserError(fact, "check the rights of that folder, or name another place with --storage") from error


class Absent(UserError):  # noqa: N818 (like UserError's other kinds, a fact rather than an error)
    """There is no study of ours yet, where a reader looks for one."""


class Database:
    """An open database, on whose tables whole transactions are made.

    `create` makes what is missing; without it a database without our tables is refused. `url` is an address as
    SQLAlchemy has it, `sqlite:///runs/studies.db` or `postgresql+psycopg://user:password@host/name`. Raises UserError
    for whatever keeps it from being used.
    """

    def __init__(self, url: str, *, create: bool) -> None:
        address = _parse(url)
        self.masked = _mask(address)
        self.folder = _folder(address)  # of everything that runs on this database make
        self.is_file = address.get_backend_name() == "sqlite"
        if self.is_file:
            self._prepare_file(Path(address.database or ""), create)
        with _refusing(self.masked):
            self._engine = self._reader = _connect(address, self.masked)
            weakref.finalize(self, self._engine.dispose)
            self._ahead = timedelta(0)  # by how much the server's clock is before this machine's
            if not self.is_file:
                once = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                self._reader = self._engine.execution_options(**once)
                self._ahead = self._read_clock() - datetime.now(UTC)
            self._version(create)
            self.folder.mkdir(parents=True, exist_ok=True)
            # Eight processes that create the same tables at once would fail on each other's.
            with self._alone():
                self._create(address)

    def _prepare_file(self, file: Path, create: bool) -> None:
        """Refuse a file that will not do, before a byte of it is changed; then let readers and a writer meet (WAL)."""
        if not create and not file.exists():
            raise Absent(f"there is no database at {file}", "name the right one with --storage, or begin a study there")
        with _refusing(str(file)):
            self.folder.mkdir(parents=True, exist_ok=True)
            # A lock of its own: to make tables, for which `.lock` is held, takes far longer than a probe may.
            _within(PROBE_SECONDS, lambda: _probe(file, self.folder / ".probe"), file)

    def _read_clock(self) -> datetime:
        with self._engine.connect() as connection:
            now: datetime = connection.scalars(select(func.clock_timestamp())).one()
            return now.astimezone(UTC)

    def _version(self, create: bool) -> int | None:
        """The version of our tables; None if there are none. Raises UserError where they cannot be used."""
        with self._engine.connect() as connection:
            if inspect(connection).has_table(Schema.__tablename__):
                version = connection.scalar(select(Schema.version))
                if version is not None and version > VERSION:
                    raise UserError(
                        f"{self.masked} was written by a newer Studyhall (tables of version {version}, not {VERSION})",
                        "update this one, or name another database with --storage",
                    )
                return version
        if not create:
            raise Absent(f"{self.masked} has no study of ours", "name the right one with --storage, or begin a study")
        return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time, of all that share the database."""
        if self.is_file:
            with file_lock(self.folder / ".lock", BUSY_SECONDS):
                yield
            return
        with self._engine.begin() as connection:  # whose end frees the lock
            connection.execute(select(func.pg_advisory_xact_lock(_MAKING_TABLES)))
            yield

    def _create(self, address: URL) -> None:
        # Optuna fills {SCHEMA_VERSION} into addresses; braces in the name of a folder are no such place.
        plain = address.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
        try:
            RDBStorage(plain, engine_kwargs={"poolclass": NullPool})  # keeps no connection, whatever it finds
        except RuntimeError as error:  # "... no longer compatible with the table schema ..."
            raise UserError(
                f"{self.masked} has the tables of another Optuna version",
                f"copy it, then run: optuna storage upgrade --storage {self.masked}",
            ) from error
        version = self._version(create=True)
        if version == VERSION:  # who may only read need do no more
            return
        with self._engine.begin() as connection:
            if version is None:
                Ours.metadata.create_all(connection)
                connection.execute(insert(Schema).values(version=VERSION))
                return
            for step in range(version, VERSION):
                STEPS[step](connection)
            connection.execute(update(Schema).values(version=VERSION))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of it or nothing."""
        with _refusing(self.masked), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """What is read in it is of one moment."""
        with _refusing(self.masked), self._reader.begin() as connection:
            yield connection

    def lock(self, file: Path, *words: object) -> FileLock | server.SessionLock:
        """A lock that dies with its process: a file's, or, named by these words, one of the server's."""
        return file_lock(file, 0) if self.is_file else server.SessionLock(self._engine, self.masked, *words)

    def clock(self) -> datetime:
        """The present time in UTC; on a server it is the server's, so that all who share it agree about leases."""
        return datetime.now(UTC) + self._ahead

    def insert(self, table: Any) -> Any:
        """An insertion that can be told what to do where the row exists (`on_conflict_do_nothing`, `..._update`)."""
        return _INSERT[self._engine.dialect.name](table)


def _connect(address: URL, masked: str) -> Engine:
    file = address.get_backend_name() == "sqlite"
    try:
        if file:
            engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS})
        else:  # a connection that a restart of the server has cut is replaced unnoticed
            engine = create_engine(address, connect_args=server.plans(address), pool_pre_ping=True)
    except ImportError as error:  # or its C library, which is in psycopg[binary]
        raise UserError(f"{masked} needs the Python package psycopg", "pip install 'studyhall[postgres]'") from error
    if file:
        event.listen(engine, "connect", _set_up_connection)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine
