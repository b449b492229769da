"""reports.export as a user gives it: its tables, what it uses again, what a kill leaves, when it opens the test set."""

import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from reports import export_study
from reports.served.artifacts import artifact_folder
from search.record.record import Record
from search.record.store import Store
from tests.support.commands import invoke
from tests.support.exports import STUDY, export, record, search_on, start, timeless, url
from tests.support.runs import fail_when_training

pytestmark = pytest.mark.slow

RESULTS = """rank, study, trial, baseline, family, dataset, learning_rate, hidden, weight_decay, epochs,
validation_accuracy, validation_loss, seeds, test_accuracy_mean, test_accuracy_std, test_accuracy_low,
test_accuracy_high, test_loss_mean, train_accuracy_mean, train_loss_mean, train_seconds, published_test_accuracy"""
TRIALS = """number, state, reason, baseline, learning_rate, hidden, weight_decay, validation_accuracy, validation_loss,
best_epoch, epochs, started, finished, seconds"""


def names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


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
    tested = [(row.trial, row.test["accuracy"]) for row in record(runs).finalists() if row.test]
    by_seed = pd.DataFrame(tested, columns=["trial", "test_accuracy"])
    for row in results.to_dict("records"):
        of_trial = by_seed[by_seed["trial"] == row["trial"]]["test_accuracy"]
        assert row["test_accuracy_mean"] == pytest.approx(of_trial.mean())
        assert row["test_accuracy_std"] == pytest.approx(of_trial.std())
        assert row["test_accuracy_low"] < row["test_accuracy_mean"] < row["test_accuracy_high"]


# --- the test set -----------------------------------------------------------------------------------------------------


def test_a_second_export_opens_nothing_and_changes_nothing(runs: Path) -> None:
    folder, artifacts_folder = runs / "studies" / STUDY, artifact_folder(Store(url(runs)))
    watched = [folder / name for name in ("results.csv", "trials.csv", "report.html", "finalists/tested.safetensors")]
    before = {file: file.read_bytes() for file in watched}
    artifacts, ledger = sorted(artifacts_folder.iterdir()), record(runs).ledger()
    attributes = _attributes(runs)
    output = export(runs, "--top", "1", "--seeds", "2", rendered=True)
    assert "test set opened" not in output
    assert {file: file.read_bytes() for file in watched} == before
    assert (sorted(artifacts_folder.iterdir()), record(runs).ledger(), _attributes(runs)) == (
        artifacts,
        ledger,
        attributes,
    )


def _attributes(runs: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(runs / "studies.db")) as database:
        query = "SELECT study_id, key, value_json FROM study_system_attributes ORDER BY 1, 2"
        return list(database.execute(query))


def test_a_retest_opens_the_test_set_again(runs: Path) -> None:
    before = timeless(runs / "studies" / STUDY / "results.csv")
    output = export(runs, "--top", "1", "--seeds", "2", "--retest")
    assert "line 2 of the ledger" in output
    assert len(record(runs).ledger()) == 2
    assert "The test set was opened twice" in (runs / "studies" / STUDY / "report.html").read_text()
    pd.testing.assert_frame_equal(timeless(runs / "studies" / STUDY / "results.csv"), before)


def test_reading_again_with_other_options_is_a_line_of_its_own(runs: Path) -> None:
    export(runs, "--top", "1", "--seeds", "5")
    export(runs, "--top", "1", "--seeds", "4")  # for as many epochs: nothing is retrained
    _, first, again = record(runs).ledger()
    assert (first.kind, again.kind) == ("export", "read again")
    assert again.command == f"python -m reports.export --study {STUDY} --top 1 --seeds 4"
    assert first.figures is not None
    assert again.figures is not None
    assert first.figures.keys() == again.figures.keys()
    page = (runs / "studies" / STUDY / "report.html").read_text()
    assert "kept predictions read again once with other options" in page
    export(runs, "--top", "1", "--seeds", "4")
    assert len(record(runs).ledger()) == 3
    export(runs, "--top", "1", "--seeds", "1")
    last = record(runs).ledger()[-1]
    assert (last.kind, last.purpose.partition(":")[2].partition(";")[0]) == ("read again", " 2 finalists, 1 seed")


