"""What is SQLite's own: its connections, its errors in our words, and whether a file can be used at all.

Knows nothing of trials and tables.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import cast

from filelock import FileLock, Timeout
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError

from models.errors import UserError
from search.record.address import folder_refused

BUSY_SECONDS = 60.0  # how long a statement waits for another program's lock, a dashboard's for instance
PROBE_SECONDS = 20.0  # after which a file system that does not answer a request for a lock is taken to hang

_REFUSALS = {  # SQLite's result code -> what is so of the database, and what to do
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
def translate_errors(where: str) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system that a user can do something about into UserError."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorname", "")  # like SQLITE_IOERR_READ
        kind = code.removeprefix("SQLITE_").partition("_")[0]
        if "Could not decode to UTF-8" in str(cause):  # Python's own finding, without a code: bytes that are no text
            kind = "CORRUPT"
        if kind not in _REFUSALS:
            raise
        fact, remedy = _REFUSALS[kind]
        raise UserError(f"{where} {fact}", remedy) from error
    except JSONDecodeError as error:
        raise UserError(f"{where} {_REFUSALS['CORRUPT'][0]}", _REFUSALS["CORRUPT"][1]) from error
    except Timeout as error:
        fact = f"{where} is locked by another program"
        raise UserError(fact, "wait for the other command, then start again") from error
    except OSError as error:
        raise folder_refused(where, error) from error


def file_lock(path: Path, seconds: float) -> FileLock:
    """Return a lock that dies with its process. Waiting longer than `seconds` for it raises filelock.Timeout."""
    return FileLock(path, timeout=seconds, thread_local=False, fallback_to_soft=False)


def connect(address: URL) -> Engine:
    """Return an engine whose transactions begin with their first statement, reading ones too."""
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _set_up_connection(connection: sqlite3.Connection, _: object) -> None:
    # Python would begin a transaction before the first change only: what is read before it would not belong to it.
    connection.isolation_level = None
    # The last commits may be lost when the power fails, but nothing is damaged; a run does them again.
    connection.execute("PRAGMA synchronous = NORMAL")


class OpenFile:
    """The file that connections have open, which another program may remove or replace meanwhile.

    SQLite itself would go on: in a file without a name, or with pages of two files.
    """

    def __init__(self, file: Path, engine: Engine) -> None:
        self._file, self._engine = file, engine
        self._seen = file.stat()

    @property
    def in_place(self) -> bool:
        """Whether the file is still the one that was opened."""
        try:
            now = self._file.stat()
        except OSError:
            return False
        return (now.st_dev, now.st_ino) == (self._seen.st_dev, self._seen.st_ino)

    def check(self) -> None:
        """Raise UserError where the file is not the one that was opened; what was recorded is saved where it can be."""
        try:
            now = self._file.stat()
        except FileNotFoundError:
            self._save(self._file)
            raise UserError(
                f"{self._file} was removed while it was written to",
                "all that was recorded is written there again; give the same command again, it goes on",
            ) from None
        if (now.st_dev, now.st_ino) != (self._seen.st_dev, self._seen.st_ino):
            saved = self._file.with_name(f"{self._file.stem}.saved-{self._seen.st_ino}.db")
            self._save(saved)
            raise UserError(
                f"{self._file} was replaced by another file while it was written to",
                f"all that was recorded is in {saved}: put it back, or go on with the other file by the same command",
            )
        if now.st_size < self._seen.st_size:
            raise UserError(
                f"{self._file} was overwritten while it was written to",
                "restore it from a copy that was made while no command ran, and give the same command again",
            )
        self._seen = now

    def _save(self, to: Path) -> None:
        """Write all that our connection still reads to a file."""
        to.parent.mkdir(parents=True, exist_ok=True)
        connection = self._engine.raw_connection()
        try:
            with closing(sqlite3.connect(to)) as copy:
                cast(sqlite3.Connection, connection.driver_connection).backup(copy)
        finally:
            connection.close()


def check_usable(file: Path, lock: Path) -> None:
    """Do with a file what a run will do, so that a file that will not do is refused before a byte of it is changed.

    Sets its journal to WAL, so that readers and a writer do not wait for each other.

    Raises:
        UserError: It is damaged, cannot be locked, or its file system hangs.
    """
    raised: list[Exception] = []

    def attempt() -> None:
        try:
            _probe(file, lock)
        except Exception as error:  # noqa: BLE001 (raised again below, in the thread that asked)
            raised.append(error)

    # In a thread, because on some network disks a request for a lock never comes back.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    if thread.is_alive():
        raise UserError(f"{file} lies on a file system where locks hang", _REFUSALS["IOERR"][1])
    if raised:
        raise raised[0]


def _probe(file: Path, lock: Path) -> None:
    """Check that a file is whole, has WAL, and can be locked; raises what SQLite raises."""
    with file_lock(lock, PROBE_SECONDS / 2), closing(sqlite3.connect(file, timeout=PROBE_SECONDS / 4)) as database:
        database.isolation_level = None
        if (verdict := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":  # 0.1 s for a million rows
            raise UserError(f"{file} is damaged: {' '.join(verdict.split())}", _REFUSALS["CORRUPT"][1])
        if (mode := database.execute("PRAGMA journal_mode = WAL").fetchone()[0]) != "wal":
            raise UserError(f"{file} lies where SQLite cannot share it (journal {mode})", _REFUSALS["IOERR"][1])
        database.execute("BEGIN IMMEDIATE")
        database.execute("CREATE TABLE studyhall_probe (x)")  # a file that can only be read minds no BEGIN
        database.execute("ROLLBACK")
