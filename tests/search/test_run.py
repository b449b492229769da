"""The command, as its user meets it: what it says, how it refuses, and what stays as it was."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from search.record.store import Store
from tests.support.commands import refused, search_here
from tests.support.runs import (
    ROOT,
    assert_sound,
    assert_whole,
    finish,
    search,
    start,
    study_file,
    table,
    trials,
    wait_for_tick,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which a study is finished, and what the command said."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, search_here(study_file(folder), f"sqlite:///{folder}/runs.db")


@pytest.fixture
def paused(tmp_path: Path, url: str) -> str:
    """What the command said when it was paused after its first tick, by `--timeout 0`."""
    return search_here(study_file(tmp_path), url, "--timeout", "0")


# --- what it says -----------------------------------------------------------------------------------------------------


def test_a_run_ends_by_saying_the_next_command(finished: tuple[Path, str]) -> None:
    folder, said = finished
    url = f"sqlite:///{folder}/runs.db"
    assert "small · digits 1198+240 · 2 engines x 3 lanes · cpu · sqlite:///" in said
    assert re.search(r"^20 trials: \d+ complete, \d+ pruned.* best validation accuracy 0\.\d{4}", said, re.MULTILINE)
    assert said.rstrip().splitlines()[-1] == f"next: python -m reports.export --study small --storage {url}"
    assert_whole(url)


def test_a_finished_study_is_not_trained_again(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    before = table(f"sqlite:///{folder}/runs.db")
    left = folder / "runs" / "small" / "snapshots" / "tick-00000001"  # by a kill, when the last trial had ended
    left.mkdir(parents=True)
    said = search_here(folder / "small.py", f"sqlite:///{folder}/runs.db")
    assert not left.exists()
    assert "`small` is finished: nothing to train; --trials N with N above 20 adds trials" in said
    assert "tick" not in said
    assert table(f"sqlite:///{folder}/runs.db") == before


def test_a_finished_study_that_another_process_has_keeps_that_ones_snapshots(
    finished: tuple[Path, str], tmp_path: Path, url: str
) -> None:
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    exported = tmp_path / "runs" / "small" / "snapshots" / "retrain-3" / "tick-00000001"
    exported.mkdir(parents=True)
    record = Store(url).find("small")
    assert record is not None
    with record.lease():  # as an export has it
        assert "nothing to train" in search_here(tmp_path / "small.py", url)
    assert exported.exists()


@pytest.mark.slow
def test_restarting_keeps_what_was_there(finished: tuple[Path, str], tmp_path: Path, url: str) -> None:
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    before = table(url)
    said = search_here(tmp_path / "small.py", url, "--restart")
    (kept,) = re.findall(r"what was there is kept as (small~\d{8}-\d{6})", said)
    assert table(url, kept) == before == table(url)


def test_a_timeout_pauses_a_run(paused: str, url: str) -> None:
    assert paused.rstrip().endswith("paused, with a snapshot; the same command goes on from here")
    assert "running" in {row.state for row in trials(url)}


def test_a_run_tells_what_it_takes_up(paused: str, tmp_path: Path, url: str) -> None:
    said = search_here(tmp_path / "small.py", url, "--timeout", "0")
    assert re.search(r"^takes up \d trials that an earlier run left in the middle$", said, re.MULTILINE)


@pytest.mark.slow
def test_one_process_runs_a_study(tmp_path: Path, url: str) -> None:
    study = study_file(tmp_path, ("epochs=4", "epochs=400"))
    first = start(study, url, "--workers", "0")
    wait_for_tick(first)
    said = refused(study, url)
    first.kill()
    finish(first)
    assert re.match(rf"`small` is being run by .*:{first.pid} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", said)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_eight_commands_begin_at_once_on_one_new_file(tmp_path: Path, url: str) -> None:
    plain = ("lanes=3,", 'lanes=3,\n    sampler="random",\n    pruner="none",')  # what they draw takes no time
    study = study_file(tmp_path, ("trials=20", "trials=6"), ("epochs=4", "epochs=10"), plain)
    names = [f"study-{i}" for i in range(8)]
    running = [start(study, url, "--workers", "0", "--name", name) for name in names]
    wait_for_tick(running[0])
    polls = 0
    storage = optuna.storages.RDBStorage(url)  # with SQLite's five seconds of patience, as a dashboard has
    while any(process.poll() is None for process in running):
        for study_id in [each._study_id for each in storage.get_all_studies()]:
            storage.get_all_trials(study_id)
        polls += 1
        time.sleep(0.1)
    storage.engine.dispose()
    together = "".join(map(finish, running))
    assert [process.returncode for process in running] == [0] * 8, together
    assert "locked" not in together
    assert polls > 3
    assert all(len(trials(url, name)) == 6 for name in names)
    first = table(url, names[0])
    assert all(table(url, name) == first for name in names)
    for name in names:
        assert_whole(url, name)


# --- bad input: two lines, exit code 2, and nothing is changed --------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        (["--trials", str(10**30)], "options: trials is 1000000000000"),
        (["--data-dir", "nowhere", "--dataset", "mnist"], "there is no mnist in nowhere"),
        (["--name", "../small"], "'../small' cannot be the name of a study"),
        (
            ["--storage", "oracle://me:secret@host/db"],
            "oracle://me:***@host/db is not a kind of database that can keep a study",
        ),
        (["--storage", "sqlite:///."], ". is a folder"),
        (["--reproduce", "3"], "`small` has no trial 3"),
    ],
    ids=["overflow", "no data", "name", "password", "folder", "no trial"],
)
def test_an_option_is_refused(options: list[str], fact: str, tmp_path: Path, url: str) -> None:
    said = refused(study_file(tmp_path), url, *options)
    assert said.startswith(fact)
    assert "secret" not in said


@pytest.mark.parametrize("options", [["--trials", "-3"], ["--lanes", "many"]])
def test_an_option_that_cannot_be_is_refused_with_its_name(options: list[str], tmp_path: Path, url: str) -> None:
    assert options[0] in refused(study_file(tmp_path), url, *options)
    assert not list(tmp_path.glob("runs*"))


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (("epochs=4,", "epochs=4,,"), "small.py, line 7: invalid syntax"),
        (("Int(4, 24)", "Int(24, 4)"), "small.py, line 13: low 24 is not below high 4"),
        (("hidden=16", "hidden=25"), "small.py, line 4: baseline 'known': hidden = 25 lies outside its range"),
    ],
    ids=["syntax", "bounds", "baseline"],
)
def test_a_study_file_is_refused(change: tuple[str, str], fact: str, tmp_path: Path, url: str) -> None:
    assert refused(study_file(tmp_path, change), url).startswith(fact)
    assert not list(tmp_path.glob("runs*"))


def test_a_changed_study_is_refused(paused: str, tmp_path: Path, url: str) -> None:
    before = table(url)
    said = refused(study_file(tmp_path, ("Int(4, 24)", "Int(4, 32)")), url)
    assert said.startswith("`small` was begun with space.hidden Int 4..24, this run says Int 4..32")
    assert table(url) == before


def _text(file: Path) -> None:
    file.write_text("this is no database\n" * 100)


def _damaged(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE kept (x)")
        database.executemany("INSERT INTO kept VALUES (?)", [("x" * 1000,)] * 100)
        database.commit()
    with file.open("r+b") as stream:
        stream.seek(8192)
        stream.write(os.urandom(4096))


def _newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE studyhall_schema (version INTEGER PRIMARY KEY)")
        database.execute("INSERT INTO studyhall_schema VALUES (999)")
        database.commit()


@pytest.mark.parametrize(
    ("make", "fact"),
    [
        (_text, "is not a SQLite database"),
        (_damaged, "is damaged"),
        (_newer, "was written by a newer Studyhall"),
        (Path.mkdir, "is a folder"),
    ],
)
def test_a_database_is_refused_untouched(make: object, fact: str, tmp_path: Path, url: str) -> None:
    file = tmp_path / "runs.db"
    make(file)  # type: ignore[operator]
    before = None if file.is_dir() else file.read_bytes()
    assert fact in refused(study_file(tmp_path), url)
    if before is not None and make is not _newer:  # a sound one is looked into, in WAL as all of ours are
        assert file.read_bytes() == before


@pytest.mark.slow
def test_a_reader_who_goes_away_is_no_error_of_ours(tmp_path: Path, url: str) -> None:
    command = f"{sys.executable} -m search.run --study small.py --storage {url} --workers 0 | head -1"
    done = subprocess.run(
        command, shell=True, cwd=study_file(tmp_path).parent, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("small · digits")
    assert done.stderr == ""


# --- a machine that lacks something -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_needs_neither_git_nor_a_home_of_its_own(tmp_path: Path) -> None:
    study, url = study_file(tmp_path, ("trials=20", "trials=4")), f"sqlite:///{tmp_path}/runs.db"
    said = search(study, url, "--workers", "0", PATH="", HOME="/dev/null/nobody")
    assert "4 trials: " in said
    assert "/dev/null" not in said


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes: on a slow machine two snapshots are kept, of all trials that wait."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.slow
def test_a_run_on_a_full_disk_goes_on_when_there_is_room(
    tiny_disk: Path, tmp_path: Path, finished: tuple[Path, str]
) -> None:
    study, url = study_file(tmp_path), f"sqlite:///{tiny_disk}/runs.db"
    search_here(study, url, "--timeout", "0")
    filler = tiny_disk / "filler"
    with filler.open("wb", buffering=0) as stream:
        stream.write(bytes(max(0, shutil.disk_usage(tiny_disk).free - 16384)))
    said = refused(study, url, "--workers", "0")
    assert re.search(r"full|no snapshot can be written", said)
    filler.unlink()
    assert_sound(url)  # which itself needs some room
    search_here(study, url)
    assert table(url) == table(f"sqlite:///{finished[0]}/runs.db")
    assert_whole(url)
