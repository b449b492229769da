"""What other programs do to a study by Optuna's own interface: trials they add or end, copies, new names, deletion."""

from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from models.errors import UserError
from search.record.record import Record
from search.record.rows import FinalistRow
from search.record.store import Store
from search.record.trial_writes import TrialsAdded
from search.result import Result
from tests.support.dashboards import served
from tests.support.records import SPACE, a_score, a_trial, begin, in_a_file, insert, optuna_storage, trials_by_optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)


def by_optuna(url: str, name: str = "mlp") -> optuna.Study:
    """The study as another program opens it."""
    return optuna.load_study(study_name=name, storage=optuna_storage(url))


# --- trials -----------------------------------------------------------------------------------------------------------


@in_a_file
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (TrialState.COMPLETE, "added by another program (complete), and passed over"),
        (TrialState.RUNNING, "added by another program (running), and passed over"),
        (TrialState.FAIL, "added by another program (fail), and passed over"),
    ],
)
def test_a_trial_of_another_program_is_passed_over_and_named(
    record: Record, url: str, state: TrialState, reason: str
) -> None:
    insert(record, a_trial(0))
    value = 0.99 if state == TrialState.COMPLETE else None
    by_optuna(url).add_trial(create_trial(state=state, value=value, user_attrs={"joined": 0}))
    insert(record, a_trial(2))
    (_, theirs, ours) = record.trials()
    assert (theirs.number, theirs.state, theirs.reason, theirs.value) == (1, "failed", reason, None)
    assert (theirs.is_foreign, theirs.is_planned) == (True, False)
    assert (ours.number, ours.is_foreign, ours.is_planned) == (2, False, True)


def test_a_suggestion_waits_until_it_is_taken_up(record: Record, url: str) -> None:
    by_optuna(url).enqueue_trial({"hidden": 64}, user_attrs={"joined": "mine"})
    (waiting,) = record.foreign(0)
    assert (waiting.state, waiting.suggested, waiting.is_foreign) == ("running", True, True)
    assert record.suggestion(0) == {"hidden": 64}
    insert(record, a_trial(0, suggested=True))
    (taken,) = record.trials()
    assert (taken.params, taken.joined, taken.is_foreign, taken.is_planned) == (a_trial(0).params, 0, False, False)
    assert record.foreign(0) == []
    assert trials_by_optuna(url)[0].state == TrialState.RUNNING
    assert trials_by_optuna(url)[0].params == a_trial(0).params


@in_a_file
def test_a_suggestion_made_by_add_trial_states_its_parameters(record: Record, url: str) -> None:
    params = a_trial(0).params
    by_optuna(url).add_trial(create_trial(state=TrialState.WAITING, params=params, distributions=SPACE))
    assert record.suggestion(0) == params
    insert(record, a_trial(0, suggested=True))
    assert trials_by_optuna(url)[0].params == params


@in_a_file
def test_a_suggestion_that_is_refused_fails_with_the_reason(record: Record, url: str) -> None:
    by_optuna(url).enqueue_trial({"hidden": 4})
    record.tell(0, "failed", None, reason="this suggestion cannot be trained: hidden 4 is not in 16..512 log")
    assert trials_by_optuna(url)[0].state == TrialState.FAIL
    (row,) = record.trials()
    assert row.reason == "this suggestion cannot be trained: hidden 4 is not in 16..512 log"
    assert not row.is_planned


@pytest.mark.parametrize("suggested", [False, True])
def test_a_number_that_another_program_took_is_not_written(record: Record, url: str, suggested: bool) -> None:
    by_optuna(url).add_trial(create_trial(value=0.5))
    with pytest.raises(TrialsAdded):
        insert(record, a_trial(0, suggested=suggested))
    assert [row.is_foreign for row in record.trials()] == [True]


