"""What tests of studies on a PostgreSQL server start from: an empty database, a server to stop, the table in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.datasets.source import Source
from tests.support.cuts import run
from tests.support.runs import REPEATING
from tests.support.servers import Server


@pytest.fixture
def url(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new, empty database; runs lie below tmp_path."""
    monkeypatch.chdir(tmp_path)
    return server.new()


@pytest.fixture
def own_server(server: Server) -> Iterator[Server]:
    """A server that this test may stop."""
    own = Server(server.binaries)
    yield own
    own.close()


@pytest.fixture(scope="package")
def in_a_file(tmp_path_factory: pytest.TempPathFactory, digits: Source) -> str:
    """The address of a file with the search of REPEATING."""
    url = f"sqlite:///{tmp_path_factory.mktemp('file')}/it.db"
    assert run(REPEATING, url, digits)
    return url
