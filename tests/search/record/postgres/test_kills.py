"""A search on a server comes to the same table as in a file, wherever it is killed."""

import random
from pathlib import Path

import pytest

from models.datasets.source import Source
from search.record.snapshot_table import SnapshotTable
from search.record.store import Store
from tests.support.commands import search_here
from tests.support.cuts import cut_before, run
from tests.support.runs import (
    LONGER,
    REPEATING,
    assert_over,
    finish,
    kill_somewhere,
    search,
    start,
    study_file,
    table,
)
from tests.support.servers import Server


@pytest.mark.slow
def test_the_table_is_the_same_as_in_a_file(url: str, in_a_file: str, digits: Source) -> None:
    assert run(REPEATING, url, digits)
    assert table(url) == table(in_a_file)
    assert_over(url)


@pytest.mark.slow
def test_a_finished_study_is_not_trained_again(url: str, tmp_path: Path) -> None:
    study = study_file(tmp_path)
    search_here(study, url)
    record, before = Store(url).find("small"), table(url)
    assert record is not None
    left = SnapshotTable(record, "")  # by a kill, when the last trial had ended
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "coordinator.json").write_text("{}")
    with record.lease():
        left.put(1, tmp_path / "kept")
    assert left.ticks() == [1]
    assert "nothing to train" in search_here(study, url)
    assert left.ticks() == []
    assert table(url) == before


@pytest.mark.slow
def test_a_run_cut_off_before_any_write_ends_the_same(
    server: Server, in_a_file: str, digits: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write = 0
    while cut_before(write, REPEATING, url := server.new(), digits, always_keep=True):
        assert run(REPEATING, url, digits, always_keep=True)
        assert table(url) == table(in_a_file), f"cut off before write {write}"
        assert_over(url)
        write += 7  # every write is cut off once, in a file
    assert write > 10


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_the_same(url: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    study, calm, draw = study_file(tmp_path, *LONGER), f"sqlite:///{tmp_path}/calm.db", random.Random()
    search_here(study, calm)
    for number in range(pytestconfig.getoption("--kills")):
        folder = tmp_path / f"machine-{number}"  # each goes on from what is in the database, and nothing else
        folder.mkdir()
        process = start(study_file(folder, *LONGER), url, "--workers", str(draw.choice([0, 1, 2])))
        kill_somewhere(process, draw)
    search(study, url)
    assert table(url) == table(calm)
    assert_over(url)


@pytest.mark.slow
def test_two_studies_run_side_by_side_on_one_server(url: str, tmp_path: Path) -> None:
    study, calm = study_file(tmp_path, *LONGER), f"sqlite:///{tmp_path}/calm.db"
    search_here(study, calm)
    both = [start(study, url, "--name", name, "--workers", "1") for name in ("one", "other")]
    for process in both:
        said = finish(process)
        assert process.returncode == 0, said
    assert table(url, "one") == table(url, "other") == table(calm)
