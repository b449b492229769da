"""The lease of a study: one process at a time may write to it.

A lock that dies with its process decides on one machine. Between machines a row of the database does: its lease runs
out unless it is renewed, by a write or, in a tick that takes longer, by a heartbeat. Knows the row of a study and
nothing of its trials.
"""

import math
import os
import shlex
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import Timeout
from sqlalchemy import Update, or_, select, update
from sqlalchemy.engine import Connection, Row

from models.errors import UserError
from search.optuna.internals import STUDIES, STUDY_ATTRIBUTES
from search.record.database import Database
from search.record.heartbeat import Heartbeat
from search.record.postgres import ConnectionLost, LockHeld, SessionLock, retry
from search.record.tables import LINK, Studies

BEATS = 4  # in the time of a lease: it is kept even if two of them cannot be written


class LeaseLost(UserError):  # noqa: N818 (like UserError's other kinds, a fact rather than an error)
    """Another process runs the study now; nothing was written."""


class LeaseHeld(UserError):  # noqa: N818 (as above)
    """Another process has the study's lease."""


class LeasedStudy:
    """One study of a database, and the right to write to it.

    `row` is Optuna's row of the study joined with ours.
    """

    def __init__(self, database: Database, folder: Path, clock: Callable[[], datetime], row: Row[Any]) -> None:
        self.name: str = row.study_name
        self.study_id: int = row.study_id  # Optuna's
        self.row: int = row.id  # ours
        self.folder = folder
        self._database, self._clock = database, clock
        self._generation: int | None = None  # of the lease, while it is ours
        self._lease_seconds = 0.0
        self._heartbeat: Heartbeat | None = None
        # The lock file is not in the folder, so that it stays where it is while the study is archived. On a server the
        # lock is one of this machine's: other machines go by the lease's time.
        file = self.folder.with_name(f".{self.folder.name}.lock")
        self._lock = database.lock(file, "study", self.row, socket.gethostname())

    @contextmanager
    def lease(self, owner: str | None = None, lease_seconds: float = 120.0) -> Iterator[None]:
        """Hold the lease for the length of a `with` block: `claim`, then `release`."""
        self.claim(owner, lease_seconds)
        try:
            yield
        finally:
            self.release()

    def claim(self, owner: str | None = None, lease_seconds: float = 120.0) -> None:
        """Become the one process that runs this study.

        Args:
            owner: "host:pid"; this process unless given.
            lease_seconds: Another machine may take over when the lease was not renewed for so long.

        Raises:
            LeaseHeld: Another process runs the study; the message says which one, and since when.
        """
        owner = owner or f"{socket.gethostname()}:{os.getpid()}"
        try:
            self._lock.acquire()
        except (Timeout, LockHeld):
            raise self._refusal() from None
        try:
            self._generation = self._claim_row(owner, lease_seconds)
        except BaseException:
            self._lock.release()
            raise
        self._lease_seconds = lease_seconds
        self._heartbeat = Heartbeat(self._beat, lease_seconds / BEATS)

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
                    **self._claimed_values(),
                )
            )
            if claimed.rowcount:
                return connection.scalars(select(Studies.generation).where(Studies.id == self.row)).one()
        raise self._refusal()

    def _claimed_values(self) -> dict[str, Any]:
        """Return further columns of the study's row that its owner may set."""
        return {}

    def owner(self) -> str | None:
        """Return who runs the study now, as "host:pid"; None where nobody does.

        A lease that has run out does not count, nor does that of a process of this machine that has ended.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(Studies.owner, Studies.until).where(Studies.id == self.row)).one()
        if row.owner is None or row.until is None or row.until < self._clock():
            return None
        host, _, pid = row.owner.rpartition(":")
        ended = host == socket.gethostname() and pid.isdigit() and not _is_running(int(pid))
        return None if ended else str(row.owner)

    def _refusal(self) -> LeaseHeld:
        lease = select(Studies.owner, Studies.since, Studies.until).where(Studies.id == self.row)
        with self._database.reading() as connection:
            row = connection.execute(lease).one()
        since = f" since {row.since:%Y-%m-%d %H:%M:%S} UTC" if row.since else ""
        left = math.ceil((row.until - self._clock()).total_seconds()) if row.until else 0
        lost = f"; if that machine is lost, the same command takes over in {left} s" if left > 0 else ""
        return LeaseHeld(
            f"`{self.name}` is being run by {row.owner or 'another process'}{since}",
            f"wait until that ends, or stop it there{lost}; with --name a study of another name can run beside it",
        )

    def release(self) -> None:
        """Let others run the study. Where the server does not answer, the lease runs out by itself."""
        if self._heartbeat is not None:
            self._heartbeat.stop()
        try:
            with suppress(ConnectionLost), self._database.transaction() as connection:
                connection.execute(self._mine.values(owner=None, since=None, until=None))
        finally:
            self._generation = None
            self._lock.release()

    def _beat(self) -> bool:
        """Renew the lease between two writes; return whether it is still ours."""
        self._database.check_in_place()
        with self._database.transaction() as connection:
            return self._prolong(connection)

    def _prolong(self, connection: Connection) -> bool:
        """Let the lease run for its whole time again; return whether it is still ours."""
        until = self._clock() + timedelta(seconds=self._lease_seconds)
        return bool(connection.execute(self._mine.values(until=until)).rowcount)

    @property
    def _mine(self) -> Update:
        """An update of the study's row, if the lease is ours and was not given back."""
        of_ours = Studies.generation == self._generation
        return update(Studies).where(Studies.id == self.row, of_ours, Studies.owner.is_not(None))

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that only reads: all that is read in it is of one moment."""
        return self._database.reading()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that first renews the lease, so that a process that has lost it writes nothing.

        Raises:
            LeaseLost: Another process has claimed the study meanwhile.
        """
        if self._generation is None:
            raise RuntimeError(f"`{self.name}` is written without a lease")
        self._database.check_in_place()
        with ExitStack() as stack:
            yield retry(lambda: self._renew(stack))

    def _renew(self, stack: ExitStack) -> Connection:
        """Begin a transaction, which ends with the stack, and renew the lease in it."""
        lost = LeaseLost(
            f"`{self.name}` was taken over by another process while this one was not heard of",
            "let the other one go on; nothing of this one's last tick was written",
        )
        # On a server the session that holds the lock is the one that writes.
        holder = self._lock if isinstance(self._lock, SessionLock) else self._database
        try:
            with ExitStack() as begun:
                connection = begun.enter_context(holder.transaction())
                if not self._prolong(connection):
                    raise lost
                if connection.scalar(select(STUDIES.c.study_id).where(STUDIES.c.study_id == self.study_id)) is None:
                    raise self._deleted(connection)
                stack.push(begun.pop_all())
                return connection
        except LockHeld:
            raise lost from None

    def _deleted(self, connection: Connection) -> UserError:
        """Return what to tell a user of a study that is gone, or goes on under another name; see links.py."""
        mark = select(Studies.link).where(Studies.id == self.row).scalar_subquery()
        marked = STUDY_ATTRIBUTES.c.key == LINK, STUDY_ATTRIBUTES.c.value_json == mark
        names = select(STUDIES.c.study_name).join(STUDY_ATTRIBUTES, STUDY_ATTRIBUTES.c.study_id == STUDIES.c.study_id)
        name = connection.scalar(names.where(*marked).order_by(STUDIES.c.study_id.desc()).limit(1))
        if name is not None:
            return UserError(
                f"`{self.name}` was renamed to `{name}` by another program while this one ran it",
                f"nothing more was written; go on with the same command and --name {shlex.quote(name)}",
            )
        return UserError(
            f"`{self.name}` was deleted by another program while this one ran it",
            "nothing more was written; to search it again from its beginning, give the same command again",
        )


def _is_running(pid: int) -> bool:
    """Return whether this machine has a process of that number."""
    if os.name == "nt":
        return True  # os.kill would end it there; its lease runs out by itself
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
