"""reports.export as a user gives it: its tables, what it uses again, what a kill leaves, when it opens the test set."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.artifacts import FileSystemArtifactStore
from optuna.storages import RDBStorage
from optuna_dashboard import get_note
from optuna_dashboard.artifact._backend import list_study_artifacts, list_trial_artifacts

from models.datasets.source import Examples, Source
from reports import finalists
from reports.shelf import artifact_folder
from search.record.record import Record
from search.record.store import Store
from tests.support.runs import fail_when_training

pytestmark = pytest.mark.slow

STUDY = "mlp@digits"

RESULTS = """rank, study, trial, baseline, family, dataset, learning_rate, hidden, weight_decay, epochs,
validation_accuracy, validation_loss, seeds, test_accuracy_mean, test_accuracy_std, test_accuracy_low,
test_accuracy_high, test_loss_mean, train_accuracy_mean, train_loss_mean, train_seconds, published_test_accuracy"""
TRIALS = """number, state, reason, baseline, learning_rate, hidden, weight_decay, validation_accuracy, validation_loss,
best_epoch, epochs, started, finished, seconds"""


def names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def start(runs: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "reports.export", "--study", STUDY, "--workers", "0", *options]
    return subprocess.Popen(
        command,
        cwd=runs.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )


def export(runs: Path, *options: str) -> str:
    process = start(runs, *options)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def url(runs: Path) -> str:
    return f"sqlite:///{runs}/studies.db"


def record(runs: Path) -> Record:
    found = Store(url(runs), create=False).find(STUDY)
    assert found is not None
    return found


def timeless(file: Path) -> pd.DataFrame:
    return pd.read_csv(file).drop(columns="train_seconds")


# --- the tables -------------------------------------------------------------------------------------------------------


def test_results_have_the_columns_that_are_promised(runs: Path) -> None:
    results = pd.read_csv(runs / "studies" / STUDY / "results.csv")
    promised = names(RESULTS)
    assert [name for name in results.columns if name in promised] == promised
    assert list(results["rank"]) == list(range(1, len(results) + 1))
    baseline = results[results["baseline"].notna()].iloc[0]
    assert (baseline["trial"], baseline["hidden"], baseline["weight_decay"]) == (0, 100, 0.0)


def test_trials_have_the_columns_that_are_promised(runs: Path) -> None:
    trials = pd.read_csv(runs / "studies" / STUDY / "trials.csv", parse_dates=["started", "finished"])
    promised = names(TRIALS)
    assert [name for name in trials.columns if name in promised] == promised
    assert list(trials["number"]) == list(range(10))
    assert set(trials["state"]) <= {"complete", "pruned"}
    assert (trials["finished"] >= trials["started"]).all()


@pytest.mark.parametrize("table", ["results.csv", "trials.csv"])
def test_a_whole_number_stays_one(runs: Path, table: str) -> None:
    lines = pd.read_csv(runs / "studies" / STUDY / table, dtype=str)
    whole = {"rank", "trial", "hidden", "epochs", "seeds", "number", "best_epoch"} & set(lines.columns)
    assert len(whole) >= 4
    for column in whole:
        assert lines[column].dropna().str.fullmatch(r"\d+").all(), column


def test_what_is_unknown_stays_empty(runs: Path) -> None:
    lines = (runs / "studies" / STUDY / "results.csv").read_text()
    assert "nan" not in lines.lower()
    assert "<NA>" not in lines
    winner = pd.read_csv(runs / "studies" / STUDY / "results.csv").iloc[0]
    assert pd.isna(winner["published_test_accuracy"])


def test_the_test_accuracy_is_that_of_the_models_that_are_kept(runs: Path) -> None:
    results = pd.read_csv(runs / "studies" / STUDY / "results.csv")
    by_seed = pd.DataFrame([vars(row) for row in record(runs).finalists()])
    for row in results.to_dict("records"):
        mine = by_seed[by_seed["trial"] == row["trial"]]["test_accuracy"]
        assert row["test_accuracy_mean"] == pytest.approx(mine.mean())
        assert row["test_accuracy_std"] == pytest.approx(mine.std())
        assert row["test_accuracy_low"] < row["test_accuracy_mean"] < row["test_accuracy_high"]


# --- the test set -----------------------------------------------------------------------------------------------------


def test_a_second_export_opens_nothing_and_changes_nothing(runs: Path) -> None:
    folder, shelf = runs / "studies" / STUDY, artifact_folder(Store(url(runs)))
    watched = [folder / name for name in ("results.csv", "trials.csv", "report.html", "finalists/tested.safetensors")]
    before = {file: file.read_bytes() for file in watched}
    artifacts, ledger = sorted(shelf.iterdir()), record(runs).ledger()
    attributes = _attributes(runs)
    said = export(runs, "--top", "1", "--seeds", "2")
    assert "test set opened" not in said
    assert {file: file.read_bytes() for file in watched} == before
    assert (sorted(shelf.iterdir()), record(runs).ledger(), _attributes(runs)) == (artifacts, ledger, attributes)


def _attributes(runs: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(runs / "studies.db")) as database:
        query = "SELECT study_id, key, value_json FROM study_system_attributes ORDER BY 1, 2"
        return list(database.execute(query))


def test_a_retest_opens_the_test_set_again(runs: Path) -> None:
    before = timeless(runs / "studies" / STUDY / "results.csv")
    said = export(runs, "--top", "1", "--seeds", "2", "--retest")
    assert "line 2 of the ledger" in said
    assert len(record(runs).ledger()) == 2
    assert "The test set was opened 2 times" in (runs / "studies" / STUDY / "report.html").read_text()
    pd.testing.assert_frame_equal(timeless(runs / "studies" / STUDY / "results.csv"), before)


def test_without_retraining_the_test_set_stays_shut(runs: Path) -> None:
    (runs / "studies" / STUDY / "results.csv").unlink()
    ledger, attributes = record(runs).ledger(), _attributes(runs)
    said = export(runs, "--no-retrain")
    assert "nothing is tested yet" in said
    assert (record(runs).ledger(), _attributes(runs)) == (ledger, attributes)
    assert not (runs / "studies" / STUDY / "results.csv").exists()
    assert "nothing is tested yet" in (runs / "studies" / STUDY / "report.html").read_text()


def test_the_test_set_is_opened_when_the_ranks_are_fixed_and_signed_for_before_it_is_read(
    runs: Path, digits: Source, one_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, events = record(runs), []
    real, ranked = finalists.open_test_set, []

    def door(*arguments: Any) -> tuple[int, Examples]:
        known = {(row.trial, row.seed): row for row in mine.finalists()}
        events.append(all(known[row.number, seed].best_epoch is not None for row in ranked for seed in range(3)))
        opened = real(*arguments)
        events.append(len(mine.ledger()) == 2)
        return opened

    monkeypatch.setattr(finalists, "open_test_set", door)
    with mine.lease():
        retraining = finalists.Retraining(
            mine, digits, site=0, device="cpu", pause=lambda: False, say=lambda line: events.append(line[:4])
        )
        ranked += retraining.rank(finalists.choose(mine, 1), 3)
        order = [row.number for row in ranked]
        retraining.retrain(ranked, 3)
        tested = finalists.test(mine, digits, ranked, 3, again=False, say=lambda line: None)
    assert events == ["rank", "retr", True, True]
    assert [row.number for row in ranked] == order
    assert tested.hits(order[0], 3).shape == (3, len(tested.labels))


def test_pictures_are_kept_of_exactly_those_images_that_some_model_gets_wrong(runs: Path) -> None:
    from reports.tested import read

    rows = {(row.trial, row.seed): str(row.model_sha256) for row in record(runs).finalists()}
    tested = read(runs / "studies" / STUDY / "finalists" / "tested.safetensors", rows)
    assert tested is not None
    wrong = np.logical_or.reduce([~tested.right(*which) for which in tested.logits])
    assert tested.pictured.tolist() == np.flatnonzero(wrong).tolist()
    assert tested.pictures.shape == (wrong.sum(), 1, 28, 28)


# --- kills ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["rank", "retrain"])
def test_a_killed_export_comes_to_the_same_results_as_an_undisturbed_one(
    runs: Path, tmp_path: Path, phase: str
) -> None:
    undisturbed = Path(shutil.copytree(runs, tmp_path / "undisturbed" / "runs"))
    options = ("--top", "2", "--seeds", "3")
    export(undisturbed, *options)
    process = start(runs, *options)
    deadline = time.monotonic() + 120
    while not _has_begun(runs, phase) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    export(runs, *options)
    ours, theirs = (timeless(it / "studies" / STUDY / "results.csv") for it in (runs, undisturbed))
    pd.testing.assert_frame_equal(ours, theirs)


def _has_begun(runs: Path, phase: str) -> bool:
    """Whether a third seed, which only this export asks for, has trained an epoch."""
    with closing(sqlite3.connect(runs / "studies.db", timeout=60)) as database:
        query = "SELECT count(*) FROM studyhall_finalist_curves WHERE phase = ? AND seed = 2"
        return bool(database.execute(query, [phase]).fetchone()[0])


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--top", "2", "--seeds", "3"), r"trial \d+ cannot be retrained under seed \d"),
        (("--no-retrain", "--audit", "3"), r"trial \d+ cannot be trained to its end"),
    ],
)
def test_a_model_that_cannot_be_trained_stops_an_export_and_loses_nothing(
    runs: Path, tmp_path: Path, options: tuple[str, ...], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = Path(shutil.copytree(runs, tmp_path / "undisturbed" / "runs"))
    failing = fail_when_training(tmp_path, "reports.export", "lane.epochs == 1", "raise MemoryError('no room')")
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", failing)
        process = start(runs, *options)
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 2, said
    error, remedy = said.splitlines()[-2:]
    assert re.fullmatch(f"error: {what}: MemoryError: no room", error)
    assert remedy == "  if memory is short, free some or take --workers 1; the same command goes on from there"
    for folder in (runs, undisturbed):
        export(folder, *options)
    ours, theirs = (timeless(it / "studies" / STUDY / "results.csv") for it in (runs, undisturbed))
    pd.testing.assert_frame_equal(ours, theirs)


# --- the regret audit -------------------------------------------------------------------------------------------------


def test_audited_trials_continue_what_they_were(runs: Path) -> None:
    said = export(runs, "--no-retrain", "--audit", "3")
    assert "audit: 3 pruned trials" in said
    mine = record(runs)
    pruned = {row.number: row for row in mine.trials() if row.state == "pruned"}
    again: dict[int, list[tuple[float, ...]]] = {}
    for _, trial, _, score in mine.finalist_scores("audit"):
        again.setdefault(trial, []).append((score.epoch, score.train["loss"], score.validation["loss"]))
    assert len(again) == 3
    for trial, curve in again.items():
        recorded = [(score.epoch, score.train["loss"], score.validation["loss"]) for score in mine.curve(trial)]
        assert curve[: len(recorded)] == recorded  # to the last bit
        assert len(curve) == mine.study.epochs > len(recorded)
        assert trial in pruned
    assert "audit:" not in export(runs, "--no-retrain", "--audit", "3")  # it is known now
    assert "Regret audit: of 3 pruned trials" in (runs / "studies" / STUDY / "report.html").read_text()


# --- optuna-dashboard -------------------------------------------------------------------------------------------------


def test_the_dashboard_shows_the_verdict_as_the_studys_note(runs: Path) -> None:
    study = optuna.load_study(study_name=STUDY, storage=RDBStorage(url(runs)))
    assert "wins: test accuracy" in get_note(study)
    best = int(pd.read_csv(runs / "studies" / STUDY / "results.csv")["trial"][0])
    assert "**Finalist, rank 1 of 2.**" in get_note(optuna.Trial(study, study.trials[best]._trial_id))


def test_the_dashboard_finds_the_figures_and_the_model_of_each_finalist(runs: Path) -> None:
    study = optuna.load_study(study_name=STUDY, storage=RDBStorage(url(runs)))
    attributes = study._storage.get_study_system_attrs(study._study_id)
    files = FileSystemArtifactStore(artifact_folder(Store(url(runs))))
    assert [it["filename"] for it in list_study_artifacts(attributes)] == ["report.html"]
    for trial in pd.read_csv(runs / "studies" / STUDY / "results.csv")["trial"]:
        shown = {it["filename"]: it for it in list_trial_artifacts(attributes, {}, study.trials[trial])}
        model = f"trial-{trial}-seed-0.safetensors"
        assert set(shown) == {f"trial-{trial}-epochs.png", f"trial-{trial}-confusion.png", model}
        with files.open_reader(shown[model]["artifact_id"]) as stream:
            assert stream.read() == (runs / "studies" / STUDY / "finalists" / model).read_bytes()


def test_another_report_takes_the_place_of_the_last_one_on_the_shelf(runs: Path) -> None:
    export(runs, "--top", "1", "--seeds", "1")
    study = optuna.load_study(study_name=STUDY, storage=RDBStorage(url(runs)))
    attributes = study._storage.get_study_system_attrs(study._study_id)
    assert len(list_study_artifacts(attributes)) == 1
    shown = [it for trial in study.trials for it in list_trial_artifacts(attributes, {}, trial)]
    assert len(shown) == 2 * 3
    assert len(list(artifact_folder(Store(url(runs))).iterdir())) == 1 + len(shown)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--study", "mpl@digits"], 'no study named "mpl@digits"'),
        (["--study", "mlp"], '(did you mean "mlp@digits"?)'),
        (["--study", STUDY, "--out", "/proc/nowhere"], "/proc/nowhere cannot be written to"),
        (["--study", STUDY, "--storage", "sqlite:///nowhere.db"], "there is no database at nowhere.db"),
    ],
)
def test_a_slip_is_told_in_two_lines(runs: Path, options: list[str], told: str) -> None:
    command = [sys.executable, "-m", "reports.export", *options]
    done = subprocess.run(command, cwd=runs.parent, capture_output=True, text=True)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_study_without_a_complete_trial_has_nothing_to_retrain(runs: Path) -> None:
    with closing(sqlite3.connect(runs / "studies.db")) as database:
        database.execute("UPDATE trials SET state = 'PRUNED'")
        database.commit()
    done = start(runs)
    said, _ = done.communicate()
    assert done.returncode == 2
    assert said.startswith("error: no trial of `mlp@digits` is complete")
    assert len(said.splitlines()) == 2
    assert "no trial is complete" in export(runs, "--no-retrain")


# --- what is told of the search ---------------------------------------------------------------------------------------


def test_the_page_tells_where_the_wall_time_of_the_search_went(runs: Path) -> None:
    spent = record(runs).environment["spent"]
    assert set(spent) == {"training", "sampling", "recording", "judging", "snapshots"}
    share = f"{spent['training']:.1f} s, {spent['training'] / sum(spent.values()):.0%}"
    assert share in (runs / "studies" / STUDY / "report.html").read_text()


def test_time_that_later_runs_spend_is_added(runs: Path) -> None:
    mine = record(runs)
    before = mine.environment["spent"]["training"]
    with mine.lease():
        mine.spend({"training": 2.0})
    assert record(runs).environment["spent"]["training"] == pytest.approx(before + 2.0)
