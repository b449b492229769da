"""Studies in a store: begun, taken up, archived."""

import optuna
import pytest

from models.errors import UserError
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.store import Store
from tests.support.records import Clock, a_score, a_study, a_trial, begin, in_a_file, insert, optuna_storage

optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_a_study_comes_back_as_it_was_begun(store: Store, url: str) -> None:
    begin(store)
    found = Store(url, create=False).find("mlp")
    assert found is not None
    assert found.study == a_study()
    assert found.text == "study = ..."
    assert found.environment == {"python": "3.11"}
    assert list(found.fingerprint) == list(fingerprint(a_study(), "f00", "cpu"))


def test_a_study_that_was_not_begun_is_not_found(store: Store) -> None:
    assert store.find("mlp") is None


def test_beginning_again_takes_up_the_same_study(store: Store) -> None:
    assert begin(store).study_id == begin(store).study_id
    assert store.names() == ["mlp"]


def test_an_empty_optuna_study_is_taken_into_use(store: Store, url: str) -> None:
    theirs = optuna.create_study(storage=optuna_storage(url), study_name="mlp", direction="maximize")
    assert begin(store).study_id == theirs._study_id


@pytest.mark.parametrize(("direction", "trials"), [("maximize", 1), ("minimize", 0)])
def test_another_programs_study_is_refused(store: Store, url: str, direction: str, trials: int) -> None:
    theirs = optuna.create_study(storage=optuna_storage(url), study_name="mlp", direction=direction)
    for _ in range(trials):
        theirs.add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(UserError, match="study `mlp` of another program"):
        begin(store)
    assert store.names() == []


@in_a_file
def test_a_study_inherits_nothing_from_a_deleted_one(store: Store, url: str) -> None:
    first = begin(store)
    with first.lease():
        insert(first, a_trial(0))
        first.write(0, scores=[a_score(0)])
    optuna.delete_study(study_name="mlp", storage=optuna_storage(url))
    second = begin(store)
    assert second.study_id == first.study_id  # Optuna gives the number again
    assert second.scores() == []


def test_an_archived_study_keeps_its_trials(store: Store, record: Record) -> None:
    insert(record, a_trial(0))
    record.write(0, scores=[a_score(0)])
    (record.folder / "snapshot").write_text("tensors")
    record.release()
    archived = store.find(store.archive("mlp"))
    record.claim()
    assert archived is not None
    assert archived.name == "mlp~20260301-120000"
    assert [row.number for row in archived.trials()] == [0]
    assert archived.scores() == [(0, a_score(0))]
    assert (archived.folder / "snapshot").read_text() == "tensors"


def test_a_study_begun_after_archiving_is_empty(store: Store) -> None:
    for _ in range(2):  # twice within a second of the clock
        first = begin(store)
        with first.lease():
            insert(first, a_trial(0))
        (first.folder / "snapshot").write_text("tensors")
        store.archive("mlp")
    again = begin(store)
    assert again.trials() == []
    assert list(again.folder.iterdir()) == []
    assert store.names() == ["mlp", "mlp~20260301-120000", "mlp~20260301-120001"]


def test_a_running_study_is_not_archived(store: Store, record: Record) -> None:
    with pytest.raises(UserError, match="`mlp` is being run by"):
        store.archive("mlp")
    assert store.names() == ["mlp"]


def test_an_archived_name_fits(store: Store) -> None:
    begin(store, "x" * 100)
    assert store.find(store.archive("x" * 100)) is not None


def test_how_many_examples_each_part_has_is_kept(store: Store) -> None:
    record = begin(store)
    with record.lease():
        for _ in range(2):
            record.keep_counts(1198, 240)
        record.spend({"training": 1.0})
    kept = store.find(record.name)
    assert kept is not None
    assert kept.environment == record.environment
    assert kept.environment["examples"] == {"train": 1198, "validation": 240}


def test_another_kind_of_machine_is_told_and_written_down(store: Store, clock: Clock) -> None:
    study = a_study()
    record = store.begin("mlp", study, fingerprint(study, "f00", "cpu"), {"cpu": "AVX512", "torch": "2.13"}, "")
    with record.lease():
        assert record.continue_on({"cpu": "AVX512", "torch": "2.13", "numpy": "2.4"}) == {}
        assert record.continue_on({"cpu": "AVX2", "torch": "2.13"}) == {"cpu": ("AVX512", "AVX2")}
        assert record.continue_on({"cpu": "AVX2", "torch": "2.13"}) == {}
    machines = [{"cpu": "AVX512", "torch": "2.13"}, {"since": clock().isoformat(), "cpu": "AVX2", "torch": "2.13"}]
    assert record.environment["machines"] == machines
