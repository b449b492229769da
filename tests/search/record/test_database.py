"""A database: who may open it, and what is made there."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from models.errors import UserError
from search.record import tables
from search.record.store import Store
from tests.support.records import begin, optuna_storage, trials_by_optuna
from tests.support.warm_start import WarmPopen

optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_a_new_database_can_be_browsed_trials_by_optuna(store: Store, url: str) -> None:
    begin(store)
    study = optuna.load_study(study_name="mlp", storage=optuna_storage(url))
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE


def test_what_is_read_together_is_of_one_moment(store: Store) -> None:
    query = "SELECT count(*) FROM studies"
    with store.database.reading() as reading:
        before = reading.exec_driver_sql(query).scalar()
        begin(store)
        assert reading.exec_driver_sql(query).scalar() == before
    assert store.names() == ["mlp"]


@pytest.mark.parametrize("name", ["", ".", "..", "../mlp", "a/b", "/etc", ".lock", "a\n", "x" * 101, "ä", "~mlp"])
def test_a_study_name_cannot_leave_its_folder(store: Store, name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a study"):
        begin(store, name)


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
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master")]
    assert not [name for name in names if name.startswith("studyhall")]


def test_an_optuna_database_is_taken_into_use(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    theirs = optuna.create_study(storage=optuna_storage(url), study_name="theirs")
    theirs.add_trial(optuna.trial.create_trial(value=1.0))
    store = Store(url)
    begin(store)
    assert store.names() == ["mlp"]
    assert trials_by_optuna(url, "theirs")[0].value == 1.0


EIGHT = """
import sys
from search.record.fingerprint import fingerprint
from search.record.store import Store
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
        WarmPopen([*command, f"own{n}"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for n in range(8)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")  # they have all been started: now
        process.stdin.flush()
    outcomes = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, outcomes
    assert Store(url).names() == [*(f"own{n}" for n in range(8)), "shared"]
