"""The lease: one process at a time writes."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta

import optuna
import pytest
from sqlalchemy import select

from models.errors import UserError
from search.record import lease
from search.record.lease import LeaseLost
from search.record.record import Record
from search.record.rows import FinalistRow
from search.record.store import Store
from search.record.tables import Studies
from tests.support.records import Clock, a_score, a_trial, begin, claim_elsewhere, insert
from tests.support.warm_start import WarmPopen

optuna.logging.set_verbosity(optuna.logging.WARNING)


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


@pytest.mark.slow
def test_the_lease_dies_with_its_process(store: Store, url: str) -> None:
    record = begin(store)
    holder = WarmPopen([sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "claimed\n"
        with pytest.raises(UserError, match=f":{holder.pid} since"):
            record.claim()
        holder.send_signal(signal.SIGKILL)
    with record.lease():
        insert(record, a_trial(0))


def test_another_machines_lease_is_respected(store: Store) -> None:
    claim_elsewhere(begin(store))
    with pytest.raises(UserError, match="is being run by elsewhere:1"):
        begin(store).claim()


def test_a_refused_claim_keeps_no_lock(store: Store) -> None:
    other = begin(store)
    claim_elsewhere(other)
    with pytest.raises(UserError, match="is being run by"):
        begin(store).claim()
    other.release()
    begin(store).claim()


def test_another_machines_lease_runs_out(store: Store, clock: Clock) -> None:
    claim_elsewhere(begin(store), seconds=120)
    clock.time += timedelta(seconds=121)
    with begin(store).lease():
        pass


def test_a_tick_renews_the_lease(store: Store, clock: Clock) -> None:
    other = begin(store)
    claim_elsewhere(other, seconds=120)
    insert(other, a_trial(0))
    clock.time += timedelta(seconds=100)
    other.write(0, scores=[a_score(0)])
    clock.time += timedelta(seconds=100)
    with pytest.raises(UserError, match="is being run by elsewhere:1"):
        begin(store).claim()


def lease_end(record: Record) -> datetime:
    with record.reading() as connection:
        until: datetime = connection.scalars(select(Studies.until).where(Studies.id == record.row)).one()
    return until


def test_a_tick_that_takes_longer_than_a_lease_keeps_it(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "BEATS", 12_000)  # one in 10 ms
    running, patience = begin(store), time.monotonic() + 30
    claim_elsewhere(running, seconds=120)
    for _ in range(3):
        clock.time += timedelta(seconds=100)
        while lease_end(running) != clock.time + timedelta(seconds=120):
            assert time.monotonic() < patience
            time.sleep(0.01)
    assert running.owner() == "elsewhere:1"
    with pytest.raises(UserError, match="is being run by elsewhere:1"):
        begin(store).claim()
    running.release()
    assert running.owner() is None


def test_a_lease_that_was_taken_over_is_not_renewed(store: Store, clock: Clock) -> None:
    lost = begin(store)
    claim_elsewhere(lost, seconds=120)
    clock.time += timedelta(seconds=121)
    here = begin(store)
    with here.lease():
        taken = lease_end(here)
        clock.time += timedelta(seconds=1)
        assert not lost._beat()
        assert lease_end(here) == taken
        assert here._beat()
        assert lease_end(here) == taken + timedelta(seconds=1)
    assert not here._beat()  # what is given back stays so


WRITES = {
    "write trials": lambda record: insert(record, a_trial(1)),
    "write scores": lambda record: record.write(1, scores=[a_score(0, 2)]),
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
    claim_elsewhere(asleep)
    insert(asleep, a_trial(0))
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
