"""Who owns a study on a server: one process, whatever its folder, its machine and its clock."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.errors import UserError
from search.record import database, postgres
from search.record.store import Store
from tests.support.records import Clock, a_trial, begin, elsewhere, insert
from tests.support.runs import (
    ENDLESS,
    finish,
    kill_tree,
    start,
    study_file,
    wait_for_tick,
)


@pytest.mark.slow
def test_one_process_runs_a_study_from_whatever_folder(url: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    first = start(study_file(tmp_path, *ENDLESS), url, "--workers", "0")
    wait_for_tick(first)
    second = start(study_file(tmp_path / "elsewhere", *ENDLESS), url, "--workers", "0")
    said = finish(second)
    kill_tree(first)
    assert second.returncode == 2
    assert f"`small` is being run by {socket.gethostname()}:{first.pid}" in said


def test_the_lease_dies_with_its_session(url: str) -> None:
    first, second = begin(Store(url)), begin(Store(url))
    first.claim()
    with pytest.raises(UserError, match="is being run by"):
        second.claim()
    assert isinstance(first._lock, postgres.SessionLock)
    first._lock._end()  # as when the process is killed: nothing is released, the connection is gone
    with second.lease():
        insert(second, a_trial(0))


def test_a_lost_machines_lease_is_taken_over_after_its_time(url: str) -> None:
    clock = Clock()
    lost, here = begin(Store(url, clock=clock)), begin(Store(url, clock=clock))
    elsewhere(lost, seconds=120)
    clock.time += timedelta(seconds=50)
    with pytest.raises(UserError, match="if that machine is lost, the same command takes over in 70 s"):
        here.claim()
    clock.time += timedelta(seconds=71)
    with here.lease():
        pass


def test_leases_go_by_the_servers_clock(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(database.datetime):
        """The clock of a machine that is an hour late."""

        @classmethod
        def now(cls, tz: object = None) -> "Late":
            return super().now(tz) - timedelta(hours=1)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "datetime", Late)
    late = Store(url)
    assert abs(late.clock() - datetime.now(UTC)) < timedelta(seconds=5)
