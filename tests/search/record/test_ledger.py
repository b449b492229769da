"""The ledger: every look at a test set is a line, which every study on the same data sees."""

import optuna
from sqlalchemy import create_engine

from search.record.record import Record
from search.record.store import Store
from tests.support.records import Clock, begin

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


def test_a_line_says_who_looked_with_which_command_and_what_was_seen(record: Record) -> None:
    command = "python -m reports.export --study mlp"
    line = record.sign("report", "mnist", "f00", 5, command=command).line
    record.show(line, {"trial 3": 0.98, "trial 0": 0.99})
    (read,) = record.ledger()
    assert (read.kind, read.name, read.mine, read.command) == ("export", "mlp", True, command)
    assert "@" in read.who
    assert list((read.figures or {}).items()) == [("trial 3", 0.98), ("trial 0", 0.99)]  # in rank, not by name


def test_what_was_seen_is_entered_once(record: Record) -> None:
    line = record.sign("report", "mnist", "f00", 5).line
    for accuracy in (0.98, 0.99):
        record.show(line, {"trial 3": accuracy})
    assert record.ledger()[0].figures == {"trial 3": 0.98}


def test_a_study_of_another_name_inherits_the_lines_of_its_data(record: Record, store: Store) -> None:
    record.sign("report", "mnist", "f00", 5)
    other = begin(store, "another")
    assert [(line.name, line.mine) for line in other.ledger()] == [("mlp", False)]


def test_a_study_begun_anew_inherits_the_lines_of_the_archived_one(record: Record, store: Store) -> None:
    line = record.sign("report", "mnist", "f00", 5).line
    record.release()
    archived = store.archive("mlp")
    assert [(it.id, it.mine) for it in begin(store).ledger()] == [(line, False)]
    kept = store.find(archived)
    assert kept is not None
    assert [(it.id, it.mine) for it in kept.ledger()] == [(line, True)]
    record.claim()


def test_a_look_at_other_data_is_no_line_of_this_study(record: Record, store: Store) -> None:
    record.sign("report", "mnist", "f00", 5)
    other = begin(store, "another")
    other.fingerprint = {**other.fingerprint, "data.sha256": "another"}
    assert other.ledger() == []


def test_predictions_read_again_are_a_line_that_opens_nothing(record: Record) -> None:
    record.sign("report", "mnist", "f00", 5)
    record.read_again("2 seeds", "mnist", "f00", 2, command="export --seeds 2", figures={"trial 1": 0.9})
    opened, read = record.ledger()
    assert read.kind == "read again"
    assert (opened.kind, read.command, read.figures) == ("export", "export --seeds 2", {"trial 1": 0.9})