@in_a_file
@pytest.mark.parametrize(("state", "value"), [(TrialState.COMPLETE, 0.999), (TrialState.FAIL, None)])
def test_a_trial_that_another_program_ends_has_failed(
    record: Record, url: str, state: TrialState, value: float | None
) -> None:
    insert(record, a_trial(0))
    insert(record, a_trial(1))
    record.write(1, scores=[a_score(0), a_score(1)])
    by_optuna(url).tell(1, value, state=state)
    reason = f"ended by another program, as {state.name.lower()}"
    assert record.ended_by_others(0) == {1: reason}
    record.tell(0, "complete", 0.9)
    record.tell(1, "pruned", None)
    ours, theirs = record.trials()
    assert (ours.state, ours.value, ours.reason) == ("complete", 0.9, None)
    assert (theirs.state, theirs.value, theirs.reason, theirs.joined) == ("failed", None, reason, 0)
    assert trials_by_optuna(url)[1].user_attrs["reason"] == reason


# --- studies ----------------------------------------------------------------------------------------------------------


@in_a_file
@pytest.mark.parametrize("name", ["a b", "a/b", "../x", "größer", "mlp2"])
def test_a_renamed_study_keeps_its_files(store: Store, url: str, name: str) -> None:
    record = begin(store)
    (record.folder / "report.html").write_text("ours")
    with store.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE studies SET study_name = '{name}'")
    renamed = store.find(name)
    assert renamed is not None
    assert (renamed.folder / "report.html").read_text() == "ours"
    assert begin(store, name).row == record.row
    assert store.find_by_folder("mlp") is not None
    again = begin(store)
    assert again.row != record.row
    assert list(again.folder.iterdir()) == []
    assert store.names() == sorted([name, "mlp"])


@pytest.mark.parametrize("name", ["a b", "größer"])
def test_a_study_renamed_in_the_dashboard_goes_on_under_the_new_name(store: Store, url: str, name: str) -> None:
    record = begin(store)
    with record.lease():
        insert(record, a_trial(0))
        record.write(1, scores=[a_score(0)])
        record.sign("test", "digits", "f00", 1)
        insert(record, a_trial(1))
        record.tell(0, "complete", 0.9)
    before = record.trials()
    with served(url, allowed="everything") as ask:  # which copies the study, and deletes it
        assert ask("POST", f"/api/studies/{record.study_id}/rename", {"study_name": name})[0] == 201
    assert store.names() == [name]
    renamed = begin(store, name)
    assert (renamed.row, renamed.folder) == (record.row, record.folder)
    assert renamed.study_id != record.study_id
    assert renamed.trials() == before
    assert renamed.curves() == {0: [a_score(0)]}
    assert [row.models for row in renamed.ledger()] == [1]
    with renamed.lease():
        renamed.tell(1, "pruned", None)
    assert [trial.state for trial in trials_by_optuna(url, name)] == [TrialState.COMPLETE, TrialState.PRUNED]
    assert begin(store).row != record.row


@pytest.mark.slow
def test_of_a_copy_made_in_mid_run_the_record_is_what_it_was_then(store: Store, url: str) -> None:
    record, storage = begin(store), optuna_storage(url)
    with record.lease():
        insert(record, a_trial(0))
        insert(record, a_trial(1))
        record.write(1, scores=[a_score(0), a_score(1)])
        optuna.copy_study(from_study_name="mlp", from_storage=storage, to_storage=storage, to_study_name="copy")
        record.write(2, scores=[a_score(0, 2), a_score(1, 2)])
        record.tell(1, "pruned", None)
        insert(record, a_trial(2))
        optuna.delete_study(study_name="mlp", storage=storage)
        with pytest.raises(UserError, match="`mlp` was renamed to `copy` by another program") as told:
            insert(record, a_trial(3))
    assert told.value.remedy.endswith("go on with the same command and --name copy")
    copy = begin(store, "copy")
    assert [row.state for row in copy.trials()] == ["running", "running"]
    assert copy.curves() == {0: [a_score(0)], 1: [a_score(1)]}
    with copy.lease():
        copy.write(2, scores=[a_score(0, 2), a_score(1, 2)])
        insert(copy, a_trial(2))
    assert [len(trial.intermediate_values) for trial in trials_by_optuna(url, "copy")] == [2, 2, 0]


