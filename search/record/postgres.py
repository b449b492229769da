"""What is PostgreSQL's own: how a server is spoken to, its refusals in our words, a lock that dies with its session.

Called by schema.py and record.py; knows nothing of trials and tables. A server can go away in the middle of anything,
be restarted, and come back: that is a `ConnectionLost`, which whoever says "let this be so" may simply do again.
"""

import hashlib
import re
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import func, select
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from models.errors import UserError

PATIENCE_SECONDS = 60.0  # how long a server that was there may be away: a restart takes seconds, an upgrade a minute

# How a connection behaves unless its address says otherwise, in libpq's own words. A server that does not answer is
# told in seconds, and one that vanishes without a word, or its client, is noticed within a minute.
_MANNERS = {
    "application_name": "studyhall",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}

Given = ParamSpec("Given")
Done = TypeVar("Done")


class Held(Exception):  # noqa: N818 (a finding)
    """Another process has the lock."""


class ConnectionLost(UserError):  # noqa: N818 (like UserError's other kinds, a fact rather than an error)
    """The server does not answer, or does not any more."""


def plans(address: URL) -> dict[str, str]:
    """What a connection is opened with besides the address."""
    return {key: value for key, value in _MANNERS.items() if key not in address.query}


def read_only(connection: Any, _: object = None) -> None:
    """Let the server refuse whatever would change something: for a new connection of the driver's (`connect` event)."""
    connection.execute("SET default_transaction_read_only = on")
    connection.commit()  # or it would be undone with the connection's first transaction


# --- refusals ---------------------------------------------------------------------------------------------------------

# What is so of the database and what to do, by what the server says while it still lets nobody in (it gives no code
# then), and by its code (SQLSTATE, or the class it begins with) later.
_AT_THE_DOOR = {
    r"password|pg_hba\.conf|authentication|role .* does not exist": (
        "does not let this user in",
        "correct user and password in the address, or keep the password in ~/.pgpass",
    ),
    r"database .* does not exist": (
        "is not there: the server has no such database",
        "create it, with `createdb` or CREATE DATABASE, or correct its name in the address",
    ),
}
_INSIDE = {
    "42501": (
        "does not let this user make or change tables",
        "let its owner say: GRANT ALL ON SCHEMA public TO ..., or name a database of your own",
    ),
    "25006": ("can only be read", "name the server that takes changes, not its copy"),
    "53100": ("cannot grow: the server's disk is full", "make room there, then give the same command again"),
}
_AWAY = ("08", "57P")  # connection lost; shut down, crashed or starting up


def refusal(where: str, error: DBAPIError) -> UserError | None:
    """What a server's error means to a user; None if it is a mistake of ours."""
    said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    code = getattr(error.orig, "sqlstate", None)
    if code is None and isinstance(error, OperationalError) and not error.connection_invalidated:
        for pattern, (fact, remedy) in _AT_THE_DOOR.items():
            if re.search(f"FATAL: .*({pattern})", said[0]):
                return UserError(f"{where} {fact}: {said[0].partition('FATAL:')[2].strip()}", remedy)
    if code in _INSIDE:
        fact, remedy = _INSIDE[code]
        return UserError(f"{where} {fact}: {said[0]}", remedy)
    away = code is None or code.startswith(_AWAY)
    if error.connection_invalidated or (isinstance(error, OperationalError) and away):
        return ConnectionLost(
            f"{where} does not answer: {said[0]}",
            "start the server, or correct the address; then give the same command again, nothing is lost",
        )
    return None


@contextmanager
def refusing(where: str) -> Iterator[None]:
    """Tell a server's errors as `refusal` does."""
    try:
        yield
    except DBAPIError as error:
        if refused := refusal(where, error):
            raise refused from error
        raise


def patiently(action: Callable[[], Done], seconds: float = PATIENCE_SECONDS) -> Done:
    """Do something, and again while the server is away. Raises ConnectionLost where it stays away for so long."""
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except ConnectionLost:
            if time.monotonic() >= end:
                raise
        time.sleep(0.5)


def again(method: Callable[Given, Done]) -> Callable[Given, Done]:
    """Let all of a method be done again where the server went away in it: for what reads, or says "let this be so"."""

    @wraps(method)
    def persistent(*args: Given.args, **kwargs: Given.kwargs) -> Done:
        return patiently(lambda: method(*args, **kwargs))

    return persistent


# --- a lock -----------------------------------------------------------------------------------------------------------


# The server then notices within a minute that its client's machine is gone, and the lock is free.
_NOTICED = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"


class SessionLock:
    """A lock that is held by one connection, and dies with it: like a file's, on whatever machine the file lies.

    Its holder writes through the same connection, so that it cannot lose the one without the other. Poolers that share
    sessions between clients (PgBouncer's transaction mode) would share the lock as well.
    """

    def __init__(self, engine: Engine, where: str, *words: object) -> None:
        self._engine, self._where = engine, where
        self._engine = engine
        self._key = int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:8], "big", signed=True)
        self._connection: Connection | None = None
        self._end: Callable[[], object] = lambda: None

    def acquire(self) -> None:
        """Take the lock, or take it again where the connection was lost. Raises Held where another process has it."""
        if self._connection is not None and not self._connection.invalidated:
            return
        self._drop()
        with refusing(self._where):
            self._connection = self._engine.connect()
            self._connection.detach()  # from the pool, where it would keep the lock: ending the session gives it up
            self._end = weakref.finalize(self, self._connection.close)
            with self._connection.begin():
                self._connection.exec_driver_sql(_NOTICED)
                taken = self._connection.scalar(select(func.pg_try_advisory_lock(self._key)))
        if not taken:
            self._drop()
            raise Held

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of it or nothing, with the lock."""
        self.acquire()
        assert self._connection is not None
        with refusing(self._where), self._connection.begin():
            yield self._connection

    def release(self) -> None:
        """Let others have it."""
        self._drop()

    def _drop(self) -> None:
        self._connection = None
        with suppress(DBAPIError):  # it is gone already
            self._end()
