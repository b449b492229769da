"""Databases of earlier versions: they open, hold what they held, and their studies go on.

data/version_2.sql and data/version_2_postgres.sql are dumps of what the program wrote that had tables of version 2:
`small`, with a finalist under two seeds and trials that were pruned and that diverged, and `own`, of a model of one's
own. Version 1 is version 2 without its table of snapshots.
"""

import json
import math
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection

from search.record.migrations import STEPS
from search.record.record import Record
from search.record.store import Store
from search.record.tables import VERSION
from tests.support.runs import search, within
from tests.support.servers import PASSWORD, USER, Server
from tests.support.warm_start import WarmPopen

DATA = Path(__file__).parent / "data"
TO_VERSION_1 = ("DROP TABLE studyhall_snapshots", "UPDATE studyhall_schema SET version = 1")


@pytest.fixture(params=["file", "server"])
def old(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database with tables of version 2."""
    monkeypatch.chdir(tmp_path)
    if request.param == "file":
        (tmp_path / "runs").mkdir()
        with closing(sqlite3.connect(tmp_path / "runs" / "studies.db")) as database:
            database.executescript((DATA / "version_2.sql").read_text())
        return f"sqlite:///{tmp_path}/runs/studies.db"
    server: Server = request.getfixturevalue("server")
    url = server.new()
    import psycopg

    where = f"host=127.0.0.1 port={server.port} user={USER} password={PASSWORD} dbname={url.rpartition('/')[2]}"
    with closing(psycopg.connect(where, autocommit=True)) as connection:
        connection.execute((DATA / "version_2_postgres.sql").read_bytes())
    return url


in_a_file = pytest.mark.parametrize("old", ["file"], indirect=True)


def rows(url: str, query: str) -> list[dict[str, Any]]:
    """The rows of a query as the database has them."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(text(query)).mappings()]
    engine.dispose()
    return found


def metrics(row: dict[str, Any], split: str) -> dict[str, float]:
    """Loss and accuracy of a split in a row of version 2, where NaN was NULL."""
    values = {name: row[f"{split}_{name}"] for name in ("loss", "accuracy")}
    return {name: math.nan if value is None else value for name, value in values.items()}


def find(url: str, name: str = "small") -> Record:
    record = Store(url, create=False).find(name)
    assert record is not None
    return record


CURVES = "SELECT * FROM studyhall_curves WHERE study = 1 ORDER BY tick, trial, epoch"


def test_scores_read_back_equal(old: str) -> None:
    before = rows(old, CURVES)
    scores = find(old).scores()
    assert [(tick, it.lane, it.epoch, it.seconds) for tick, it in scores] == [
        (row["tick"], row["trial"], row["epoch"], row["seconds"]) for row in before
    ]
    for (_, score), row in zip(scores, before, strict=True):
        assert score.train == pytest.approx(metrics(row, "train"), rel=0, abs=0, nan_ok=True)
        assert score.validation == pytest.approx(metrics(row, "validation"), rel=0, abs=0, nan_ok=True)
    assert any(math.isnan(score.validation["loss"]) for _, score in scores)


def test_trials_and_the_ledger_read_back_equal(old: str) -> None:
    before = rows(old, "SELECT number, state FROM trials WHERE study_id = 1 ORDER BY number")
    (line,) = rows(old, "SELECT id, purpose, dataset, sha256, models FROM studyhall_ledger")
    record, states = find(old), [(it["number"], it["state"].lower()) for it in before]
    assert [(row.number, row.state) for row in record.trials()] == states
    assert [row.number for row in record.trials() if row.diverged_at is not None] == [3, 8]
    (read,) = record.ledger()
    assert {name: getattr(read, name) for name in line} == line
    assert (read.kind, read.name, read.mine, read.who, read.figures) == ("export", "small", True, "", None)


def test_finalists_read_back_equal(old: str) -> None:
    before = rows(old, "SELECT * FROM studyhall_finalists ORDER BY trial, seed")
    ranked = rows(old, "SELECT * FROM studyhall_finalist_curves WHERE phase = 'rank' ORDER BY tick, lane, epoch")
    record = find(old)
    finalists = record.finalists()
    assert len(finalists) == len(before) == 2
    for read, row in zip(finalists, before, strict=True):
        assert (read.trial, read.seed, read.best_epoch, read.ledger) == (
            row["trial"],
            row["seed"],
            row["best_epoch"],
            row["ledger"],
        )
        for split in ("validation", "train", "test"):
            assert getattr(read, split) == metrics(row, split)
    assert [score.validation for *_, score in record.finalist_scores("rank")] == [
        metrics(row, "validation") for row in ranked
    ]
    assert {json.dumps(score.validation) for *_, score in record.finalist_scores("retrain")} == {"{}"}


def test_studies_are_in_the_names_of_today(old: str) -> None:
    record, own = find(old), find(old, "own")
    assert record.study.pruner.model_dump()["keep_fraction"] == 0.4
    assert record.fingerprint["pruner.name"] == "successive_halving"
    assert {key: record.fingerprint[f"pruner.{key}"] for key in ("min_epochs", "reduction_factor", "min_trials")} == {
        "min_epochs": 2,
        "reduction_factor": 2,
        "min_trials": 3,
    }
    assert own.study.family.name == own.fingerprint["family.name"] == "custom"


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_tables_are_those_of_a_new_database(old: str, version: int, tmp_path: Path, server: Server) -> None:
    if version == 1:
        engine = create_engine(old)
        with engine.begin() as connection:
            for statement in TO_VERSION_1:
                connection.execute(text(statement))
        engine.dispose()
    new = f"sqlite:///{tmp_path}/new.db" if old.startswith("sqlite") else server.new()
    for url in (old, new):
        Store(url)
    assert layout(old) == layout(new)
    assert rows(old, "SELECT version FROM studyhall_schema") == [{"version": VERSION}]
    assert len(find(old).trials()) == 9


def layout(url: str) -> dict[str, Any]:
    """Our tables: their columns with type and whether they may be null, and their keys."""
    engine = create_engine(url)
    seen = inspect(engine)
    found = {}
    for table in sorted(name for name in seen.get_table_names() if name.startswith("studyhall")):
        columns = {it["name"]: (str(it["type"]), it["nullable"]) for it in seen.get_columns(table)}
        found[table] = columns, seen.get_pk_constraint(table)["constrained_columns"]
    engine.dispose()
    return found


class Killed(BaseException):
    """The process ends here."""


def test_a_kill_in_the_middle_leaves_the_old_version(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, whole = rows(old, CURVES), layout(old)
    step = STEPS[2]

    def cut(connection: Connection) -> None:
        step(connection)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setitem(STEPS, 2, cut)
        with pytest.raises(Killed):
            Store(old)
    assert layout(old) == whole
    assert rows(old, CURVES) == before
    assert len(find(old).scores()) == len(before)


# Opens a database when it is told to; where it comes to migrate it, it says so by a file and waits to be told to go on.
OPENS = """
import os, pathlib, sys
import optuna
from search.record import migrations
from search.record.store import Store

step = migrations.STEPS[2]

def held(connection):
    pathlib.Path(f"{os.getpid()}.migrating").touch()
    sys.stdin.readline()
    step(connection)

migrations.STEPS[2] = held
print("ready", flush=True)
sys.stdin.readline()
print(Store(sys.argv[1]).names())
"""


@pytest.mark.slow
def test_two_commands_that_open_it_at_once_migrate_it_once(old: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPENS, old]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    both = [WarmPopen(command, text=True, **pipes) for _ in range(2)]

    def go_on() -> None:
        for process in both:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

    def migrating() -> int:
        return len(list(tmp_path.glob("*.migrating")))

    assert [process.stdout.readline() for process in both if process.stdout] == ["ready\n"] * 2
    go_on()
    assert within(30, lambda: migrating() > 0)
    second_came = within(2, lambda: migrating() > 1)  # while the first is in the middle
    go_on()
    assert [process.communicate()[0] for process in both] == ["['own', 'small']\n"] * 2
    assert not second_came
    assert migrating() == 1
    assert len(find(old).scores()) == 22


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    """The study files of the old database, in the names of today."""
    for name in ("small", "own"):
        shutil.copy(DATA / f"{name}.py", tmp_path)
    return tmp_path


@in_a_file
@pytest.mark.slow
@pytest.mark.parametrize("name", ["small", "own"])
def test_a_finished_study_trains_nothing(old: str, name: str, studies: Path) -> None:
    trained = len(rows(old, "SELECT * FROM studyhall_curves"))
    said = search(studies / f"{name}.py", old, "--workers", "0")
    assert f"`{name}` is finished: nothing to train" in said
    assert len(rows(old, "SELECT * FROM studyhall_curves")) == trained


@in_a_file
@pytest.mark.slow
def test_a_larger_budget_goes_on_with_the_sampler_of_its_time(old: str, studies: Path) -> None:
    search(studies / "small.py", old, "--workers", "0", "--trials", "12")
    text = (studies / "small.py").read_text()
    (studies / "small.py").write_text(text.replace("    pruner=", '    sampler="tpe",\n    pruner='))
    new = f"sqlite:///{studies}/new.db"
    search(studies / "small.py", new, "--workers", "0", "--trials", "9")
    search(studies / "small.py", new, "--workers", "0", "--trials", "12")
    assert [row.params for row in find(old).trials()] == [row.params for row in find(new).trials()]
    assert [row.value for row in find(old).trials()] == [row.value for row in find(new).trials()]


# --- version 3 --------------------------------------------------------------------------------------------------------


def test_a_copy_and_a_suggestion_of_version_3_are_told_from_ours(tmp_path: Path) -> None:
    """data/version_3.sql: `small` of today's small.py, exported, with a suggestion; and Optuna's copy of it before."""
    (tmp_path / "runs").mkdir()
    with closing(sqlite3.connect(tmp_path / "runs" / "studies.db")) as database:
        database.executescript((DATA / "version_3.sql").read_text())
    store = Store(f"sqlite:///{tmp_path}/runs/studies.db")
    assert store.names() == ["small"]
    record = store.find("small")
    assert record is not None
    assert record.folder == tmp_path / "runs" / "studies" / "small"
    rows = record.trials()
    assert [row.number for row in rows if not row.is_planned] == [9]
    assert record.suggestion(9) == {"hidden": 12}
    assert {row.state for row in rows[:9]} == {"complete", "pruned"}
    assert [(row.trial, row.seed) for row in record.finalists()] == [(0, 0)]
    assert len(record.scores()) == 22
