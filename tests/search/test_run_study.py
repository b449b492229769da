"""The same from Python: `run_study` and `export_study` in scripts, notebooks and threads."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from unittest import mock

import optuna
import pandas as pd
import pytest

from models.errors import UserError
from models.families.custom import factory
from reports import Export, export_study
from search import NoPruner, Result, run_study
from search.cli.callbacks import TickEvent, TrialEvent
from search.record.store import Store
from tests.support.commands import search_here
from tests.support.runs import REPEATING, ROOT, finish, study_file, table

pytestmark = pytest.mark.usefixtures("unrendered")

SMALL = REPEATING.model_copy(update={"trials": 6})


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A study that is finished."""
    url = f"sqlite:///{tmp_path_factory.mktemp('finished')}/runs.db"
    return run_study(REPEATING, name="mine", storage=url, workers=0, quiet=True)


@pytest.fixture(scope="module")
def exported(finished: Result) -> Export:
    """Its report."""
    return export_study(finished, top=1, seeds=2, workers=0, quiet=True)


def test_a_study_file_can_name_it_without_importing_anything_heavy() -> None:
    code = (
        "import sys; from search import Study, run_study; from reports import export_study\n"
        "print(sorted({'torch', 'optuna', 'pandas', 'sqlalchemy', 'matplotlib', 'rich'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


# --- searching --------------------------------------------------------------------------------------------------------


def test_a_result_holds_the_trials_the_best_and_optunas_study(finished: Result) -> None:
    assert finished.finished
    assert list(finished.trials["number"]) == list(range(REPEATING.trials))
    best = finished.best
    assert best is not None
    row = finished.trials.iloc[best.number]
    assert best.score == row["validation_accuracy"] == finished.trials.query("state == 'complete'")[
        "validation_accuracy"
    ].max()  # fmt: skip
    assert best.parameters == {name: row[name] for name in REPEATING.space}
    assert isinstance(finished.study, optuna.Study)
    assert finished.study.best_value == best.score
    assert (
        repr(finished) == f"<Result mine: finished, 16 of 16 trials over, best {best.score:.4f} (trial {best.number})>"
    )


@pytest.mark.slow
def test_it_finds_what_the_command_finds(tmp_path: Path, url: str) -> None:
    file = study_file(tmp_path, ("trials=20", "trials=8"))
    by_command = f"sqlite:///{tmp_path}/command.db"
    search_here(file, by_command)
    assert run_study(file, storage=url, workers=0, quiet=True).name == "small"
    assert table(url) == table(by_command)


def test_a_program_is_told_of_every_tick_and_of_every_trial_once(url: str) -> None:
    ticks: list[TickEvent] = []
    trials: list[TrialEvent] = []
    ends: list[Result] = []
    options: dict[str, Any] = {"name": "mine", "storage": url, "workers": 0, "quiet": True}
    options |= {"on_tick": ticks.append, "on_trial": trials.append, "on_end": ends.append}
    paused = run_study(REPEATING, timeout=0, **options)  # after a tick
    result = run_study(REPEATING, **options)
    assert ends == [paused, result]
    record = Store(url).find("mine")
    assert record is not None
    assert record.environment["spent"]["callbacks"] > 0
    assert sorted({tick.tick for tick in ticks}) == list(range(1, ticks[-1].tick + 1))
    assert (ticks[-1].alive, ticks[-1].done, ticks[-1].trials) == (0, 16, 16)
    assert result.best is not None
    assert ticks[-1].best == result.best.score
    assert sorted(trial.number for trial in trials) == list(range(16))
    winner = next(trial for trial in trials if trial.number == result.best.number)
    assert (winner.state, winner.parameters, winner.value) == ("complete", result.best.parameters, result.best.score)


@pytest.mark.slow
def test_optunas_plots_draw_a_search(finished: Result) -> None:
    study = finished.study
    history = optuna.visualization.plot_optimization_history(study)
    complete = finished.trials.query("state == 'complete'")
    assert list(history.data[0].y) == list(complete["validation_accuracy"])
    curves = optuna.visualization.plot_intermediate_values(study).data
    assert len(curves) == REPEATING.trials
    assert finished.best is not None
    assert max(curves[finished.best.number].y) == finished.best.score
    for plot in ("contour", "parallel_coordinate", "rank", "slice", "timeline", "edf"):
        assert finished.plot(plot).data, plot
    (drawn,) = finished.plot("slice", params=["hidden"]).data
    assert list(drawn.x) == list(complete["hidden"])
    importances = optuna.visualization.plot_param_importances(study).data[0]
    assert set(importances.y) == set(REPEATING.space)


def test_a_plot_that_cannot_be_drawn_says_what_to_do(finished: Result) -> None:
    with pytest.raises(UserError, match="Optuna has no plot 'histroy'") as told:
        finished.plot("histroy")
    assert "optimization_history" in told.value.remedy
    with mock.patch.object(optuna.visualization, "is_available", return_value=False), pytest.raises(UserError) as told:
        finished.plot("slice")
    assert told.value.remedy == "pip install 'studyhall[plots]'"


def test_a_copy_for_optuna_goes_on_by_itself(finished: Result, tmp_path: Path) -> None:
    copy = finished.to_optuna(f"sqlite:///{tmp_path}/copy.db")
    assert copy.best_trial.params == finished.study.best_trial.params
    assert copy.user_attrs == finished.study.user_attrs
    copy.optimize(lambda trial: float(trial.suggest_int("hidden", 4, 24)), n_trials=1)
    assert (len(copy.trials), len(finished.study.trials)) == (17, 16)


def test_a_logger_of_no_known_name_is_told(url: str) -> None:
    with pytest.raises(UserError, match="no logger is called 'mlflou'") as told:
        run_study(SMALL, name="mine", storage=url, loggers=["mlflou"], quiet=True)
    assert told.value.remedy == "choose one of tensorboard, mlflow"


def test_a_finished_study_is_returned_as_it_is(finished: Result) -> None:
    again = run_study(REPEATING, name="mine", storage=finished.storage, workers=0, quiet=True)
    pd.testing.assert_frame_equal(again.trials, finished.trials)


def test_a_timeout_pauses_and_the_same_call_goes_on(url: str) -> None:
    paused = run_study(SMALL, name="mine", storage=url, workers=0, timeout=0, quiet=True)
    assert not paused.finished
    assert "running" in set(paused.trials["state"])
    done = run_study(SMALL, name="mine", storage=url, workers=0, quiet=True)
    assert done.finished
    assert "running" not in set(done.trials["state"])


@pytest.mark.slow
def test_more_trials_are_added_to_those_that_are_there(url: str) -> None:
    few = run_study(SMALL, name="mine", storage=url, workers=0, quiet=True).trials
    more = run_study(SMALL, name="mine", storage=url, workers=0, trials=8, quiet=True).trials
    assert len(more) == 8
    pd.testing.assert_frame_equal(more.iloc[:6], few)


def test_it_says_what_the_command_says_unless_it_is_to_be_quiet(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_study(SMALL, name="mine", storage=url, workers=0)
    said, _ = capsys.readouterr()
    assert said.startswith("mine · digits 1198+240 · 2 engines x 2 lanes · cpu · sqlite:///")
    assert "\ntick   1 ·" in said
    assert "\n6 trials: " in said
    run_study(SMALL, name="other", storage=url, workers=0, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_it_works_in_a_thread_that_no_signal_reaches(url: str) -> None:
    results: list[Result] = []

    def search() -> None:
        results.append(run_study(SMALL, name="mine", storage=url, workers=0, quiet=True))

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert results[0].finished


def test_optuna_speaks_as_before(finished: Result) -> None:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        run_study(REPEATING, name="mine", storage=finished.storage, workers=0, quiet=True)
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)


SCRIPT = """
from search import run_study

try:
    run_study("small.py", workers=1)
except KeyboardInterrupt as stopped:
    print("stopped:", stopped)
result = run_study("small.py", workers=1, trials=6, timeout=0, quiet=True)
print("and then", len(result.trials) >= 6)
"""


@pytest.mark.slow
def test_an_interrupt_pauses_and_is_raised(tmp_path: Path) -> None:
    study_file(tmp_path, ("epochs=4", "epochs=4000"))
    process = subprocess.Popen(
        [
            sys.executable,
            "-u",
            "-c",
            SCRIPT,
        ],  # with workers: they are processes, also where there is no __main__ to import
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("tick"):
            process.send_signal(signal.SIGINT)
            break
    said = finish(process)
    assert "stopped: paused, with a snapshot; the same call goes on from here" in said
    assert "and then True" in said
    assert process.returncode == 0, said


# --- slips ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("study", "options", "what"),
    [
        (SMALL, {}, "the study has no name"),
        (SMALL, {"name": "../mine"}, "'../mine' cannot be the name of a study"),
        (3, {}, "a int is no study"),
        ("mpl", {}, 'no study named "mpl" (did you mean "mlp"?)'),
        (Path("nowhere.py"), {}, "there is no study file nowhere.py"),
        (SMALL, {"name": "mine", "trials": 0}, "options: trials is 0"),
        (SMALL, {"name": "mine", "workers": -1}, "workers is -1"),
        (SMALL, {"name": "mine", "worker_timeout": 5}, "worker_timeout is 5 seconds"),
        (SMALL, {"name": "mine", "timeout": -1.0}, "timeout is -1 seconds"),
        (SMALL, {"name": "mine", "device": "tpu"}, "device is tpu"),
        (SMALL, {"name": "mine", "storage": "mysql://me:secret@host/db"}, "MySQL and MariaDB are not served"),
        (SMALL, {"name": "mine", "dataset": "mnist", "data_dir": "nowhere"}, "there is no mnist in nowhere"),
    ],
)
def test_a_slip_is_told_in_two_lines(study: object, options: dict[str, object], what: str, url: str) -> None:
    with pytest.raises(UserError) as told:
        run_study(study, **{"storage": url, **options})  # type: ignore[arg-type]
    assert told.value.what.startswith(what)
    assert str(told.value) == f"{told.value.what}\n  {told.value.remedy}"
    assert told.value.remedy


def test_a_study_that_was_begun_otherwise_is_refused(finished: Result) -> None:
    other = REPEATING.model_copy(update={"pruner": NoPruner()})
    with pytest.raises(UserError, match="`mine` was begun with pruner"):
        run_study(other, name="mine", storage=finished.storage, quiet=True)


def test_no_search_is_begun_while_a_model_is_read(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "is_executing", True)
    with pytest.raises(UserError, match="a search was begun by the file of a model"):
        run_study(SMALL, name="mine", storage=url)


# --- the report -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_export_holds_the_results_the_winner_and_the_page(finished: Result, exported: Export) -> None:
    assert exported.study == "mine"
    assert exported.results is not None
    assert exported.winner is not None
    assert exported.winner["rank"] == 1
    assert set(exported.results["trial"]) >= {0}  # the baseline is always among them
    assert exported.page.read_text().startswith("<!doctype html>") or exported.page.read_text().startswith(
        "<!DOCTYPE html>"
    )
    assert exported.folder == finished.folder


def test_frames_have_the_columns_of_the_tables(finished: Result, exported: Export) -> None:
    assert list(finished.trials.columns) == list(pd.read_csv(exported.folder / "trials.csv").columns)
    assert exported.results is not None
    assert list(exported.results.columns) == list(pd.read_csv(exported.folder / "results.csv").columns)


def test_the_page_of_the_search_alone_opens_no_test_set(finished: Result, tmp_path: Path) -> None:
    alone = export_study("mine", storage=finished.storage, retrain=False, folder=tmp_path / "alone", quiet=True)
    assert (alone.results, alone.winner) == (None, None)
    assert alone.page == tmp_path / "alone" / "report.html"
    assert alone.page.exists()


@pytest.mark.parametrize(
    ("name", "options", "what"),
    [
        ("mien", {}, 'no study named "mien" in sqlite:///'),
        ("mine", {"top": 0}, "top is 0"),
        ("mine", {"seeds": 1000}, "seeds is 1000"),
        ("mine", {"audit": -1}, "audit is -1"),
        ("mine", {"storage": "sqlite:///nowhere.db"}, "there is no database at nowhere.db"),
    ],
)
def test_a_slip_of_an_export_is_told(name: str, options: dict[str, object], what: str, finished: Result) -> None:
    with pytest.raises(UserError) as told:
        export_study(name, **{"storage": finished.storage, "quiet": True, **options})  # type: ignore[arg-type]
    assert told.value.what.startswith(what)