def test_a_copy_that_lacks_tested_trials_does_not_take_the_place_of_a_deleted_study(store: Store, url: str) -> None:
    record, storage = begin(store), optuna_storage(url)
    with record.lease():
        insert(record, a_trial(0))
        optuna.copy_study(from_study_name="mlp", from_storage=storage, to_storage=storage, to_study_name="copy")
        insert(record, a_trial(1))
        record.save_finalist(FinalistRow(1, 0))
    optuna.delete_study(study_name="mlp", storage=storage)
    assert store.names() == []
    with pytest.raises(UserError, match="a copy without our record"):
        begin(store, "copy")


def test_a_copy_is_a_study_without_our_record(store: Store, url: str) -> None:
    record = begin(store)
    with record.lease():
        insert(record, a_trial(0))
    storage = optuna_storage(url)
    optuna.copy_study(from_study_name="mlp", from_storage=storage, to_storage=storage, to_study_name="copy")
    assert store.names() == ["mlp"]
    assert store.find("copy") is None
    with pytest.raises(UserError, match="a copy without our record"):
        begin(store, "copy")


@in_a_file
def test_a_copy_of_a_study_without_trials_is_taken_into_use_by_itself(store: Store, url: str) -> None:
    record, storage = begin(store), optuna_storage(url)
    optuna.copy_study(from_study_name="mlp", from_storage=storage, to_storage=storage, to_study_name="copy")
    copy = begin(store, "copy")
    assert (copy.row, copy.folder) != (record.row, record.folder)


@in_a_file
def test_a_deleted_study_leaves_its_line_in_the_ledger_alone(store: Store, url: str, tmp_path: Path) -> None:
    record = begin(store)
    with record.lease():
        insert(record, a_trial(0))
        record.write(1, scores=[a_score(0)])
        record.sign("test", "digits", "f00", 1)
    (record.folder / "report.html").write_text("of the deleted one")
    optuna.delete_study(study_name="mlp", storage=optuna_storage(url))
    again = begin(store)
    assert list(again.folder.iterdir()) == []
    with store.database.reading() as connection:
        counts = {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM studyhall_{table}").scalar()
            for table in ("studies", "trials", "curves", "ledger")
        }
    assert counts == {"studies": 2, "trials": 0, "curves": 0, "ledger": 1}
    aside = tmp_path / "runs" / "studies" / f"~deleted-{record.row}" / "report.html"
    assert aside.read_text() == "of the deleted one"


def test_a_study_that_is_deleted_while_it_runs_is_written_no_more(record: Record, url: str) -> None:
    insert(record, a_trial(0))
    optuna.delete_study(study_name="mlp", storage=optuna_storage(url))
    with pytest.raises(UserError, match="`mlp` was deleted by another program"):
        insert(record, a_trial(1))


@in_a_file
def test_where_values_tie_optunas_best_trial_is_the_first_and_ours_the_one_of_lower_loss(
    record: Record, url: str
) -> None:
    for number, loss in enumerate([0.3, 0.2]):
        insert(record, a_trial(number))
        record.write(1, scores=[a_score(number, accuracy=0.9, loss=loss)])
        record.tell(number, "complete", 0.9)
    result = Result("mlp", url, True, record.folder, record)
    assert result.best is not None
    assert (result.best.number, result.study.best_trial.number) == (1, 0)
    assert result.best.score == result.study.best_value == 0.9


@in_a_file
def test_optunas_frame_has_a_column_value(record: Record, url: str) -> None:
    insert(record, a_trial(0))
    record.tell(0, "complete", 0.9)
    study = by_optuna(url)
    assert list(study.trials_dataframe()["value"]) == [0.9]
    wanted = {"family": "mlp", "data": "mnist", "epochs": 10, "seed": 0, "device": "cpu"}
    wanted["objective"] = "validation accuracy"
    assert {key: study.user_attrs[key] for key in wanted} == wanted
