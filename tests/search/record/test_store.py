"""The record: what is written can be written again, is read back by Optuna itself, and one process at a time writes."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError

from models.errors import UserError
from search.config.space import Choice, Float, Int
from search.record import sqlite, tables
from search.record.fingerprint import fingerprint
from search.record.lease import LeaseLost
from search.record.record import Record
from search.record.rows import FinalistRow
from search.record.sqlite import file_lock
from search.record.store import Store
from search.samplers.grid import Grid
from tests.support.records import (
    SPACE,
    Clock,
    a_score,
    a_study,
    a_trial,
    begin,
    by_optuna,
    insert,
    insert_metrics,
    optunas,
)

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["file", "server"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a new database of both kinds; its runs lie below tmp_path."""
    monkeypatch.chdir(tmp_path)
    if request.param == "file":
        return f"sqlite:///{tmp_path}/runs/studies.db"
    return str(request.getfixturevalue("server").new())


in_a_file = pytest.mark.parametrize("url", ["file"], indirect=True)


@pytest.fixture
def store(url: str, clock: Clock) -> Store:
    return Store(url, clock=clock)


@pytest.fixture
def record(store: Store) -> Iterator[Record]:
    record = begin(store)
    with record.lease():
        yield record


# --- addresses and files ----------------------------------------------------------------------------------------------


def test_a_new_database_can_be_browsed_by_optuna(store: Store, url: str) -> None:
    begin(store)
    study = optuna.load_study(study_name="mlp", storage=optunas(url))
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE


