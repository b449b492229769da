"""A server that cannot be used is told in two lines, without its password."""

import socket
import sys
from pathlib import Path

import pytest

from models.errors import UserError
from search.record.store import Store
from tests.support import warm_start
from tests.support.records import a_trial, begin, insert
from tests.support.runs import (
    ROOT,
    finish,
    start,
    study_file,
)
from tests.support.servers import Server


def refused(url: str) -> UserError:
    with pytest.raises(UserError) as refusal:
        Store(url)
    assert "geheim" not in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 2
    return refusal.value


def test_a_server_that_is_not_there_is_told() -> None:
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "does not answer" in refused(f"postgresql+psycopg://studyhall:geheim@127.0.0.1:{port}/runs").what


def test_a_wrong_password_is_told(server: Server) -> None:
    refusal = refused(server.url("postgres", password="geheimer"))
    assert "does not let this user in: password authentication failed" in refusal.what


def test_a_user_that_is_not_known_is_told(server: Server) -> None:
    assert "does not let this user in" in refused(server.url("postgres", user="nobody")).what


def test_a_database_that_is_not_there_is_told(server: Server) -> None:
    refusal = refused(server.url("nonesuch"))
    assert 'the server has no such database: database "nonesuch" does not exist' in refusal.what
    assert "createdb" in refusal.remedy


@pytest.fixture
def reader(server: Server, url: str) -> str:
    """The address of the same database for a user who may read what is there, and no more."""
    name, database = f"reader_{url.rpartition('_')[2]}", url.rpartition("/")[2]
    server.do(f"CREATE USER {name} PASSWORD 'geheim'")
    server.do(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {name}", database)
    return server.url(database, user=name)


def test_a_user_who_may_make_no_tables_is_told(reader: str) -> None:
    refusal = refused(reader)
    assert "does not let this user make or change tables: permission denied for schema public" in refusal.what
    assert "GRANT" in refusal.remedy


def test_who_may_only_read_can_look(url: str, reader: str) -> None:
    record = begin(Store(url))
    with record.lease():
        insert(record, a_trial(0))
    found = Store(reader, create=False).find("mlp")
    assert found is not None
    assert [row.number for row in found.trials()] == [0]


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"pip install 'studyhall\[postgres\]'"):
        Store("postgresql://127.0.0.1/runs")


@pytest.mark.slow
def test_what_is_wrong_on_the_command_line_is_told_in_two_lines(server: Server, tmp_path: Path) -> None:
    process = start(study_file(tmp_path), server.url("nonesuch"))
    said = finish(process)
    assert process.returncode == 2
    assert "geheim" not in said
    assert len(said.strip().splitlines()) == 2, said


@pytest.mark.slow
def test_the_list_tells_what_keeps_it_from_the_database(server: Server, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "search.run", "--list", "--storage", server.url("nonesuch")]
    listed = warm_start.run(command, cwd=ROOT)
    assert listed.returncode == 2
    assert "has no such database" in listed.stderr
