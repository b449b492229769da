"""SQLite files: what is refused before a byte is changed, and what a connection is set to."""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from models.errors import UserError
from search.record import sqlite
from search.record.record import Record
from search.record.store import Store
from tests.support.records import a_trial, begin, in_a_file, insert

optuna.logging.set_verbosity(optuna.logging.WARNING)


@in_a_file
def test_readers_and_a_writer_meet(store: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "runs" / "studies.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@in_a_file
def test_a_commit_does_not_wait_for_the_disk(store: Store) -> None:
    with store.database.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1  # NORMAL; 2 would be FULL


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


@in_a_file
def test_bytes_that_are_no_text_are_damage(store: Store, tmp_path: Path) -> None:
    begin(store)
    with closing(sqlite3.connect(tmp_path / "runs" / "studies.db")) as database:
        database.execute("UPDATE studyhall_studies SET text = CAST(x'ff' AS TEXT)")
        database.commit()
    with pytest.raises(UserError, match="is damaged"):
        store.find("mlp")


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
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: time.sleep(1))
    with pytest.raises(UserError, match="locks hang"):
        Store(url)


# --- a file that goes away --------------------------------------------------------------------------------------------


def recorded(url: str) -> list[int]:
    """The numbers of the trials of `mlp` in a database."""
    record = Store(url, create=False).find("mlp")
    assert record is not None
    return [row.number for row in record.trials()]


@in_a_file
def test_a_file_that_is_removed_is_written_again(record: Record, url: str, tmp_path: Path) -> None:
    insert(record, a_trial(0))
    shutil.rmtree(tmp_path / "runs")
    with pytest.raises(UserError, match=r"was removed while it was written to"):
        insert(record, a_trial(1))
    assert recorded(url) == [0]


@in_a_file
def test_a_file_that_is_replaced_is_saved_beside(record: Record, url: str, tmp_path: Path) -> None:
    file = tmp_path / "runs" / "studies.db"
    older = shutil.copy(file, tmp_path / "older.db")
    insert(record, a_trial(0))
    os.replace(older, file)
    with pytest.raises(UserError, match=r"was replaced by another file while it was written to"):
        insert(record, a_trial(1))
    (saved,) = file.parent.glob("studies.saved-*.db")
    assert recorded(f"sqlite:///{saved}") == [0]


@in_a_file
def test_a_file_that_is_overwritten_is_written_no_more(record: Record, tmp_path: Path) -> None:
    insert(record, a_trial(0))
    (tmp_path / "runs" / "studies.db").write_bytes(b"")
    with pytest.raises(UserError, match=r"was overwritten while it was written to"):
        insert(record, a_trial(1))
