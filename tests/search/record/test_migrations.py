"""Databases of earlier versions open, and hold what they held. version_2.sql is what the program of then wrote."""

import math
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from search.pruners.halving import SuccessiveHalving
from search.record import database, migrations
from search.record.record import Record
from search.record.store import Store
from tests.support.commands import search_here

DUMP = (Path(__file__).parent / "data" / "version_2.sql").read_text()
CURVES = "SELECT trial, epoch, tick, train_loss, train_accuracy, validation_loss, validation_accuracy, seconds"


@pytest.fixture(params=[1, 2])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database of version 1 or 2."""
    file = tmp_path / "runs" / "studies.db"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(DUMP)
        if request.param == 1:
            connection.executescript("DROP TABLE studyhall_snapshots; UPDATE studyhall_schema SET version = 1;")
    return file


def old_rows(query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(DUMP)
        return connection.execute(query).fetchall()


def opened(file: Path) -> Record:
    record = Store(f"sqlite:///{file}").find("s")
    assert record is not None
    return record


def named(loss: float | None, accuracy: float | None) -> dict[str, float]:
    return {"loss": math.nan if loss is None else loss, "accuracy": math.nan if accuracy is None else accuracy}


def version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT version FROM studyhall_schema").fetchone()[0])


def test_the_metrics_of_every_epoch_are_those_of_the_old_columns(file: Path) -> None:
    old = old_rows(f"{CURVES} FROM studyhall_curves ORDER BY tick, trial, epoch")
    scores = opened(file).scores()
    assert len(scores) == len(old) == 19
    for (tick, metrics), (trial, epoch, then, *figures, seconds) in zip(scores, old, strict=True):
        assert (metrics.lane, metrics.epoch, tick, metrics.seconds) == (trial, epoch, then, seconds)
        assert metrics.train == pytest.approx(named(*figures[:2]), nan_ok=True, rel=0, abs=0)
        assert metrics.validation == pytest.approx(named(*figures[2:]), nan_ok=True, rel=0, abs=0)


def test_the_finalists_are_those_of_the_old_columns(file: Path) -> None:
    wanted = "validation_loss, validation_accuracy, train_loss, train_accuracy, test_loss, test_accuracy"
    old = old_rows(f"SELECT trial, seed, best_epoch, epochs, ledger, model, {wanted} FROM studyhall_finalists")
    found = [
        (row.trial, row.seed, row.best_epoch, row.epochs, row.ledger, row.model, row.validation, row.train, row.test)
        for row in opened(file).finalists()
    ]
    assert found == [(*row[:6], named(*row[6:8]), named(*row[8:10]), named(*row[10:])) for row in old]
    assert len(found) == 2


def test_curves_of_finalists_have_validation_metrics_only_where_something_was_held_out(file: Path) -> None:
    record = opened(file)
    assert all(metrics.validation for *_, metrics in record.finalist_scores("rank"))
    assert [metrics.validation for *_, metrics in record.finalist_scores("retrain")] == [{}] * 4


def test_trials_and_the_ledger_are_read_back(file: Path) -> None:
    record = opened(file)
    states = {number: state.lower() for number, state in old_rows("SELECT number, state FROM trials")}
    assert {row.number: row.state for row in record.trials()} == states
    assert [line.models for line in record.ledger()] == [2]


def test_a_study_is_described_in_the_words_of_today(file: Path) -> None:
    record = opened(file)
    assert record.study.pruner == SuccessiveHalving(keep_fraction=0.6, min_epochs=1, reduction_factor=2, min_trials=3)
    words = {key: value for key, value in record.fingerprint.items() if key.startswith("pruner.")}
    assert words == {
        "pruner.name": "successive_halving",
        "pruner.keep_fraction": 0.6,
        "pruner.min_epochs": 1,
        "pruner.reduction_factor": 2,
        "pruner.min_trials": 3,
    }


def test_a_model_of_ones_own_has_another_name_now() -> None:
    study = {"pruner": {"name": "none"}, "family": {"name": "own", "attribute": "Net"}}
    assert migrations.rename_study(study)["family"] == {"name": "custom", "attribute": "Net"}
    assert migrations.rename_fingerprint({"family.name": "own"}) == {"family.name": "custom"}


def test_a_search_goes_on_where_the_old_program_ended(file: Path, tmp_path: Path) -> None:
    new = "SuccessiveHalving(keep_fraction=0.6, min_epochs=1, reduction_factor=2, min_trials=3)"
    text = opened(file).text.replace(", Peer, ", ", SuccessiveHalving, ")
    study, url = tmp_path / "s.py", f"sqlite:///{file}"
    study.write_text(text.replace("Peer(keep=0.6, first=1, spacing=2, rivals=3)", new))
    before = len(opened(file).scores())
    search_here(study, url)
    assert len(opened(file).scores()) == before
    search_here(study, url, "--trials", "10")
    assert len(opened(file).trials()) == 10


def test_a_migration_that_breaks_off_leaves_the_old_version(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = version(file)

    def break_off(*_: object) -> None:
        raise RuntimeError("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "rename_fingerprint", break_off)
        with pytest.raises(RuntimeError, match="cut off"):
            opened(file)
    assert version(file) == before
    assert len(opened(file).scores()) == 19


def test_commands_that_open_it_at_once_migrate_it_once(file: Path) -> None:
    counts: list[int] = []

    def look() -> None:
        counts.append(len(opened(file).scores()))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [19] * 4
    assert version(file) == database.VERSION
