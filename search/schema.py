"""One database: Optuna's tables, ours beside them, and how it is opened or refused.

search.storage is the only caller and gives the rows their meaning; nothing here knows what becomes of a trial. Optuna's
tables are used as Optuna lays them out: the version of that layout is checked whenever a database is opened. Foreign
errors of this border (SQLAlchemy's, SQLite's, the file system's) become `UserError` here, and nowhere else.
"""

import math
import re
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from optuna.storages._rdb import models as optuna_models
from sqlalchemy import (
    DDL,
    JSON,
    DateTime,
    Double,
    ForeignKey,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Dialect, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator, TypeEngine

from models.errors import UserError
from search import server

VERSION = 2  # of our tables; `_STEPS` lead there from earlier ones

DEFAULT_FILE = "runs/studies.db"

BUSY_SECONDS = 60.0  # how long a statement waits for another program's lock, a dashboard's for instance
PROBE_SECONDS = 20.0  # after which a file system that does not answer a request for a lock is taken to hang

# --- Optuna's tables --------------------------------------------------------------------------------------------------

STUDIES = optuna_models.StudyModel.__table__
DIRECTIONS = optuna_models.StudyDirectionModel.__table__
STUDY_ATTRIBUTES = optuna_models.StudyUserAttributeModel.__table__
STUDY_SYSTEM_ATTRIBUTES = optuna_models.StudySystemAttributeModel.__table__
TRIALS = optuna_models.TrialModel.__table__
PARAMS = optuna_models.TrialParamModel.__table__
VALUES = optuna_models.TrialValueModel.__table__
INTERMEDIATE_VALUES = optuna_models.TrialIntermediateValueModel.__table__
ATTRIBUTES = optuna_models.TrialUserAttributeModel.__table__

value_to_stored = optuna_models.TrialValueModel.value_to_stored_repr
intermediate_to_stored = optuna_models.TrialIntermediateValueModel.intermediate_value_to_stored_repr

# --- our tables -------------------------------------------------------------------------------------------------------


class Moment(TypeDecorator[datetime]):
    """A time that knows its zone, kept as naive UTC like Optuna's."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)


class Figure(TypeDecorator[float]):
    """A float that may be no number: SQLite can only keep NaN as NULL, so every database does."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """To the database."""
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        """From the database."""
        return math.nan if value is None else value


class Ours(DeclarativeBase):
    """What all of our tables have in common."""

    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        datetime: Moment(),
        float: Double(),
        str: Text(),
        dict[str, Any]: JSON(),
    }


class Schema(Ours):
    """One row: the version of our tables."""

    __tablename__ = "studyhall_schema"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Studies(Ours):
    """What a study was begun with, and who runs it now.

    Rows are numbered by ourselves, and an attribute of Optuna's study (`LINK`) names the number: Optuna gives the id of
    a deleted study to the next one, which must not inherit its curves.
    """

    __tablename__ = "studyhall_studies"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own word for it)

    id: Mapped[int] = mapped_column(primary_key=True)
    study: Mapped[dict[str, Any]]  # search.spec.Study, dumped
    text: Mapped[str]  # the study file as it was
    fingerprint: Mapped[dict[str, Any]]
    environment: Mapped[dict[str, Any]]
    begun: Mapped[datetime]
    owner: Mapped[str | None]  # the lease: "host:pid", or nobody
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]  # unless it is renewed
    generation: Mapped[int]  # how often the lease was claimed


LINK = "studyhall"  # the attribute of an Optuna study that holds Studies.id


class Epoch:
    """What is kept of models.recipe.Score beside its lane and epoch, and the tick it belongs to."""

    tick: Mapped[int]
    train_loss: Mapped[float] = mapped_column(Figure, nullable=True)
    train_accuracy: Mapped[float] = mapped_column(Figure, nullable=True)
    validation_loss: Mapped[float] = mapped_column(Figure, nullable=True)
    validation_accuracy: Mapped[float] = mapped_column(Figure, nullable=True)
    seconds: Mapped[float]


class Curves(Epoch, Ours):
    """One epoch of one trial."""

    __tablename__ = "studyhall_curves"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    trial: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)


class Finalists(Ours):
    """One finalist under one seed: its validation scores, then what retraining and the test came to."""

    __tablename__ = "studyhall_finalists"

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    trial: Mapped[int] = mapped_column(primary_key=True)
    seed: Mapped[int] = mapped_column(primary_key=True)
    best_epoch: Mapped[int | None]
    validation_accuracy: Mapped[float | None]
    validation_loss: Mapped[float | None]
    epochs: Mapped[int | None]
    train_loss: Mapped[float | None]
    train_accuracy: Mapped[float | None]
    train_seconds: Mapped[float | None]
    test_loss: Mapped[float | None]
    test_accuracy: Mapped[float | None]
    ledger: Mapped[int | None] = mapped_column(ForeignKey("studyhall_ledger.id"))
    model: Mapped[str | None]
    model_sha256: Mapped[str | None]


class FinalistCurves(Epoch, Ours):
    """One epoch of one finalist under one seed, in the ranking phase or the retraining one."""

    __tablename__ = "studyhall_finalist_curves"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    phase: Mapped[str] = mapped_column(primary_key=True)
    trial: Mapped[int] = mapped_column(primary_key=True)
    seed: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    lane: Mapped[int]


class Ledger(Ours):
    """One opening of a test set. Rows are only ever added."""

    __tablename__ = "studyhall_ledger"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    study: Mapped[int] = mapped_column(ForeignKey(Studies.id))
    signed: Mapped[datetime]
    purpose: Mapped[str]
    dataset: Mapped[str]
    sha256: Mapped[str]
    models: Mapped[int]  # how many are tested


class Pieces(Ours):
    """A piece of a file of a snapshot, where snapshots are kept in the database. Written and read by pieces.py."""

    __tablename__ = "studyhall_snapshots"

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    run: Mapped[str] = mapped_column(primary_key=True)  # of the study: its search, or a phase of a report
    tick: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(primary_key=True)
    piece: Mapped[int] = mapped_column(primary_key=True)  # 0 being the first
    bytes: Mapped[bytes]


# Weights do not get smaller: the server need not try.
_UNCOMPRESSED = "ALTER TABLE studyhall_snapshots ALTER COLUMN bytes SET STORAGE EXTERNAL"
event.listen(Pieces.__table__, "after_create", DDL(_UNCOMPRESSED).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]


def _add_snapshots(connection: Connection) -> None:
    Ours.metadata.create_all(connection, tables=[Ours.metadata.tables[Pieces.__tablename__]])


# What leads from a version of our tables to the next.
_STEPS: dict[int, Callable[[Connection], None]] = {1: _add_snapshots}

# --- the database -----------------------------------------------------------------------------------------------------

_MAKING_TABLES = 5_381_911  # the number of a server's lock, whatever the number

# The one place that knows how a dialect says "insert unless it is there".
_INSERT: dict[str, Callable[[Any], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_SQLITE_REFUSALS = {  # SQLite's result code -> what is so of the database, and what to do
    "NOTADB": ("is not a SQLite database", "name another file with --storage, or move this one away"),
    "CORRUPT": ("is damaged", "restore it from a copy, or try `sqlite3 FILE .recover`; nothing was written to it"),
    "READONLY": (
        "can only be read",
        "give yourself the right to write it, or copy it and name the copy with --storage",
    ),
    "CANTOPEN": ("cannot be opened", "check the rights of its folder, or name another place with --storage"),
    "BUSY": ("is locked by another program", "close the program that is writing to it, then start again"),
    "IOERR": (
        "cannot be read or locked where it lies",
        "make room if that disk is full; else put it on a local disk and name that place with --storage",
    ),
    "FULL": ("cannot grow: the disk is full", "make room, then give the same command again; the run goes on"),
}


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
                _STEPS[step](connection)
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


def file_lock(path: Path, seconds: float) -> FileLock:
    """A lock that dies with its process; waiting longer than `seconds` for it raises filelock.Timeout."""
    return FileLock(path, timeout=seconds, thread_local=False, fallback_to_soft=False)


# --- addresses --------------------------------------------------------------------------------------------------------


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        shown = re.sub(r":[^:@/]*@", ":***@", url)
        raise UserError(f"{shown!r} is not the address of a database", f"write sqlite:///{DEFAULT_FILE}") from error
    if address.get_backend_name() not in _INSERT:
        fact = f"{_mask(address)} is not a kind of database we know"
        raise UserError(fact, "use sqlite:///... or postgresql+psycopg://...")
    if address.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"):
        fact = f"{_mask(address)} names a driver that we do not use"
        raise UserError(fact, f"write {address.get_backend_name()}://...")
    if address.get_backend_name() == "sqlite" and (address.database or ":memory:").startswith((":memory:", "file:")):
        raise UserError(f"{_mask(address)} names no file to keep trials in", f"write sqlite:///{DEFAULT_FILE}")
    if address.get_backend_name() == "sqlite" and (file := Path(address.database or "")).is_dir():
        raise UserError(f"{file} is a folder", f"name a file in it: --storage sqlite:///{file}/studies.db")
    return address


def _mask(address: URL) -> str:
    """The address without any password, wherever it stands."""
    secret = {key: "***" for key in address.query if "pass" in key.lower()}
    return address.update_query_dict(secret).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def folder_of(url: str) -> Path:
    """Where the runs of a database lie, whether it is there or not. Raises UserError for what is no address."""
    return _folder(_parse(url))


def _folder(address: URL) -> Path:
    """Where the runs of this database lie: no two databases share it."""
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        return file.with_suffix("") if file.suffix == ".db" else file.with_name(f"{file.name}.files")
    host = address.host or address.query.get("host") or "localhost"  # the second is a socket's folder
    parts = (str(host), str(address.port or ""), address.database or "")
    return Path("runs") / re.sub(r"[^A-Za-z0-9._-]", "_", "-".join(filter(None, parts)))


def _connect(address: URL, masked: str) -> Engine:
    file = address.get_backend_name() == "sqlite"
    try:
        if file:
            engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS})
        else:  # a connection that a restart of the server has cut is replaced unnoticed
            engine = create_engine(address, connect_args=server.manners(address), pool_pre_ping=True)
    except ImportError as error:  # or its C library, which is in psycopg[binary]
        raise UserError(f"{masked} needs the Python package psycopg", "pip install 'studyhall[postgres]'") from error
    if file:
        event.listen(engine, "connect", _set_up_connection)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _set_up_connection(connection: sqlite3.Connection, _: object) -> None:
    # Python would begin a transaction before the first change only: what is read before it would not belong to it.
    connection.isolation_level = None
    # The last commits may be lost when the power fails, but nothing is damaged; a run does them again.
    connection.execute("PRAGMA synchronous = NORMAL")


# --- the file and its file system -------------------------------------------------------------------------------------


def _probe(file: Path, lock: Path) -> None:
    """Do with the file what a run will do, and raise what SQLite raises: it is whole, has WAL, and can be locked."""
    with file_lock(lock, PROBE_SECONDS / 2), closing(sqlite3.connect(file, timeout=PROBE_SECONDS / 4)) as database:
        database.isolation_level = None
        if (verdict := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":  # 0.1 s for a million rows
            raise UserError(f"{file} is damaged: {' '.join(verdict.split())}", _SQLITE_REFUSALS["CORRUPT"][1])
        if (mode := database.execute("PRAGMA journal_mode = WAL").fetchone()[0]) != "wal":
            raise UserError(f"{file} lies where SQLite cannot share it (journal {mode})", _SQLITE_REFUSALS["IOERR"][1])
        database.execute("BEGIN IMMEDIATE")
        database.execute("CREATE TABLE studyhall_probe (x)")  # a file that can only be read minds no BEGIN
        database.execute("ROLLBACK")


def _within(seconds: float, action: Callable[[], None], file: Path) -> None:
    """Run `action` and raise what it raises; on some network disks a request for a lock never comes back."""
    raised: list[Exception] = []

    def attempt() -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 (raised again below, in the thread that asked)
            raised.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise UserError(f"{file} lies on a file system where locks hang", _SQLITE_REFUSALS["IOERR"][1])
    if raised:
        raise raised[0]
