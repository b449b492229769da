"""What users of Optuna do to our database with its own tools, and how every command of ours goes on after it."""

import json
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import optuna
import pandas as pd
import pytest
from optuna.trial import TrialState, create_trial
from optuna_dashboard import get_note, save_note

from tests.support.commands import Outcome, invoke
from tests.support.dashboards import served
from tests.support.exports import STUDY, record, url
from tests.support.records import optuna_storage
from tests.support.runs import ROOT, finish, start, study_file, wait_for_tick, within

optuna.logging.set_verbosity(optuna.logging.WARNING)
pytestmark = pytest.mark.usefixtures("unrendered")

TRIALS = 10  # of the study that `runs` has


def good(runs: Path, module: str, *arguments: str) -> Outcome:
    """Run a command to its good end, beside the folder of runs."""
    done = invoke(module, *arguments, folder=runs.parent)
    assert done.exit_code == 0, done.output
    return done


def search(runs: Path, *options: str) -> Outcome:
    """Give the command again that has searched the study."""
    same = ("--study", "mlp", "--dataset", "digits", "--trials", str(TRIALS), "--epochs", "4", "--workers", "0")
    return good(runs, "search.run", *same, "--quiet", *options)


def export(runs: Path, name: str = STUDY) -> Outcome:
    """Give the command again that has exported it."""
    return good(runs, "reports.export", "--study", name, "--top", "1", "--seeds", "2", "--workers", "0")


def results(runs: Path) -> bytes:
    """Return the finalists' table."""
    return (runs / "studies" / STUDY / "results.csv").read_bytes()


def by_optuna(runs: Path, name: str = STUDY) -> optuna.Study:
    """The study as another program opens it."""
    return optuna.load_study(study_name=name, storage=optuna_storage(url(runs)))


@pytest.mark.slow
def test_every_command_goes_on_beside_trials_of_other_programs(runs: Path) -> None:
    before, looks, study = results(runs), record(runs).ledger(), by_optuna(runs)
    study.enqueue_trial({"hidden": 64})
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)  # the first takes what was enqueued
    study.add_trial(create_trial(state=TrialState.RUNNING))
    study.add_trial(create_trial(state=TrialState.PRUNED))
    said = search(runs).output
    assert f"`{STUDY}` is finished: nothing to train; --trials N with N above {TRIALS} adds trials" in said
    assert [line for line in said.splitlines() if "passed over" in line] == [
        f"  trial {TRIALS + at}: added by another program ({state}), and passed over"
        for at, state in enumerate(["complete", "complete", "running", "pruned"])
    ]
    save_note(study, f"{get_note(study)}\n\nlook at trial 8")
    export(runs)
    assert (results(runs), record(runs).ledger()) == (before, looks)
    note = get_note(by_optuna(runs))
    assert note.endswith("look at trial 8")
    assert note.count("[The whole report]") == 1
    page = (runs / "studies" / STUDY / "report.html").read_text()
    assert f"All {TRIALS} trials of the budget are over." in page
    assert re.search(rf"\d of {TRIALS} trials diverged or failed", page)
    again = invoke(
        "search.run", "--study", "mlp", "--dataset", "digits", "--epochs", "4", "--reproduce", "11", folder=runs.parent
    )
    assert again.exit_code == 2
    assert "error: trial 11 was added by another program (complete), and passed over" in again.output
    assert f"{TRIALS} of {TRIALS}" in good(runs, "search.run", "--list").output
    good(runs, "reports.compare")
    compared = pd.read_csv(runs / "studies" / "compare.csv")
    assert compared["trials"].dropna().tolist() == [TRIALS]


@pytest.mark.slow
def test_every_command_goes_on_after_a_restart_beside_trials_of_other_programs(runs: Path) -> None:
    by_optuna(runs).add_trial(create_trial(value=0.99))
    archived = search(runs, "--restart").output.partition("kept as ")[2].split()[0]
    assert re.fullmatch(rf"{STUDY}~\d{{8}}-\d{{6}}", archived)
    assert archived in good(runs, "search.run", "--list").output
    export(runs, archived)
    export(runs)
    good(runs, "reports.compare")
    assert pd.read_csv(runs / "studies" / "compare.csv")["trials"].dropna().tolist() == [TRIALS]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["my best", "größer/als"])
