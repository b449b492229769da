"""What is PostgreSQL's own: its connections, its errors in our words, and a lock that dies with its session.

A server can be restarted in the middle of anything: that is a `ConnectionLost`, after which whatever is idempotent may
simply be done again. Knows nothing of trials and tables.
"""

import hashlib
import re
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import create_engine, func, select
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from models.errors import UserError, first_line
from search.record.address import folder_refused

PATIENCE_SECONDS = 60.0  # how long a server that was there may be away: a restart takes seconds, an upgrade a minute

# libpq's settings of a connection, unless its address has others: a server that does not answer is an error after
# seconds, and one that vanishes without a word, or its client, is noticed within a minute.
_CONNECTION = {
    "application_name": "studyhall",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class LockHeld(Exception):  # noqa: N818 (a fact rather than an error)
    """Another process has the lock."""


class ConnectionLost(UserError):  # noqa: N818 (like UserError's other kinds, a fact rather than an error)
    """The server does not answer, or does not any more."""


def connect(address: URL, masked: str) -> Engine:
    """Return an engine, whose connections are replaced unnoticed where a restart of the server has cut them.

    Raises:
        UserError: The driver is not installed.
    """
    settings = {key: value for key, value in _CONNECTION.items() if key not in address.query}
    try:
        return create_engine(address, connect_args=settings, pool_pre_ping=True)
    except ImportError as error:  # or its C library, which is in psycopg[binary]
        raise UserError(f"{masked} needs the Python package psycopg", "pip install 'studyhall[postgres]'") from error


def read_only(connection: Any, _: object = None) -> None:
    """Let the server refuse every change: for SQLAlchemy's event `connect`."""
    connection.execute("SET default_transaction_read_only = on")
    connection.commit()  # or it would be undone with the connection's first transaction


# --- errors -----------------------------------------------------------------------------------------------------------

# What is so of the database, and what to do: by the server's message while it lets nobody in, when it gives no code ...
_AT_LOGIN = {
    r"password|pg_hba\.conf|authentication|role .* does not exist": (
        "does not let this user in",
        "correct user and password in the address, or keep the password in ~/.pgpass",
    ),
    r"database .* does not exist": (
        "is not there: the server has no such database",
        "create it, with `createdb` or CREATE DATABASE, or correct its name in the address",
    ),
}
# ... and later by its code (SQLSTATE).
_BY_CODE = {
    "42501": (
        "does not let this user make or change tables",
        "let its owner say: GRANT ALL ON SCHEMA public TO ..., or name a database of your own",
    ),
    "25006": ("can only be read", "name the server that takes changes, not its copy"),
    "53100": ("cannot grow: the server's disk is full", "make room there, then give the same command again"),
}
_AWAY = ("08", "57P")  # how a code begins: connection lost; shut down, crashed or starting up


def _refusal(where: str, error: DBAPIError) -> UserError | None:
    """Return a server's error in our words; None if it is a mistake of ours."""
    message = first_line(error.orig)
    code = getattr(error.orig, "sqlstate", None)
    if code is None and isinstance(error, OperationalError) and not error.connection_invalidated:
        for pattern, (fact, remedy) in _AT_LOGIN.items():
            if re.search(f"FATAL: .*({pattern})", message):
                return UserError(f"{where} {fact}: {message.partition('FATAL:')[2].strip()}", remedy)
    if code is None and isinstance(error, ProgrammingError):  # libpq's, before it connects
        return UserError(
            f"{where} cannot be connected to: {message}", "correct the options behind the ? of the address"
        )
    if code in _BY_CODE:
        fact, remedy = _BY_CODE[code]
        return UserError(f"{where} {fact}: {message}", remedy)
    away = code is None or code.startswith(_AWAY)
    if error.connection_invalidated or (isinstance(error, OperationalError) and away):
        return ConnectionLost(
            f"{where} does not answer: {message}",
            "start the server, or correct the address; then give the same command again, nothing is lost",
        )
    return None


@contextmanager
def translate_errors(where: str) -> Iterator[None]:
    """Turn the errors of a server that a user can do something about into UserError."""
    try:
        yield
    except DBAPIError as error:
        if refusal := _refusal(where, error):
            raise refusal from error
        raise
    except OSError as error:
        raise folder_refused(where, error) from error


def retry(action: Callable[[], Result], seconds: float = PATIENCE_SECONDS) -> Result:
    """Do something, and do it again while the server does not answer.

    Raises:
        ConnectionLost: It has not answered for `seconds`.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except ConnectionLost:
            if time.monotonic() >= end:
                raise
        time.sleep(0.5)


def retried(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorate a method that only reads, or is idempotent: all of it is done again where the server went away in it."""

    @wraps(method)
    def retrying(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        return retry(lambda: method(*args, **kwargs))

    return retrying


# --- a lock -----------------------------------------------------------------------------------------------------------


# Lets the server notice within a minute that its client's machine is gone; the lock is then free.
_KEEPALIVES = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"


class SessionLock:
    """A lock that one connection holds, and that dies with it, as a lock of a file dies with its process.

    Its holder writes through the same connection, so that it cannot lose one without the other. Poolers that share
    sessions between clients (PgBouncer's transaction mode) would share the lock as well.

    Args:
        engine: Opens the connection.
        where: The database, as messages name it.
        names: What is locked: equal names are the same lock.
    """

    def __init__(self, engine: Engine, where: str, *names: object) -> None:
        self._engine, self._where = engine, where
        self._key = int.from_bytes(hashlib.sha256(repr(names).encode()).digest()[:8], "big", signed=True)
        self._connection: Connection | None = None
        self._end: Callable[[], object] = lambda: None

    def acquire(self) -> None:
        """Take the lock, or take it again where the connection was lost.

        Raises:
            LockHeld: Another process has it.
        """
        if self._connection is not None and not self._connection.invalidated:
            return
        self._drop()
        with translate_errors(self._where):
            self._connection = self._engine.connect()
            self._connection.detach()  # from the pool, where it would keep the lock: ending the session gives it up
            self._end = weakref.finalize(self, self._connection.close)
            with self._connection.begin():
                self._connection.exec_driver_sql(_KEEPALIVES)
                taken = self._connection.scalar(select(func.pg_try_advisory_lock(self._key)))
        if not taken:
            self._drop()
            raise LockHeld

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction on the connection that has the lock."""
        self.acquire()
        assert self._connection is not None
        with translate_errors(self._where), self._connection.begin():
            yield self._connection

    def release(self) -> None:
        """Let others have it."""
        if self._connection is not None and not self._connection.invalidated:
            # At once: a server frees the lock of a session that was closed only when it has noticed.
            with suppress(DBAPIError), self._connection.begin():
                self._connection.execute(select(func.pg_advisory_unlock(self._key)))
        self._drop()

    def _drop(self) -> None:
        self._connection = None
        with suppress(DBAPIError):  # it is gone already
            self._end()