def test_without_retraining_the_test_set_stays_shut(runs: Path) -> None:
    (runs / "studies" / STUDY / "results.csv").unlink()
    ledger, attributes = record(runs).ledger(), _attributes(runs)
    output = export(runs, "--no-retrain")
    assert "nothing is tested yet" in output
    assert (record(runs).ledger(), _attributes(runs)) == (ledger, attributes)
    assert not (runs / "studies" / STUDY / "results.csv").exists()
    page = (runs / "studies" / STUDY / "report.html").read_text()
    assert "nothing is tested yet" in page
    assert f"python -m reports.export --study {STUDY} --no-retrain\n" in page.replace("</pre>", "\n")


@pytest.fixture
def refused_for_room(runs: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What an export says that would open the test set again, where the disk is all but full."""
    (runs / "studies" / STUDY / "finalists" / ".tmp1a2b3c").touch()  # as a kill leaves it while a model is written
    (runs / "studies" / STUDY / "snapshots" / "retrain-1a2b3c" / "tick-00000003").mkdir(
        parents=True
    )  # after the last tick
    monkeypatch.setattr("reports.exports.options.ROOM_BYTES", 1 << 60)
    options = ("--study", STUDY, "--workers", "0", "--top", "1", "--seeds", "2", "--retest")
    done = invoke("reports.export", *options, folder=runs.parent)
    assert done.exit_code == 2, done.output
    return done.output


def test_on_a_full_disk_the_test_set_stays_shut(runs: Path, refused_for_room: str) -> None:
    assert "MiB left; a report takes up to " in refused_for_room
    assert len(record(runs).ledger()) == 1


def test_what_a_kill_left_half_written_is_removed(runs: Path, refused_for_room: str) -> None:
    folder = runs / "studies" / STUDY
    assert not [*(folder / "finalists").glob(".tmp*"), *(folder / "snapshots").glob("retrain-*")]


# --- kills ------------------------------------------------------------------------------------------------------------


MORE = ("--top", "2", "--seeds", "3")  # than the export that tests start from has trained


@pytest.fixture(scope="module")
def undisturbed(_exported: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The table of finalists of an export that nothing disturbs."""
    runs = Path(shutil.copytree(_exported, tmp_path_factory.mktemp("undisturbed") / "runs"))
    export(runs, *MORE)
    return timeless(runs / "studies" / STUDY / "results.csv")


@pytest.mark.parametrize("phase", ["rank", "retrain"])
def test_a_killed_export_comes_to_the_same_results_as_an_undisturbed_one(
    runs: Path, undisturbed: pd.DataFrame, phase: str
) -> None:
    process = start(runs, *MORE)
    deadline = time.monotonic() + 120
    while not _has_begun(runs, phase) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    export(runs, *MORE)
    pd.testing.assert_frame_equal(timeless(runs / "studies" / STUDY / "results.csv"), undisturbed)


def _has_begun(runs: Path, phase: str) -> bool:
    """Whether a third seed, which only this export asks for, has trained an epoch."""
    with closing(sqlite3.connect(runs / "studies.db", timeout=60)) as database:
        query = "SELECT count(*) FROM studyhall_finalist_curves WHERE phase = ? AND seed = 2"
        return bool(database.execute(query, [phase]).fetchone()[0])


def test_a_finalist_that_cannot_be_trained_stops_an_export_and_loses_nothing(
    runs: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    _without_room(runs, tmp_path, MORE, r"trial \d+ cannot be retrained under seed \d")
    export(runs, *MORE)
    pd.testing.assert_frame_equal(timeless(runs / "studies" / STUDY / "results.csv"), undisturbed)


def test_a_pruned_trial_that_cannot_be_trained_stops_an_audit_and_loses_nothing(runs: Path, tmp_path: Path) -> None:
    search_on(runs, 26)
    options = ("--no-retrain", "--audit", "3")
    _without_room(runs, tmp_path, options, r"trial \d+ cannot be trained to its end")
    before = [(row.number, row.state, row.value) for row in record(runs).trials()]
    assert "audit:" in export(runs, *options)
    assert len({epoch.lane for _, _, _, epoch in record(runs).finalist_scores("audit")}) == 3
    assert [(row.number, row.state, row.value) for row in record(runs).trials()] == before


def _without_room(runs: Path, folder: Path, options: Sequence[str], what: str) -> None:
    """Assert that an export whose lanes find no memory in their second epoch ends in two lines that say `what`."""
    with pytest.MonkeyPatch.context() as patched:
        failing = fail_when_training(folder, "reports.export", "lane.epochs == 1", "raise MemoryError('no room')")
        patched.setenv("PYTHONPATH", failing)
        process = start(runs, *options)
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 2, output
    error, remedy = output.splitlines()[-2:]
    assert re.fullmatch(f"error: {what}: MemoryError: no room", error)
    assert remedy == "  if memory is short, free some or take --workers 1; the same command goes on from there"


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--study", "mpl@digits"], 'no study named "mpl@digits"'),
        (["--study", "mlp"], '(did you mean "mlp@digits"?)'),
        (["--study", "mine/mlp.py"], 'no study named "mlp"'),  # the file it was searched from
        (["--study", STUDY, "--out", "/proc/nowhere"], "/proc/nowhere cannot be written to"),
        (["--study", STUDY, "--storage", "sqlite:///nowhere.db"], "there is no database at nowhere.db"),
    ],
)
def test_a_slip_is_told_in_two_lines(runs: Path, options: list[str], told: str) -> None:
    done = invoke("reports.export", *options, folder=runs.parent)
    assert done.exit_code == 2
    assert told in done.output
    assert len(done.lines) == 2