def test_every_command_goes_on_after_a_study_is_renamed_in_the_dashboard(runs: Path, name: str) -> None:
    before, looks = results(runs), len(record(runs).ledger())
    with served(url(runs), allowed="everything") as ask:
        assert ask("POST", f"/api/studies/{record(runs).study_id}/rename", {"study_name": name})[0] == 201
        page = ask("GET", "/reports")[1].decode()
        (link,) = re.findall('href="(/reports/.+?)"', page)
        assert name in page
        assert ask("GET", link)[0] == 200
        note = json.loads(ask("GET", f"/api/studies/{by_optuna(runs, name)._study_id}")[1])["note"]["body"]
        (link,) = re.findall(r"\[The whole report\]\((.+?)\)", note)
        assert ask("GET", link)[0] == 200
    assert f"`{name}` is finished: nothing to train" in search(runs, "--name", name).output
    export(runs, name)
    assert results(runs) == before.replace(STUDY.encode(), name.encode())
    with closing(sqlite3.connect(runs / "studies.db")) as database:
        assert database.execute("SELECT count(*) FROM studyhall_ledger").fetchone() == (looks,)
    good(runs, "reports.compare")
    assert pd.read_csv(runs / "studies" / "compare.csv")["study"].unique().tolist() == [name]
    assert f"{TRIALS} trials: " in search(runs).output  # another study under the old name
    with served(url(runs)) as ask:
        assert ask("GET", link) == (200, (runs / "studies" / STUDY / "report.html").read_bytes())
        assert ask("GET", f"/reports/{STUDY}")[0] == 404  # it is not exported


@contextmanager
def plain_dashboard(runs: Path) -> Iterator[Callable[[str], bytes]]:
    """Optuna's own command, as docs/optuna.md gives it, on a port of its own; yields what reads a path."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (told,) = re.findall(r"^optuna-dashboard (.+)$", (ROOT / "docs" / "optuna.md").read_text(), re.MULTILINE)
    code = "from optuna_dashboard._cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *told.split(), "--port", str(port)],
        cwd=runs.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    def read(path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return bytes(answer.read())

    try:
        assert within(60.0, listens)
        yield read
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_optunas_own_dashboard_shows_our_artifacts_where_it_is_told_their_folder(runs: Path) -> None:
    with plain_dashboard(runs) as read:
        study = json.loads(read("/api/studies/1"))
        assert "`report.html` is among the artifacts" in study["note"]["body"]
        (shown,) = study["artifacts"]
        assert shown["filename"] == "report.html"
        page = read(f"/artifacts/1/{shown['artifact_id']}")
        assert page == (runs / "studies" / STUDY / "report.html").read_bytes()
        best = int(pd.read_csv(runs / "studies" / STUDY / "results.csv")["trial"][0])
        trial = next(trial for trial in study["trials"] if trial["number"] == best)
        figures = {item["filename"]: item for item in trial["artifacts"]}
        model = figures[f"trial-{best}-seed-0.safetensors"]
        read(f"/artifacts/1/{trial['trial_id']}/{model['artifact_id']}")


def test_a_copy_for_a_dashboard_in_the_browser_is_not_in_wal_mode(runs: Path) -> None:
    (told,) = re.findall(r'^sqlite3 runs/studies.db "(.+)"$', (ROOT / "docs" / "optuna.md").read_text(), re.MULTILINE)
    with closing(sqlite3.connect(runs / "studies.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.execute(told.replace("copy.db", str(runs / "copy.db")))
    assert (runs / "copy.db").read_bytes()[18:20] == b"\x01\x01"  # which a browser's SQLite opens; 2 is WAL
    copied = optuna.load_study(study_name=STUDY, storage=optuna_storage(f"sqlite:///{runs}/copy.db"))
    assert copied.trials == by_optuna(runs).trials


# --- what goes wrong while a search runs ------------------------------------------------------------------------------


@pytest.mark.slow
def test_runs_that_are_removed_in_mid_run_are_told_and_written_again(tmp_path: Path) -> None:
    file, folder = study_file(tmp_path, ("epochs=4", "epochs=4000"), ("trials=20", "trials=40")), tmp_path / "runs"
    address = f"sqlite:///{folder}/studies.db"
    running = start(file, address, "--workers", "0")
    wait_for_tick(running, 3)
    shutil.rmtree(folder)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "was removed while it was written to" in said
    assert "next: " not in said
    assert "small" in good(folder, "search.run", "--list", "--storage", address).output


@pytest.mark.slow
def test_a_run_that_goes_on_with_other_instructions_says_so_in_one_line(tmp_path: Path) -> None:
    file, address = study_file(tmp_path, ("trials=20", "trials=4")), f"sqlite:///{tmp_path}/runs.db"
    finish(start(file, address, "--workers", "0", "--timeout", "0", ATEN_CPU_CAPABILITY="avx2"))
    said = finish(start(file, address, "--workers", "0", ATEN_CPU_CAPABILITY="default"))
    (told,) = [line for line in said.splitlines() if "instead of" in line]
    assert "this run has cpu DEFAULT instead of AVX2: results may differ in their last digits" in told
