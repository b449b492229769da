"""What tests of a Ray cluster start from: two nodes on this machine, and a search of several seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nodes import Nodes
from tests.support.once import made_once
from tests.support.runs import LONGEST, search, study_file, within


@pytest.fixture(scope="package")
def _nodes() -> Iterator[Nodes]:
    nodes = Nodes()
    yield nodes
    nodes.close()


@pytest.fixture
def nodes(_nodes: Nodes) -> Nodes:
    """A cluster of two nodes with one CPU each, both alive and idle."""
    _nodes.be(others=1)
    assert within(120.0, lambda: not _nodes.hosts())
    return _nodes


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study whose search takes several seconds."""
    return study_file(tmp_path, *LONGEST)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The study's database after a search by processes of this machine."""

    def make(folder: Path) -> None:
        search(study_file(folder, *LONGEST), f"sqlite:///{folder}/local.db", "--workers", "2")

    return f"sqlite:///{made_once(tmp_path_factory, 'local-search', make)}/local.db"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a database that is not there yet."""
    return f"sqlite:///{tmp_path}/runs.db"
