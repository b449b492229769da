"""The ledger: every opening of a test set is a line."""

import optuna
from sqlalchemy import create_engine

from search.record.record import Record
from tests.support.records import Clock

optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_every_signature_is_a_line_of_its_own(record: Record, clock: Clock) -> None:
    ids = [record.sign("report", "mnist", "f00", 5).line for _ in range(2)]
    assert [(line.id, line.signed, line.models) for line in record.ledger()] == [(id_, clock.time, 5) for id_ in ids]


def test_a_signature_is_there_before_sign_returns(record: Record, url: str) -> None:
    record.sign("report", "mnist", "f00", 5)
    other = create_engine(url)
    with other.connect() as connection:
        rows = connection.exec_driver_sql("SELECT dataset, sha256 FROM studyhall_ledger").all()
    other.dispose()
    assert rows == [("mnist", "f00")]