@in_a_file
def test_readers_and_a_writer_meet(store: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "runs" / "studies.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_is_read_together_is_of_one_moment(store: Store) -> None:
    query = "SELECT count(*) FROM studies"
    with store.database.reading() as reading:
        before = reading.exec_driver_sql(query).scalar()
        begin(store)
        assert reading.exec_driver_sql(query).scalar() == before
    assert store.names() == ["mlp"]


@in_a_file
def test_a_commit_does_not_wait_for_the_disk(store: Store) -> None:
    with store.database.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1  # NORMAL; 2 would be FULL


@in_a_file
def test_runs_lie_beside_their_database(store: Store, tmp_path: Path) -> None:
    assert store.folder("mlp@digits") == tmp_path / "runs" / "studies" / "mlp@digits"


def test_databases_share_no_folder(tmp_path: Path) -> None:
    files = ("studies.db", "studies.sqlite", "studies.db.sqlite")
    folders = {Store(f"sqlite:///{tmp_path}/{file}").folder("mlp") for file in files}
    assert len(folders) == len(files)


def test_a_relative_address_stays_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert begin(Store()).folder == Path("runs/studies/mlp")
    assert Path("runs/studies.db").exists()


def test_a_folder_may_be_called_anything(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/50% of {{SCHEMA_VERSION}}/studies.db")
    begin(store)
    assert (tmp_path / "50% of {SCHEMA_VERSION}" / "studies.db").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../mlp", "a/b", "/etc", ".lock", "a\n", "x" * 101, "ä", "~mlp"])
def test_a_study_name_cannot_leave_its_folder(store: Store, name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a study"):
        store.folder(name)


@pytest.mark.parametrize(
    ("address", "fact"),
    [
        ("runs/studies.db", "is not the address of a database"),
        ("oracle://host/studies", "is not a kind of database we know"),
        ("postgresql+nonesuch://host/studies", "names a driver that we do not use"),
        ("postgresql+pg8000://host/studies", "names a driver that we do not use"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:studies.db?uri=true", "names no file"),
    ],
)
def test_an_address_is_refused(address: str, fact: str) -> None:
    with pytest.raises(UserError, match=fact):
        Store(address)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+nonesuch://user:geheim@host/studies",
        "postgresql+nonesuch://host/studies?password=geheim",
        "oracle://user:geheim@host/studies",
        "user:geheim@host/studies",
    ],
)
def test_a_password_is_never_shown(address: str) -> None:
    with pytest.raises(UserError) as refusal:
        Store(address)
    assert "geheim" not in str(refusal.value)
    assert "***" in str(refusal.value)


def test_a_file_that_is_not_sqlite_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("Dear diary,\n" * 100)
    with pytest.raises(UserError, match="is not a SQLite database"):
        Store(f"sqlite:///{file}")
    assert file.read_text() == "Dear diary,\n" * 100


@in_a_file
def test_a_damaged_file_is_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "damaged.db"
    with closing(sqlite3.connect(tmp_path / "runs" / "studies.db")) as database:
        database.execute("VACUUM INTO ?", [str(file)])
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 8] = os.urandom(4096 * 5)
    file.write_bytes(content)
    with pytest.raises(UserError, match="is damaged"):
        Store(f"sqlite:///{file}")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        Store(f"sqlite:///{tmp_path}")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(UserError, match=r"cannot be used: .*runs"):
        Store(f"sqlite:///{tmp_path}/runs/studies.db")


@pytest.fixture
def as_anybody() -> Iterator[Path]:
    """A folder to play with, as a user whom permissions bind: they do not bind root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)


def test_an_unwritable_folder_is_refused(as_anybody: Path) -> None:
    (as_anybody / "runs").mkdir(mode=0o555)
    with pytest.raises(UserError, match=r"cannot be used: .*Permission denied"):
        Store(f"sqlite:///{as_anybody}/runs/studies.db")


def test_a_read_only_file_is_refused(as_anybody: Path) -> None:
    file = as_anybody / "studies.db"
    with closing(sqlite3.connect(file)) as database:  # SQLite would lend the open file of a Store of this process
        database.execute("CREATE TABLE notes (text)")
    file.chmod(0o444)
    with pytest.raises(UserError, match="can only be read"):
        Store(f"sqlite:///{file}")


@in_a_file
def test_a_locked_file_is_refused(store: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "PROBE_SECONDS", 0.4)
    with closing(sqlite3.connect(tmp_path / "runs" / "studies.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="is locked by another program"):
            Store(url)


@in_a_file
def test_a_file_system_that_hangs_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "PROBE_SECONDS", 0.1)
    released = threading.Event()
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: released.wait(60))  # as a disk that never answers
    try:
        with pytest.raises(UserError, match="locks hang"):
            Store(url)
    finally:
        released.set()


def test_a_newer_database_is_refused(store: Store, url: str) -> None:
    with store.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE studyhall_schema SET version = {tables.VERSION + 1}")
    with pytest.raises(UserError, match="written by a newer Studyhall"):
        Store(url)


def test_another_optunas_database_is_refused(store: Store, url: str) -> None:
    with store.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'v0.9.0.a'")
    with pytest.raises(UserError, match="tables of another Optuna version"):
        Store(url)


def test_a_reader_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no database at"):
        Store(f"sqlite:///{tmp_path}/runs/studies.db", create=False)
    assert not list(tmp_path.iterdir())


def test_a_reader_adds_no_table(tmp_path: Path) -> None:
    optuna.create_study(storage=f"sqlite:///{tmp_path}/studies.db")
    with pytest.raises(UserError, match="has no study of ours"):
        Store(f"sqlite:///{tmp_path}/studies.db", create=False)
    with closing(sqlite3.connect(tmp_path / "studies.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master")]
    assert not [name for name in tables if name.startswith("studyhall")]


def test_an_optuna_database_is_taken_into_use(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    theirs = optuna.create_study(storage=optunas(url), study_name="theirs")
    theirs.add_trial(optuna.trial.create_trial(value=1.0))
    store = Store(url)
    begin(store)
    assert store.names() == ["mlp"]
    assert by_optuna(url, "theirs")[0].value == 1.0


EIGHT = """
import sys
from search.record.store import Store, fingerprint
from tests.support.records import a_study

sys.stdin.read(1)
store = Store(sys.argv[1])
for name in ("shared", sys.argv[2]):
    study = a_study()
    store.begin(name, study, fingerprint(study, "f00", "cpu"), {}, "")
"""


@pytest.mark.slow
def test_eight_processes_begin_on_one_new_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs/studies.db"
    command = [sys.executable, "-c", EIGHT, url]
    processes = [
        subprocess.Popen([*command, f"own{n}"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for n in range(8)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")  # they have all been started: now
        process.stdin.flush()
    outcomes = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, outcomes
    assert Store(url).names() == [*(f"own{n}" for n in range(8)), "shared"]


# --- beginning and archiving ------------------------------------------------------------------------------------------


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


def test_the_number_of_trials_may_change(store: Store) -> None:
    begin(store)
    with begin(store, study=a_study(trials=120)).lease():
        pass
    found = store.find("mlp")
    assert found is not None
    assert found.study.trials == 120


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 20}, "with epochs 10, this run says 20"),
        ({"baselines": ()}, "with baseline.0 learning_rate 0.01, hidden 100, weight_decay 0.0, this run leaves it out"),
        ({"optimizer": "adam"}, r"with optimizer.name sgd, this run says adam \(and \d more\)"),
    ],
)
def test_a_changed_study_is_refused(store: Store, changes: dict[str, object], told: str) -> None:
    begin(store)
    with pytest.raises(UserError, match=f"`mlp` was begun {told}"):
        begin(store, study=a_study(**changes))


def test_a_changed_range_is_named(store: Store) -> None:
    begin(store)
    wider = a_study().space | {"hidden": Int(16, 1024, log=True)}
    with pytest.raises(UserError, match=r"with space.hidden Int 16..512 log, this run says Int 16..1024 log"):
        begin(store, study=a_study(space=wider))


def test_a_fingerprint_tells_every_kind_of_range() -> None:
    study = a_study(
        baselines=(),
        space={
            "learning_rate": 0.1,
            "activation": Choice(("relu", "tanh")),
            "hidden": Int(16, 32, step=8),
            "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
        },
        sampler=Grid(values={"activation": ("relu", "tanh"), "hidden": (16, 24), "weight_decay": (0.0,)}),
    )
    told = fingerprint(study, "f00", "cpu")
    assert told["space.activation"] == "Choice 'relu', 'tanh'"
    assert told["space.hidden"] == "Int 16..32 step 8"
    assert told["space.weight_decay"] == "Float 1e-07..0.01 log low is zero"
    assert told["sampler.values.hidden"] == [16, 24]
    assert (told["data.sha256"], told["device"]) == ("f00", "cpu")


def test_an_empty_optuna_study_is_taken_into_use(store: Store, url: str) -> None:
    theirs = optuna.create_study(storage=optunas(url), study_name="mlp", direction="maximize")
    assert begin(store).study_id == theirs._study_id


@pytest.mark.parametrize(("direction", "trials"), [("maximize", 1), ("minimize", 0)])
def test_another_programs_study_is_refused(store: Store, url: str, direction: str, trials: int) -> None:
    theirs = optuna.create_study(storage=optunas(url), study_name="mlp", direction=direction)
    for _ in range(trials):
        theirs.add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(UserError, match="study `mlp` of another program"):
        begin(store)
    assert store.names() == []


@in_a_file
def test_a_study_inherits_nothing_from_a_deleted_one(store: Store, url: str) -> None:
    first = begin(store)
    with first.lease():
        insert(first, a_trial(0), SPACE)
        insert_metrics(first, 0, [a_score(0)])
    optuna.delete_study(study_name="mlp", storage=optunas(url))
    second = begin(store)
    assert second.study_id == first.study_id  # Optuna gives the number again
    assert second.scores() == []


def test_an_archived_study_keeps_its_trials(store: Store, record: Record) -> None:
    insert(record, a_trial(0), SPACE)
    insert_metrics(record, 0, [a_score(0)])
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
            insert(first, a_trial(0), SPACE)
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


# --- trials -----------------------------------------------------------------------------------------------------------


def test_a_trial_is_what_optuna_would_have_written(record: Record, url: str) -> None:
    space = SPACE | {"activation": CategoricalDistribution(("relu", "tanh"))}
    drawn = a_trial(0).params | {"activation": "tanh"}
    insert(record, a_trial(0, params=drawn, baseline="known"), space)
    theirs = optuna.create_study(storage=optunas(url), study_name="theirs", direction="maximize")
    attributes = {"joined": 0, "baseline": "known"}
    theirs.add_trial(
        optuna.trial.create_trial(state=TrialState.RUNNING, params=drawn, distributions=space, user_attrs=attributes)
    )
    insert_metrics(record, 0, [a_score(0, accuracy=0.8)])
    record.tell(0, "complete", 0.8)
    theirs._storage.set_trial_intermediate_value(theirs.trials[0]._trial_id, 1, 0.8)
    theirs.tell(0, 0.8)

    def comparable(trial: optuna.trial.FrozenTrial) -> dict[str, object]:
        unlike = {"_trial_id", "_datetime_start", "_datetime_complete", "datetime_complete"}
        return {key: value for key, value in vars(trial).items() if key not in unlike}

    assert comparable(by_optuna(url)[0]) == comparable(theirs.trials[0])


def test_trials_come_back_as_they_were_written(record: Record, clock: Clock) -> None:
    rows = [a_trial(0, baseline="known"), a_trial(1), a_trial(2, joined=None, repeat_of=1), a_trial(3)]
    for row in rows:
        insert(record, row, SPACE)
    record.tell(0, "complete", 0.9)
    record.tell(1, "pruned", None, diverged_at=2)
    record.tell(3, "failed", None, reason="Traceback ...")
    ended = {"started": clock.time, "finished": clock.time}
    assert record.trials() == [
        replace(rows[0], state="complete", value=0.9, **ended),
        replace(rows[1], state="pruned", diverged_at=2, **ended),
        replace(rows[2], started=clock.time),
        replace(rows[3], state="failed", reason="Traceback ...", **ended),
    ]


def test_optuna_shows_our_times(record: Record, url: str, clock: Clock) -> None:
    insert(record, a_trial(0), SPACE)
    shown = by_optuna(url)[0].datetime_start
    assert shown is not None
    assert shown.astimezone(UTC) == clock.time  # Optuna shows the naive local time


def test_inserting_again_changes_nothing(record: Record, clock: Clock) -> None:
    insert(record, a_trial(0), SPACE)
    before = record.trials()
    clock.time += timedelta(seconds=5)
    insert(record, a_trial(0), SPACE)
    assert record.trials() == before


def test_a_number_keeps_its_parameters(record: Record) -> None:
    insert(record, a_trial(0), SPACE)
    with pytest.raises(RuntimeError, match="trial 0 of `mlp` has"):
        insert(record, a_trial(0, params=a_trial(1).params), SPACE)


def test_numbers_leave_no_gap(record: Record) -> None:
    with pytest.raises(RuntimeError, match="trial 1 of `mlp` cannot follow 0 trials"):
        insert(record, a_trial(1), SPACE)


def test_a_parameter_outside_its_range_is_not_written(record: Record) -> None:
    with pytest.raises(ValueError, match="hidden"):
        insert(record, a_trial(0, params=a_trial(0).params | {"hidden": 7}), SPACE)
    assert record.trials() == []


def test_a_trial_told_stays_told(record: Record, url: str, clock: Clock) -> None:
    insert(record, a_trial(0), SPACE)
    record.tell(0, "complete", 0.9)
    before = record.trials()
    clock.time += timedelta(seconds=5)
    record.tell(0, "complete", 0.9)
    record.tell(0, "failed", None, reason="too late")
    assert record.trials() == before
    assert by_optuna(url)[0].value == 0.9


@pytest.mark.parametrize(("state", "value"), [("complete", None), ("complete", math.nan), ("pruned", math.nan)])
def test_a_trial_cannot_be_told_as_no_number(record: Record, state: str, value: float | None) -> None:
    insert(record, a_trial(0), SPACE)
    with pytest.raises(ValueError, match="trial 0 cannot be told"):
        record.tell(0, state, value)  # type: ignore[arg-type]


def test_a_trial_of_another_program_is_named(record: Record, url: str) -> None:
    insert(record, a_trial(0), SPACE)
    optuna.load_study(study_name="mlp", storage=optunas(url)).enqueue_trial({"hidden": 3})
    with pytest.raises(UserError, match="trial 1 of `mlp` was added by another program"):
        record.trials()


# --- scores -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_scores_are_read_back_by_optuna(record: Record, url: str) -> None:
    for number in range(1000):
        insert(record, a_trial(number), SPACE)
    scores = [a_score(number, accuracy=number / 1000) for number in range(1000)]
    start = time.perf_counter()
    insert_metrics(record, 0, scores)
    assert time.perf_counter() - start < 1.0  # 0.02 s on the machine it was written on; a row at a time takes 2 s
    assert [trial.intermediate_values for trial in by_optuna(url)] == [{1: number / 1000} for number in range(1000)]
    assert record.scores() == [(0, score) for score in scores]


def test_scores_come_back_by_tick_then_trial(record: Record) -> None:
    for number in range(3):
        insert(record, a_trial(number), SPACE)
    insert_metrics(record, 1, [a_score(2, 1), a_score(0, 2)])
    insert_metrics(record, 0, [a_score(1, 1), a_score(0, 1)])
    assert [(tick, score.lane) for tick, score in record.scores()] == [(0, 0), (0, 1), (1, 0), (1, 2)]


def test_a_curve_is_told_by_epoch(record: Record) -> None:
    insert(record, a_trial(0), SPACE)
    insert(record, a_trial(1), SPACE)
    insert_metrics(record, 0, [a_score(0, 2), a_score(1, 1)])
    insert_metrics(record, 1, [a_score(0, 1)])
    assert record.curve(0) == [a_score(0, 1), a_score(0, 2)]


def test_a_score_that_is_there_stays(record: Record, url: str) -> None:
    insert(record, a_trial(0), SPACE)
    insert(record, a_trial(1), SPACE)
    insert_metrics(record, 0, [a_score(0, accuracy=0.5)])
    insert_metrics(record, 7, [a_score(0, accuracy=0.6), a_score(1, accuracy=0.7)])
    assert record.scores() == [(0, a_score(0, accuracy=0.5)), (7, a_score(1, accuracy=0.7))]
    assert [trial.intermediate_values for trial in by_optuna(url)] == [{1: 0.5}, {1: 0.7}]


def test_what_is_no_number_comes_back(record: Record, url: str) -> None:
    insert(record, a_trial(0), SPACE)
    insert_metrics(
        record, 0, [a_score(0, 1, accuracy=math.nan, loss=math.nan), a_score(0, 2, accuracy=0.1, loss=math.inf)]
    )
    (_, first), (_, second) = record.scores()
    assert math.isnan(first.validation["loss"])
    assert math.isnan(first.validation["accuracy"])
    assert second.validation["loss"] == math.inf
    assert math.isnan(by_optuna(url)[0].intermediate_values[1])


def test_a_tick_is_written_whole_or_not_at_all(record: Record, url: str) -> None:
    insert(record, a_trial(0), SPACE)
    untimed = a_score(0, 2).model_copy(update={"seconds": None})  # which the last of the tables does not take
    with pytest.raises(IntegrityError):
        insert_metrics(record, 0, [a_score(0, 1), untimed])
    assert record.scores() == []
    assert by_optuna(url)[0].intermediate_values == {}


# --- the lease --------------------------------------------------------------------------------------------------------


def test_one_process_runs_a_study(store: Store, record: Record) -> None:
    with pytest.raises(UserError, match=rf"`mlp` is being run by .*:{os.getpid()} since 2026-03-01 12:00:00 UTC"):
        begin(store).claim()


def test_a_released_study_can_be_claimed(store: Store) -> None:
    with begin(store).lease():
        pass
    with begin(store).lease():
        pass


HOLD = """
import sys
from search.record.store import Store

record = Store(sys.argv[1]).find("mlp")
record.claim()
print("claimed", flush=True)
sys.stdin.read()
"""


def test_the_lease_dies_with_its_process(store: Store, url: str) -> None:
    record = begin(store)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "claimed\n"
        with pytest.raises(UserError, match=f":{holder.pid} since"):
            record.claim()
        holder.send_signal(signal.SIGKILL)
    with record.lease():
        insert(record, a_trial(0), SPACE)


def elsewhere(record: Record, owner: str = "elsewhere:1", seconds: float = 120) -> None:
    """Claim in the name of another machine, whose file locks this one does not see."""
    record._lock = file_lock(record.folder / "elsewhere.lock", 0)
    record.claim(owner, seconds)


def test_another_machines_lease_is_respected(store: Store) -> None:
    elsewhere(begin(store))
    with pytest.raises(UserError, match="is being run by elsewhere:1"):
        begin(store).claim()


def test_a_refused_claim_keeps_no_lock(store: Store) -> None:
    other = begin(store)
    elsewhere(other)
    with pytest.raises(UserError, match="is being run by"):
        begin(store).claim()
    other.release()
    begin(store).claim()


def test_another_machines_lease_runs_out(store: Store, clock: Clock) -> None:
    elsewhere(begin(store), seconds=120)
    clock.time += timedelta(seconds=121)
    with begin(store).lease():
        pass


def test_a_tick_renews_the_lease(store: Store, clock: Clock) -> None:
    other = begin(store)
    elsewhere(other, seconds=120)
    insert(other, a_trial(0), SPACE)
    clock.time += timedelta(seconds=100)
    insert_metrics(other, 0, [a_score(0)])
    clock.time += timedelta(seconds=100)
    with pytest.raises(UserError, match="is being run by elsewhere:1"):
        begin(store).claim()


WRITES = {
    "insert": lambda record: insert(record, a_trial(1), SPACE),
    "record": lambda record: insert_metrics(record, 1, [a_score(0, 2)]),
    "tell": lambda record: record.tell(0, "complete", 0.9),
    "save_finalist": lambda record: record.save_finalist(FinalistRow(0, 0)),
    "record_finalists": lambda record: record.record_finalists("rank", 0, [(0, 0, a_score(0))]),
    "sign": lambda record: record.sign("test", "mnist", "f00", 1),
}


def everything(record: Record) -> list[object]:
    return [
        record.trials(),
        record.scores(),
        record.finalists(),
        record.finalist_scores("rank"),
        record.ledger(),
    ]


@pytest.mark.parametrize("write", WRITES)
def test_a_laptop_that_wakes_up_writes_nothing(store: Store, clock: Clock, write: str) -> None:
    asleep, awake = begin(store), begin(store)
    elsewhere(asleep)
    insert(asleep, a_trial(0), SPACE)
    clock.time += timedelta(hours=8)
    with awake.lease():
        before = everything(awake)
        with pytest.raises(LeaseLost, match="was taken over by another process"):
            WRITES[write](asleep)
        assert everything(awake) == before
        asleep.release()
        WRITES[write](awake)  # whose lease that release did not end
        assert everything(awake) != before


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_without_a_lease(store: Store, write: str) -> None:
    with pytest.raises(RuntimeError, match="written without a lease"):
        WRITES[write](begin(store))


# --- finalists and the ledger -----------------------------------------------------------------------------------------


def test_a_finalist_is_filled_in_step_by_step(record: Record) -> None:
    ranked = FinalistRow(3, 1, best_epoch=7, validation={"loss": 0.1, "accuracy": 0.98})
    line = record.sign("test 1 model", "mnist", "f00", 1).line
    tested = FinalistRow(3, 1, test={"loss": 0.2, "accuracy": 0.97}, ledger=line, model="3-1.safetensors")
    for row in (ranked, tested, tested, ranked):  # the last two as after a kill
        record.save_finalist(row)
    assert record.finalists() == [
        replace(ranked, test={"loss": 0.2, "accuracy": 0.97}, ledger=line, model="3-1.safetensors")
    ]


def test_a_finalists_score_that_is_there_stays(record: Record) -> None:
    first, other = a_score(0, 1, accuracy=0.5), a_score(1, 1, accuracy=math.inf)
    record.record_finalists("rank", 0, [(33, 0, first)])
    record.record_finalists("rank", 5, [(33, 0, a_score(0, 1, accuracy=0.6)), (33, 1, other)])
    record.record_finalists("retrain", 0, [(33, 0, other)])
    assert record.finalist_scores("rank") == [(0, 33, 0, first), (5, 33, 1, other)]
    assert record.finalist_scores("retrain") == [(0, 33, 0, other)]


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
