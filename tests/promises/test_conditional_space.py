"""A study of a conditional space, from its file to its report: over kills and in every table."""

import os
import sys
from pathlib import Path

import optuna
import pandas as pd
import pytest
import torch

from models.datasets.source import Source
from search.config.study_checks import RESERVED
from search.config.study_files import load
from search.record.record import Record
from search.record.store import Store
from search.samplers.distributions import distributions
from tests.support import warm_start
from tests.support.commands import search_here
from tests.support.conditional import FILE, OWN, SMALL, SPACE, write
from tests.support.cuts import cut_before, run
from tests.support.event_files import hparams, read_run
from tests.support.runs import ROOT, assert_whole, finish, kill_tree, search, start, table, trials, wait_for_tick

pytestmark = pytest.mark.usefixtures("one_thread")

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, digits: Source) -> str:
    before = torch.get_num_threads()
    url = f"sqlite:///{tmp_path_factory.mktemp('undisturbed')}/it.db"
    assert run(SMALL, url, digits)
    assert_whole(url)
    torch.set_num_threads(before)
    return url


def test_the_study_of_these_tests_has_trials_of_every_branch(undisturbed: str) -> None:
    drawn = [row.params for row in trials(undisturbed)]
    for name in ("momentum", "final_factor"):
        assert {name in each for each in drawn} == {True, False}
    assert {each["batch_size"] for each in drawn} == {16, 32, 64}


def test_what_is_absent_is_absent_in_optuna(undisturbed: str) -> None:
    study = optuna.load_study(study_name="small", storage=undisturbed)
    for trial, row in zip(study.trials, trials(undisturbed), strict=True):
        assert trial.params == row.params
        assert trial.distributions == {name: distributions(SMALL)[name] for name in row.params}


@pytest.mark.slow
def test_a_run_over_a_conditional_space_cut_off_before_any_write_ends_the_same(
    undisturbed: str, tmp_path: Path, digits: Source
) -> None:
    write = 0
    while cut_before(write, SMALL, url := f"sqlite:///{tmp_path}/{write}.db", digits, always_keep=True):
        assert run(SMALL, url, digits, always_keep=True)
        assert table(url) == table(undisturbed), f"cut off before write {write}"
        assert_whole(url)
        write += 17
    assert write > 8


@pytest.mark.slow
def test_processes_change_nothing_over_a_conditional_space(undisturbed: str, tmp_path: Path, digits: Source) -> None:
    url = f"sqlite:///{tmp_path}/spread.db"
    assert run(SMALL, url, digits, workers=2)
    assert table(url) == table(undisturbed)


# --- a study file, from its text to its report ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_killed_search_of_a_conditional_space_ends_the_same(tmp_path: Path) -> None:
    study = write(tmp_path, FILE.replace("trials=24", "trials=40"))
    calm, url = f"sqlite:///{tmp_path}/calm.db", f"sqlite:///{tmp_path}/runs.db"
    search_here(study, calm)
    for ticks in (2, 4):
        process = start(study, url, "--workers", "1")
        wait_for_tick(process, ticks)
        kill_tree(process)
    search(study, url, "--workers", "2")
    assert table(url, "own") == table(calm, "own")
    assert_whole(url, "own")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study searched and exported by the commands themselves."""
    folder = tmp_path_factory.mktemp("own")
    write(folder)
    for command in (
        ["search.run", "--study", "own.py", "--tensorboard"],
        ["reports.export", "--study", "own", "--top", "2", "--seeds", "2"],
        ["reports.compare"],
    ):
        done = warm_start.run(
            [sys.executable, "-m", *command, *([] if "compare" in command[0] else ["--workers", "0"])],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def the_record(folder: Path) -> Record:
    record = Store(f"sqlite:///{folder}/runs/studies.db", create=False).find("own")
    assert record is not None
    return record


@pytest.mark.slow
def test_absent_parameters_are_empty_cells_of_the_table_of_trials(exported: Path) -> None:
    cells = pd.read_csv(exported / "runs" / "studies" / "own" / "trials.csv", dtype="string", keep_default_na=False)
    rows = the_record(exported).trials()
    assert (cells["weight_decay"] == "0.0").all()
    for line, row in zip(cells.to_dict("records"), rows, strict=True):
        for name in SPACE:
            assert (line[name] != "") == (name in row.params)
        assert line["batch_size"] == str(row.params["batch_size"])
    assert (cells["momentum"] == "").any()


@pytest.mark.slow
def test_finalists_of_a_conditional_space_are_trained_with_their_own_batch_size(exported: Path) -> None:
    results = pd.read_csv(exported / "runs" / "studies" / "own" / "results.csv")
    drawn = {row.number: row.params for row in the_record(exported).trials()}
    assert len(results) >= 2
    for _, line in results.iterrows():
        assert line["batch_size"] == drawn[line["trial"]]["batch_size"]
        assert pd.isna(line["momentum"]) == ("momentum" not in drawn[line["trial"]])


@pytest.mark.slow
def test_the_report_draws_each_parameter_over_the_trials_that_have_it(exported: Path) -> None:
    folder = exported / "runs" / "studies" / "own"
    for name in SPACE:
        shown = pd.read_csv(folder / "figures" / f"parameter-{name}.csv")
        having = sum(name in row.params for row in the_record(exported).trials())
        assert len(shown) == having
        assert shown["value"].notna().all()
    text = (folder / "report.html").read_text()
    assert "Exists where depth is 2 or 3." in text
    assert "weight decay" in text
    assert "&lt;NA&gt;" not in text


@pytest.mark.slow
def test_tensorboard_is_told_of_what_exists(exported: Path) -> None:
    record = the_record(exported)
    for row in record.trials():
        run = read_run(record.folder / "tensorboard" / f"trial-{row.number:04}")
        start_info = hparams(run, "_hparams_/session_start_info").session_start_info
        assert set(start_info.hparams) == {*row.params, "weight_decay"}


@pytest.mark.slow
def test_trials_of_every_branch_come_out_the_same_alone(exported: Path) -> None:
    rows = the_record(exported).trials()
    for wanted in (True, False):
        number = next(row.number for row in rows if row.joined and ("momentum" in row.params) == wanted)
        process = start(exported / "own.py", f"sqlite:///{exported}/runs/studies.db", "--reproduce", str(number))
        assert "the same, to the last bit" in finish(process)


def test_a_model_of_ones_own_is_trained_over_a_conditional_space(tmp_path: Path, digits: Source) -> None:
    own = load(str(write(tmp_path, OWN))).study
    url = f"sqlite:///{tmp_path}/runs.db"
    assert run(own, url, digits)
    rows = trials(url)
    assert {row.state for row in rows} <= {"complete", "pruned"}
    assert {type(row.params["deep"]) for row in rows} == {bool}
    assert {"slope" in row.params for row in rows} == {True, False}


@pytest.mark.slow
def test_no_parameter_can_be_called_as_a_column_of_the_tables(exported: Path) -> None:
    folder = exported / "runs" / "studies" / "own"
    columns = {*pd.read_csv(folder / "trials.csv").columns, *pd.read_csv(folder / "results.csv").columns, "fate"}
    of_other_studies = {"stopped_early", "ensemble_of", *(name for name in RESERVED if "rmse" in name)}
    assert columns - {*SPACE, "weight_decay"} == RESERVED - of_other_studies
