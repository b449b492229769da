"""One database: Optuna's tables, ours beside them, and how it is opened or refused.

search.storage is the only caller and gives the rows their meaning; nothing here knows what becomes of a trial. Optuna's
tables are used as Optuna lays them out: the version of that layout is checked whenever a database is opened. Foreign
errors of this border (SQLAlchemy's, SQLite's, the file system's) become `UserError` here, and nowhere else.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from filelock import FileLock

from models.errors import UserError

BUSY_SECONDS = 60.0  # how long a statement waits for another program's lock, a dashboard's for instance
PROBE_SECONDS = 20.0  # after which a file system that does not answer a request for a lock is taken to hang

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


def file_lock(path: Path, seconds: float) -> FileLock:
    """A lock that dies with its process; waiting longer than `seconds` for it raises filelock.Timeout."""
    return FileLock(path, timeout=seconds, thread_local=False, fallback_to_soft=False)


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
