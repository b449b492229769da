"""One database: Optuna's tables with ours beside them; how it is opened, migrated or refused.

Optuna's tables are used as Optuna lays them out: the version of that layout is checked whenever a database is opened.
Foreign errors (SQLAlchemy's, a driver's, the file system's) become UserError here. Knows no studies and no trials.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from filelock import FileLock
from optuna.storages import RDBStorage
from sqlalchemy import func, insert, inspect, select, update
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import URL, Connection, CursorResult
from sqlalchemy.pool import NullPool

from models.errors import UserError
from search.record import postgres, sqlite
from search.record.address import folder_beside, mask, parse
from search.record.migrations import STEPS
from search.record.tables import VERSION, OurTable, Schema

_TABLES_LOCK = 5_381_911  # names a server's lock: any number that all processes agree on

# How each dialect says "insert unless it is there".
_INSERT: dict[str, Callable[[Any], Any]] = {"sqlite": sqlite_dialect.insert, "postgresql": postgresql_dialect.insert}


class Absent(UserError):  # noqa: N818 (like UserError's other kinds, a fact rather than an error)
    """There is no study of ours yet, where a reader looks for one."""


class Database:
    """An open database, on whose tables whole transactions are made.

    Args:
        url: An address as SQLAlchemy has it: `sqlite:///runs/studies.db`, `postgresql+psycopg://user:pass@host/name`.
        create: Make tables that are missing; otherwise a database without ours is refused.

    Raises:
        Absent: There are no tables of ours, and none are to be made.
        UserError: The database cannot be used.
    """

    def __init__(self, url: str, *, create: bool) -> None:
        address = parse(url)
        self.masked = mask(address)
        self.folder = folder_beside(address)
        self.is_file = address.get_backend_name() == "sqlite"
        if self.is_file:
            self._prepare_file(Path(address.database or ""), create)
        with self._translate_errors():
            self._engine = self._reader = (
                sqlite.connect(address) if self.is_file else postgres.connect(address, self.masked)
            )
            weakref.finalize(self, self._engine.dispose)
            self._ahead = timedelta(0)  # by how much the server's clock is ahead of this machine's
            if not self.is_file:
                one_moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                self._reader = self._engine.execution_options(**one_moment)
                self._ahead = self._server_clock() - datetime.now(UTC)
            self._version(create)
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._one_process():
                self._create_tables(address)
            self._open_file = sqlite.OpenFile(Path(address.database or ""), self._engine) if self.is_file else None

    def _translate_errors(self) -> Any:
        return (sqlite if self.is_file else postgres).translate_errors(self.masked)

    def _prepare_file(self, file: Path, create: bool) -> None:
        if not create and not file.exists():
            raise Absent(f"there is no database at {file}", "name the right one with --storage, or begin a study there")
        with sqlite.translate_errors(str(file)):
            self.folder.mkdir(parents=True, exist_ok=True)
            # A lock of its own: to make tables, for which `.lock` is held, takes far longer than a probe may.
            sqlite.check_usable(file, self.folder / ".probe")

    def _server_clock(self) -> datetime:
        with self._engine.connect() as connection:
            now: datetime = connection.scalars(select(func.clock_timestamp())).one()
            return now.astimezone(UTC)

    def _version(self, create: bool) -> int | None:
        """Return the version of our tables; None if there are none. Raises UserError where they cannot be used."""
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
    def _one_process(self) -> Iterator[None]:
        """Let one process in at a time: several that create the same tables at once would fail on each other's."""
        if self.is_file:
            with sqlite.file_lock(self.folder / ".lock", sqlite.BUSY_SECONDS):
                yield
            return
        with self._engine.begin() as connection:  # whose end frees the lock
            connection.execute(select(func.pg_advisory_xact_lock(_TABLES_LOCK)))
            yield

    def _create_tables(self, address: URL) -> None:
        """Create the tables that are missing, or migrate those of an earlier version, in one transaction."""
        # Optuna replaces {SCHEMA_VERSION} in addresses; doubled braces are those of a folder's own name.
        plain = address.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
        try:
            RDBStorage(plain, engine_kwargs={"poolclass": NullPool})  # keeps no connection, whatever it finds
        except RuntimeError as error:  # "... no longer compatible with the table schema ..."
            raise UserError(
                f"{self.masked} has the tables of another Optuna version",
                f"copy it, then run: optuna storage upgrade --storage {self.masked}",
            ) from error
        version = self._version(create=True)
        if version == VERSION:  # a user who may only read need do no more
            return
        with self._engine.begin() as connection:
            if version is None:
                OurTable.metadata.create_all(connection)
                connection.execute(insert(Schema).values(version=VERSION))
                return
            for step in range(version, VERSION):
                STEPS[step](connection)
            connection.execute(update(Schema).values(version=VERSION))

    @property
    def in_place(self) -> bool:
        """Whether a file is still the one that was opened; a server always is."""
        return self._open_file is None or self._open_file.in_place

    def check_in_place(self) -> None:
        """Raise UserError where the file is not the one that was opened, any more."""
        if self._open_file is not None:
            with self._translate_errors():
                self._open_file.check()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction: all that is written in it is committed at its end, or nothing."""
        with self._translate_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads: all that is read in it is of one moment."""
        with self._translate_errors(), self._reader.begin() as connection:
            yield connection

    def lock(self, file: Path, *names: object) -> FileLock | postgres.SessionLock:
        """Return a lock that dies with its process: a file's, or on a server one of these names."""
        if self.is_file:
            return sqlite.file_lock(file, 0)
        return postgres.SessionLock(self._engine, self.masked, *names)

    def clock(self) -> datetime:
        """Return the present time in UTC; on a server it is the server's, so that all who share it agree on leases."""
        return datetime.now(UTC) + self._ahead

    def insert(self, table: Any) -> Any:
        """Return an insertion with `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return _INSERT[self._engine.dialect.name](table)


def number_of(inserted: CursorResult[Any]) -> int:
    """Return the number that the database gave to a new row."""
    assert inserted.inserted_primary_key is not None
    return cast(int, inserted.inserted_primary_key[0])