def test_a_study_without_a_complete_trial_has_nothing_to_retrain(runs: Path) -> None:
    with closing(sqlite3.connect(runs / "studies.db")) as database:
        database.execute("UPDATE trials SET state = 'PRUNED'")
        database.commit()
    done = invoke("reports.export", "--study", STUDY, "--workers", "0", folder=runs.parent)
    assert done.exit_code == 2
    assert done.output.startswith("error: no trial of `mlp@digits` is complete")
    assert len(done.lines) == 2
    assert "no trial is complete" in export(runs, "--no-retrain")


# --- what is told of the search ---------------------------------------------------------------------------------------


def test_the_page_tells_where_the_wall_time_of_the_search_went(runs: Path) -> None:
    spent = record(runs).environment["spent"]
    assert set(spent) == {"training", "sampling", "recording", "judging", "callbacks", "snapshots"}
    share = f"{spent['training']:.1f} s, {spent['training'] / sum(spent.values()):.0%}"
    assert share in (runs / "studies" / STUDY / "report.html").read_text()


def test_time_that_later_runs_spend_is_added(runs: Path) -> None:
    study = record(runs)
    before = study.environment["spent"]["training"]
    with study.lease():
        study.spend({"training": 2.0})
    assert record(runs).environment["spent"]["training"] == pytest.approx(before + 2.0)


def test_an_export_reads_the_record_once(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    for name in ("trials", "scores", "curve", "finalist_scores", "ledger"):  # `curves` reads `scores`
        _count(monkeypatch, name, reads)
    export_study(STUDY, storage=url(runs), top=1, seeds=2, workers=0, quiet=True)
    assert sorted(reads) == [
        "finalist_scores audit",
        "finalist_scores rank",  # to rank by what is retrained
        "finalist_scores rank",
        "ledger",  # to see what was shown last
        "ledger",
        "scores",
        "trials",
    ]


def _count(monkeypatch: pytest.MonkeyPatch, name: str, reads: list[str]) -> None:
    """Let a reading method of the record add its name and arguments to a list."""
    read = getattr(Record, name)

    def reading(record: Record, *arguments: str) -> object:
        reads.append(" ".join([name, *arguments]))
        return read(record, *arguments)

    monkeypatch.setattr(Record, name, reading)
