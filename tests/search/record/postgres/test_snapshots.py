"""Snapshots in tables: whoever takes a study up finds them, wherever he is."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from models.datasets.source import Source
from models.errors import UserError
from search.fleet.fleet import Fleet
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import clear_runs, snapshots_of
from search.record.snapshot_table import SnapshotTable
from search.record.store import Store
from tests.support.cuts import after, run
from tests.support.records import Clock, begin, elsewhere
from tests.support.runs import (
    REPEATING,
    assert_over,
    table,
)


def test_a_snapshot_comes_back_byte_for_byte(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.record.snapshot_table.CHUNK_BYTES", 1000)
    record = begin(Store(url))
    files = {"engine-0.safetensors": random.randbytes(12_345), "engine-1.safetensors": b"", "coordinator.json": b"{}"}
    there, back = tmp_path / "there", tmp_path / "back"
    there.mkdir()
    back.mkdir()
    for name, content in files.items():
        (there / name).write_bytes(content)
    with record.lease():
        shelf = SnapshotTable(record, "")
        for tick in (3, 4, 5):
            shelf.put(tick, there, keep=2)
        assert shelf.ticks() == [4, 5]
        shelf.get(4, back)
        assert {file.name: file.read_bytes() for file in back.iterdir()} == files
        shelf.remove(5)
        assert shelf.ticks() == [4]
        SnapshotTable(record, "rank-1").put(1, there, keep=2)
        shelf.clear()
        assert SnapshotTable(record, "rank-1").ticks() == []


def test_runs_that_have_ended_leave_none_of_their_kind(url: str, tmp_path: Path) -> None:
    record = begin(Store(url))
    (there := tmp_path / "there").mkdir()
    (there / "engine-0.safetensors").write_bytes(b"weights")
    runs = ("", "rank-1", "rank-2", "retrain-1")
    with record.lease():
        for run_name in runs:
            SnapshotTable(record, run_name).put(1, there, keep=2)
        clear_runs(record, "rank")
        assert [SnapshotTable(record, run_name).ticks() for run_name in runs] == [[1], [], [], [1]]


def test_who_lost_the_study_leaves_no_snapshot(url: str, tmp_path: Path) -> None:
    clock = Clock()
    asleep, awake = begin(Store(url, clock=clock)), begin(Store(url, clock=clock))
    elsewhere(asleep)
    clock.time += timedelta(hours=8)
    with awake.lease():
        with pytest.raises(UserError, match="was taken over"):
            SnapshotTable(asleep, "").put(1, tmp_path, keep=2)
        assert SnapshotTable(awake, "").ticks() == []


@pytest.mark.slow
def test_a_run_goes_on_from_its_snapshot_in_another_place(
    url: str, in_a_file: str, digits: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert not run(REPEATING, url, digits, pause=after(3))
    monkeypatch.chdir(tmp_path / "there")
    record = Store(url).find("small")
    assert record is not None
    with record.lease(), Fleet(REPEATING.engines, 0) as fleet:
        taken_up = TrialScheduler(REPEATING, record, fleet.open(REPEATING, digits))
        taken_up.resume(snapshots_of(record, fleet))
        assert taken_up.tick == 3
    assert run(REPEATING, url, digits)
    assert table(url) == table(in_a_file)
    assert_over(url)
    assert not list((tmp_path / "there").rglob("*.safetensors"))
