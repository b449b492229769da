"""A server that goes away in the middle is waited for, and nothing is lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.errors import UserError
from search.record import postgres
from search.record.record import Record
from search.record.store import Store
from tests.support.commands import search_here
from tests.support.records import a_score, a_trial, begin, insert
from tests.support.runs import (
    LONGEST,
    assert_over,
    finish,
    start,
    study_file,
    table,
    wait_for_tick,
)
from tests.support.servers import Server


@contextmanager
def away(server: Server, seconds: float) -> Iterator[None]:
    """A server that is stopped, and comes back after a while."""
    server.stop(signal.SIGQUIT)
    back = threading.Timer(seconds, server.start)
    back.start()
    try:
        yield
    finally:
        back.join()


WRITES = {
    "write": lambda record: record.write(1, scores=[a_score(0)]),
    "sign": lambda record: record.sign("test", "mnist", "f00", 1),
    "spend": lambda record: record.spend({"training": 1.0}),
    "trials": lambda record: record.trials(),
}


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.slow
def test_a_restarted_server_is_waited_for(
    what: str, own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = own_server.new()
    record, other = begin(Store(url)), begin(Store(url))
    with record.lease():
        insert(record, a_trial(0))
        with away(own_server, 1.0):
            WRITES[what](record)
        record.write(1, scores=[a_score(0)])
        with pytest.raises(UserError, match="is being run by"):  # and the lock is taken again
            other.claim()


@pytest.mark.slow
def test_a_write_that_is_cut_off_is_made_again(
    own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = begin(Store(own_server.new()))
    scored, cuts = Record._insert_scores, []

    def cut_off(*given: object) -> None:
        scored(*given)  # type: ignore[arg-type]
        if not cuts:
            cuts.append(own_server.stop(signal.SIGQUIT))
            own_server.start()

    monkeypatch.setattr(Record, "_insert_scores", cut_off)
    with record.lease():
        insert(record, a_trial(0))
        record.write(1, scores=[a_score(0)])
    assert cuts
    assert record.scores() == [(1, a_score(0))]


@pytest.mark.slow
def test_a_server_that_stays_away_ends_a_run_in_two_lines(
    own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(postgres.retry, "__defaults__", (0.5,))
    record = begin(Store(own_server.new()))
    with record.lease():
        own_server.stop(signal.SIGQUIT)
        with pytest.raises(UserError, match="does not answer") as told:
            insert(record, a_trial(0))
    own_server.start()
    assert "the same command again" in told.value.remedy
    with record.lease():
        assert record.trials() == []


@pytest.mark.slow
def test_a_run_survives_restarts_of_its_server(own_server: Server, tmp_path: Path) -> None:
    study, calm, url = study_file(tmp_path, *LONGEST), f"sqlite:///{tmp_path}/calm.db", own_server.new()
    search_here(study, calm)
    process = start(study, url)
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):  # shut down in order, or as if it had crashed
        wait_for_tick(process, 3)
        own_server.stop(how)
        own_server.start()
    said = finish(process)
    assert process.returncode == 0, said
    assert table(url) == table(calm)
    assert_over(url)
