"""The ledger of test sets: one line for every look at one, in whatever study of the database. Lines are only added.

A set is known by the hash of its data, so that a study that is begun anew, or under another name, inherits the count.
Knows neither the test set nor what is tested on it.
"""

import getpass
import socket
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, or_, select, update

from models.datasets.test_part import SignedOpening, claim_signer
from search.record.database import number_of
from search.record.lease import LeasedStudy
from search.record.postgres import retried
from search.record.rows import LedgerRow, Look
from search.record.tables import Ledger

_signed_opening = claim_signer(__name__)  # nobody who asks later is given it


class StudyLedger(LeasedStudy):
    """The ledger as one study writes and reads it."""

    fingerprint: dict[str, Any]

    def sign(
        self, purpose: str, dataset: str, sha256: str, models: int, *, command: str = "", kind: Look = "export"
    ) -> SignedOpening:
        """Commit a line that says what is opened and why, in words, before a test set is opened.

        Returns:
            The key to the test set, with the line's number.
        """
        line = self._add(kind, purpose, dataset, sha256, models, command)
        return _signed_opening(line, sha256)

    def read_again(
        self, purpose: str, dataset: str, sha256: str, models: int, *, command: str, figures: Mapping[str, float]
    ) -> None:
        """Commit a line that says that kept predictions were read with other options; that opens no test set."""
        self._add("read again", purpose, dataset, sha256, models, command, figures)

    def show(self, line: int, figures: Mapping[str, float]) -> None:
        """Enter in a line what was seen, the winner's figure first; what is there stays."""
        mine = Ledger.id == line, Ledger.study == self.row, Ledger.figures.is_(None)
        with self.writing() as connection:
            connection.execute(update(Ledger).where(*mine).values(figures=figures))

    def _add(
        self,
        kind: Look,
        purpose: str,
        dataset: str,
        sha256: str,
        models: int,
        command: str,
        figures: Mapping[str, float] | None = None,
    ) -> int:
        values = {"purpose": purpose, "dataset": dataset, "sha256": sha256, "models": models, "figures": figures}
        about = {"kind": kind, "name": self.name, "who": _who(), "command": command}
        line = insert(Ledger).values(study=self.row, signed=self._clock(), **values, **about)
        with self.writing() as connection:
            return number_of(connection.execute(line))

    @retried
    def ledger(self) -> list[LedgerRow]:
        """Return every look at the test set of this study's data, by any study of the database, oldest first."""
        data = Ledger.sha256 == self.fingerprint.get("data.sha256", "")
        query = select(Ledger.__table__).where(or_(Ledger.study == self.row, data)).order_by(Ledger.id)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [LedgerRow(**{**row, "mine": row["study"] == self.row}) for row in rows]


def _who() -> str:
    """Return who looks, as user@machine."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError, ImportError):  # a user without a name
        return socket.gethostname()
