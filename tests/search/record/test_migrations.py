"""Databases of earlier versions open: what a study came to is as it was, and its search goes on."""

import json
import math
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from search.record import migrations, tables
from search.record.record import Record
from search.record.store import Store
from tests.support.commands import invoke
from tests.support.old_databases import VERSION_2, old_file, old_server
from tests.support.servers import Server

STUDIES = ("mlp@digits", "own")
PRUNER = {"name": "successive_halving", "keep_fraction": 0.6, "min_epochs": 1, "reduction_factor": 2, "min_trials": 3}
WORDS = {
    "Peer": "SuccessiveHalving",
    "keep=": "keep_fraction=",
    "first=": "min_epochs=",
    "spacing=": "reduction_factor=",
    "rivals=": "min_trials=",
}
SEARCH = ("--study", "mlp", "--dataset", "digits", "--epochs", "2", "--workers", "0", "--quiet")


@pytest.fixture(params=[1, 2])
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["file", "server"])
def url(version: int, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database of an earlier version."""
    monkeypatch.chdir(tmp_path)
    if request.param == "file":
        old_file(tmp_path / "runs" / "studies.db", version)
        return "sqlite:///runs/studies.db"
    server: Server = request.getfixturevalue("server")
    address = server.new()
    old_server(address, version)
    return address


@pytest.fixture(scope="module")
def before() -> Callable[..., list[dict[str, Any]]]:
    """Returns the rows that a query finds in the old tables, with columns by name."""
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    database.executescript(VERSION_2.read_text())
    return lambda query, *values: [dict(row) for row in database.execute(query, values)]


def find(url: str, name: str) -> Record:
    record = Store(url, create=False).find(name)
    assert record is not None
    return record


def metrics(row: Mapping[str, Any], split: str) -> dict[str, float]:
    """Return the metrics of a split, of which the old tables had a column each."""
    return {name: row[f"{split}_{name}"] for name in ("loss", "accuracy")}


def version_of(file: Path) -> list[int]:
    with closing(sqlite3.connect(file)) as database:
        return [number for (number,) in database.execute("SELECT version FROM studyhall_schema")]


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_the_trials_and_their_metrics_are_as_they_were(
    number: int, url: str, before: Callable[..., list[dict[str, Any]]]
) -> None:
    record = find(url, STUDIES[number - 1])
    states = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    trials = before(
        "SELECT * FROM trials LEFT JOIN trial_values USING (trial_id) WHERE study_id = ? ORDER BY number", number
    )
    assert [(row.number, row.state, row.value) for row in record.trials()] == [
        (row["number"], states[row["state"]], row["value"]) for row in trials
    ]
    curves = before("SELECT * FROM studyhall_curves WHERE study = ? ORDER BY tick, trial, epoch", number)
    assert [
        (tick, score.lane, score.epoch, score.train, score.validation, score.seconds) for tick, score in record.scores()
    ] == [
        (row["tick"], row["trial"], row["epoch"], metrics(row, "train"), metrics(row, "validation"), row["seconds"])
        for row in curves
    ]
    assert len(curves) > 8


def test_the_finalists_and_the_ledger_are_as_they_were(url: str, before: Callable[..., list[dict[str, Any]]]) -> None:
    record = find(url, "mlp@digits")
    same = ("trial", "seed", "best_epoch", "epochs", "train_seconds", "ledger", "model", "model_sha256")
    finalists = before("SELECT * FROM studyhall_finalists ORDER BY trial, seed")
    assert len(finalists) == 4
    assert [vars(row) for row in record.finalists()] == [
        {name: row[name] for name in same} | {split: metrics(row, split) for split in ("train", "validation", "test")}
        for row in finalists
    ]
    for phase, held_out in (("rank", True), ("retrain", False)):
        rows = before("SELECT * FROM studyhall_finalist_curves WHERE phase = ? ORDER BY tick, lane, epoch", phase)
        assert rows
        assert [
            (tick, trial, seed, score.lane, score.epoch, score.train, score.validation, score.seconds)
            for tick, trial, seed, score in record.finalist_scores(phase)
        ] == [
            (
                *(row[name] for name in ("tick", "trial", "seed", "lane", "epoch")),
                metrics(row, "train"),
                metrics(row, "validation") if held_out else {},
                row["seconds"],
            )
            for row in rows
        ]
    (opening,), (line,) = record.ledger(), before("SELECT * FROM studyhall_ledger")
    assert opening.signed.replace(tzinfo=None).isoformat(" ") == line.pop("signed")
    assert line.pop("study") == 1
    assert line == {name: value for name, value in vars(opening).items() if name != "signed"}


def test_a_study_is_dumped_in_the_words_of_today(url: str) -> None:
    record = find(url, "own")
    assert record.study.pruner.model_dump() == PRUNER
    assert record.study.family.name == "custom"
    assert record.fingerprint["family.name"] == "custom"
    prefix = "pruner."
    of_pruner = {key.removeprefix(prefix): value for key, value in record.fingerprint.items() if key.startswith(prefix)}
    assert of_pruner == PRUNER


def test_it_has_the_version_of_today_and_opens_again(url: str) -> None:
    Store(url)
    again = Store(url)
    assert again.names() == sorted(STUDIES)
    with again.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT version FROM studyhall_schema").scalars().all() == [tables.VERSION]
        assert connection.exec_driver_sql("SELECT count(chunk) FROM studyhall_snapshots").scalar() == 0


def test_the_columns_are_those_of_a_new_database(tmp_path: Path, version: int) -> None:
    old_file(tmp_path / "old.db", version)
    columns = []
    for name in ("old", "new"):
        Store(f"sqlite:///{tmp_path}/{name}.db")
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as database:
            found = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
            columns.append(set(database.execute(found)))
    assert columns[0] == columns[1]


def test_null_was_nan_in_a_curve_and_nothing_in_a_finalist(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    old_file(file, 2)
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "UPDATE studyhall_curves SET validation_loss = NULL WHERE study = 1 AND trial = 2 AND epoch = 1"
        )
        database.execute("UPDATE studyhall_finalists SET test_loss = NULL, test_accuracy = NULL WHERE trial = 3")
        database.commit()
    record = find(f"sqlite:///{file}", "mlp@digits")
    diverged = record.curve(2)[0]
    assert math.isnan(diverged.validation["loss"])
    assert diverged.validation["accuracy"] > 0
    assert {row.trial: row.test is None for row in record.finalists()} == {0: False, 3: True}


def test_commands_that_open_it_at_once_migrate_it_once(url: str) -> None:
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(len(find(url, "own").scores()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [17] * 4


# --- going on ---------------------------------------------------------------------------------------------------------


def test_a_finished_search_stays_finished_and_goes_on_for_more_trials(tmp_path: Path, version: int) -> None:
    old_file(tmp_path / "runs" / "studies.db", version)
    url = f"sqlite:///{tmp_path}/runs/studies.db"
    done = invoke("search.run", *SEARCH, "--trials", "6", folder=tmp_path)
    assert done.exit_code == 0, done.output
    assert "`mlp@digits` is finished: nothing to train" in done.output
    trials = find(url, "mlp@digits").trials()
    assert len(trials) == 6
    more = invoke("search.run", *SEARCH, "--trials", "8", folder=tmp_path)
    assert more.exit_code == 0, more.output
    assert find(url, "mlp@digits").trials()[:6] == trials
    assert len(find(url, "mlp@digits").trials()) == 8


def test_a_search_of_an_own_class_goes_on(tmp_path: Path) -> None:
    old_file(tmp_path / "runs" / "studies.db", 2)
    url = f"sqlite:///{tmp_path}/runs/studies.db"
    text = find(url, "own").text
    for old, new in WORDS.items():  # a study file says the pruner in the words of today; its model stays
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "own.py").write_text(text)
    done = invoke("search.run", "--study", "own.py", "--trials", "9", "--workers", "0", "--quiet", folder=tmp_path)
    assert done.exit_code == 0, done.output
    assert len(find(url, "own").trials()) == 9


# --- a migration that fails -------------------------------------------------------------------------------------------


def test_a_failure_in_the_middle_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "old.db"
    old_file(file, 1)
    with closing(sqlite3.connect(file)) as database:
        whole = list(database.iterdump())
    step = migrations.STEPS[2]

    def fails(connection: Connection) -> None:
        step(connection)
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setitem(migrations.STEPS, 2, fails)
        with pytest.raises(RuntimeError, match="in the middle"):
            Store(f"sqlite:///{file}")
    assert version_of(file) == [1]
    with closing(sqlite3.connect(file)) as database:
        assert list(database.iterdump()) == whole
    assert len(find(f"sqlite:///{file}", "own").trials()) == 8
    assert version_of(file) == [tables.VERSION]


def test_a_study_with_a_broken_row_is_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    old_file(file, 2)
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE studyhall_studies SET study = '{}' WHERE id = 2")  # the last that is rewritten
        database.commit()
    with pytest.raises(KeyError):
        Store(f"sqlite:///{file}")
    assert version_of(file) == [2]
    with closing(sqlite3.connect(file)) as database:
        (dumped,) = database.execute("SELECT study FROM studyhall_studies WHERE id = 1").fetchone()
    assert json.loads(dumped)["pruner"]["name"] == "peer"
