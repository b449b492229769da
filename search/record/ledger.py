"""The ledger of a study: one line for every opening of a test set. Lines are only ever added.

Knows neither the test set nor what is tested on it.
"""

from dataclasses import fields

from sqlalchemy import insert, select

from models.datasets.test_part import SignedOpening, claim_ledger
from search.record.database import number_of
from search.record.lease import LeasedStudy
from search.record.postgres import retried
from search.record.rows import LedgerRow
from search.record.tables import Ledger

_signed_opening = claim_ledger(__name__)  # nobody else can make one


class StudyLedger(LeasedStudy):
    """The ledger of one study."""

    def sign(self, purpose: str, dataset: str, sha256: str, models: int) -> SignedOpening:
        """Commit a line that says what is opened and why, in words, before a test set is opened.

        Returns:
            The key to the test set, with the line's number.
        """
        values = {"purpose": purpose, "dataset": dataset, "sha256": sha256, "models": models}
        line = insert(Ledger).values(study=self.row, signed=self._clock(), **values)
        with self.writing() as connection:
            number = number_of(connection.execute(line))
        return _signed_opening(number, sha256)

    @retried
    def ledger(self) -> list[LedgerRow]:
        """Return every opening of a test set for this study, oldest first."""
        columns = [getattr(Ledger, field.name) for field in fields(LedgerRow)]
        with self._database.reading() as connection:
            rows = connection.execute(select(*columns).where(Ledger.study == self.row).order_by(Ledger.id)).all()
        return [LedgerRow(*row) for row in rows]
