"""A study on a PostgreSQL server: the same table as in a file, whatever is killed, and whoever else is there.

What a record promises is tested on both kinds of database by test_storage.py.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.datasets.source import Source
from models.errors import UserError
from reports import dashboard
from search.fleet.fleet import Fleet
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import snapshots_of
from search.record import database, postgres
from search.record.record import Record
from search.record.snapshot_table import SnapshotTable
from search.record.store import Store
from tests.support.cuts import after, cut_before, run
from tests.support.dashboards import served
from tests.support.records import Clock, a_score, a_trial, begin, insert
from tests.support.runs import (
    ENDLESS,
    LONGER,
    LONGEST,
    REPEATING,
    ROOT,
    finish,
    kill_somewhere,
    kill_tree,
    search,
    start,
    study_file,
    table,
    wait_for_tick,
)
from tests.support.servers import Server


@pytest.fixture
def url(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return server.new()


@pytest.fixture
def own_server(server: Server) -> Iterator[Server]:
    """A server that this test may stop."""
    own = Server(server.binaries)
    yield own
    own.close()


@pytest.fixture(scope="module")
def in_a_file(tmp_path_factory: pytest.TempPathFactory, digits: Source) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('file')}/it.db"
    assert run(REPEATING, url, digits)
    return url


def assert_over(url: str, name: str = "small") -> None:
    """Assert that every trial of a finished study is over, and that nothing is left in the database of a run."""
    assert {row.state for row in table(url, name)[0]} <= {"complete", "pruned", "failed"}
    with Store(url, create=False).database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM studyhall_snapshots").scalar() == 0


# --- refusals ---------------------------------------------------------------------------------------------------------


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


def test_what_is_wrong_on_the_command_line_is_told_in_two_lines(server: Server, tmp_path: Path) -> None:
    process = start(study_file(tmp_path), server.url("nonesuch"))
    said = finish(process)
    assert process.returncode == 2
    assert "geheim" not in said
    assert len(said.strip().splitlines()) == 2, said


def test_the_list_tells_what_keeps_it_from_the_database(server: Server, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "search.run", "--list", "--storage", server.url("nonesuch")]
    listed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert listed.returncode == 2
    assert "has no such database" in listed.stderr


# --- snapshots --------------------------------------------------------------------------------------------------------


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


# --- the lease --------------------------------------------------------------------------------------------------------


def elsewhere(record: Record, owner: str = "elsewhere:1", seconds: float = 120) -> None:
    """Claim in the name of another machine, which has another lock."""
    record._lock = record._database.lock(Path(), "study", record.row, owner)
    record.claim(owner, seconds)


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


# --- a server that goes away ------------------------------------------------------------------------------------------


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
    search(study, calm)
    process = start(study, url)
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):  # shut down in order, or as if it had crashed
        wait_for_tick(process, 3)
        own_server.stop(how)
        own_server.start()
    said = finish(process)
    assert process.returncode == 0, said
    assert table(url) == table(calm)
    assert_over(url)


# --- kills ------------------------------------------------------------------------------------------------------------


def test_the_table_is_the_same_as_in_a_file(url: str, in_a_file: str, digits: Source) -> None:
    assert run(REPEATING, url, digits)
    assert table(url) == table(in_a_file)
    assert_over(url)


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
    search(study, calm)
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
    search(study, calm)
    both = [start(study, url, "--name", name, "--workers", "1") for name in ("one", "other")]
    for process in both:
        said = finish(process)
        assert process.returncode == 0, said
    assert table(url, "one") == table(url, "other") == table(calm)


# --- what comes after -------------------------------------------------------------------------------------------------


def command(*words: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, cwd=folder, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "geheim" not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_command_works_on_a_server(url: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    study, where = study_file(tmp_path, ("trials=20", "trials=6")), ("--storage", url)
    said = search(study, url, "--workers", "0", "--tensorboard")
    assert "geheim" not in said
    assert list(tmp_path.glob("runs/*/small/tensorboard/trial-0000/events.*"))
    export = ("reports.export", "--study", "small", *where, "--top", "1", "--seeds", "2", "--workers", "0", "--quiet")
    command(*export, folder=tmp_path)
    report = next(tmp_path.glob("runs/*/small/report.html"))
    assert "geheim" not in report.read_text()
    assert "small" in command("reports.compare", *where, folder=tmp_path)
    assert "6 of 6" in command("search.run", "--list", *where, folder=tmp_path)
    command(*export, folder=tmp_path)  # nothing is trained or tested again
    record = Store(url, create=False).find("small")
    assert record is not None
    assert len(record.ledger()) == 1
    assert {row.test["accuracy"] is None for row in record.finalists()} == {False}
    with served(url) as ask:
        assert ask("GET", "/reports/small")[0] == 200


def test_the_dashboard_shows_a_study_and_deletes_none(url: str) -> None:
    record = begin(Store(url))
    with served(url) as ask:
        assert b'"mlp"' in ask("GET", "/api/studies")[1]
        assert ask("DELETE", f"/api/studies/{record.study_id}")[0] == 403
    assert Store(url).names() == ["mlp"]


def test_the_server_itself_refuses_what_passes_the_gate(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = begin(Store(url))
    monkeypatch.setattr(dashboard, "READING", ("GET", "HEAD", "DELETE"))  # as if the gate had a hole
    with served(url) as ask:
        assert ask("DELETE", f"/api/studies/{record.study_id}")[0] == 500
        assert b'"mlp"' in ask("GET", "/api/studies")[1]
    assert Store(url).names() == ["mlp"]


def test_the_dashboard_changes_what_it_is_asked_to_where_that_is_allowed(url: str) -> None:
    record = begin(Store(url))
    with served(url, allowed="everything") as ask:
        assert ask("DELETE", f"/api/studies/{record.study_id}")[0] == 204
    assert Store(url).names() == []
