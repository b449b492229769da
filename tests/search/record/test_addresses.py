"""Addresses: what is refused, how a password is hidden, where files lie."""

from pathlib import Path

import optuna
import pytest

from models.errors import UserError
from search.record.store import Store
from tests.support.records import begin, in_a_file

optuna.logging.set_verbosity(optuna.logging.WARNING)


@in_a_file
def test_runs_lie_beside_their_database(store: Store, tmp_path: Path) -> None:
    assert begin(store, "mlp@digits").folder == tmp_path / "runs" / "studies" / "mlp@digits"


def test_databases_share_no_folder(tmp_path: Path) -> None:
    files = ("studies.db", "studies.sqlite", "studies.db.sqlite")
    folders = {begin(Store(f"sqlite:///{tmp_path}/{file}")).folder for file in files}
    assert len(folders) == len(files)


def test_a_relative_address_stays_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert begin(Store()).folder == Path("runs/studies/mlp")
    assert Path("runs/studies.db").exists()


def test_a_folder_may_be_called_anything(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/50% of {{SCHEMA_VERSION}}/studies.db")
    begin(store)
    assert (tmp_path / "50% of {SCHEMA_VERSION}" / "studies.db").exists()


@pytest.mark.parametrize(
    ("address", "fact"),
    [
        ("runs/studies.db", "is not the address of a database"),
        ("oracle://host/studies", "is not a kind of database that can keep a study"),
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
    ("address", "which"),
    [
        ("mysql://user:geheim@host/studies", "MySQL and MariaDB are not served"),
        ("mysql+pymysql://host/studies", "MySQL and MariaDB are not served"),
        ("mariadb+mariadbconnector://host/studies", "MySQL and MariaDB are not served"),
        ("./optuna_journal_storage.log", "Optuna's journal is not served"),
        ("studies.journal", "Optuna's journal is not served"),
        ("redis://user:geheim@localhost:6379", "Optuna's journal is not served"),
        ("grpc://localhost:13000", "Optuna's gRPC proxy is not served"),
        ("localhost:13000", "Optuna's gRPC proxy is not served"),
    ],
)
def test_another_storage_of_optunas_is_refused_with_the_reason(address: str, which: str) -> None:
    with pytest.raises(UserError, match=f"^{which}: ") as refusal:
        Store(address)
    assert refusal.value.remedy.startswith("name a file, sqlite:///runs/studies.db")
    assert "geheim" not in str(refusal.value)


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
