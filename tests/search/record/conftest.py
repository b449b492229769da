"""What tests of the record start from: a database of both kinds, a clock, a store, and a record with its lease."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.record.record import Record
from search.record.store import Store
from tests.support.records import Clock, begin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["file", "server"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new database of both kinds; its runs lie below tmp_path."""
    monkeypatch.chdir(tmp_path)
    if request.param == "file":
        return f"sqlite:///{tmp_path}/runs/studies.db"
    return str(request.getfixturevalue("server").new())


@pytest.fixture
def store(url: str, clock: Clock) -> Store:
    return Store(url, clock=clock)


@pytest.fixture
def record(store: Store) -> Iterator[Record]:
    record = begin(store)
    with record.lease():
        yield record
