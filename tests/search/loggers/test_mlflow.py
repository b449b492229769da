"""`--log mlflow`: what MLflow has is what is recorded, each epoch once, whatever befell the run."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from models.errors import UserError
from search.cli.loggers import Loggers
from search.loggers.base import LoggedStudy, LoggedTrial
from search.loggers.mlflow import MLflowRuns
from search.record.record import Record
from search.record.store import Store
from search.run_study import run_study
from tests.support.runs import REPEATING

pytest.importorskip("mlflow", reason="needs MLflow: pip install 'studyhall[mlflow]'")
# MLflow's own tables use what SQLAlchemy 2.1 has deprecated.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A study that was told to MLflow while it was searched: paused once, then to its end."""
    folder = tmp_path_factory.mktemp("runs")
    patch = pytest.MonkeyPatch()
    patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    search = partial(run_study, REPEATING, name="mine", storage=f"sqlite:///{folder}/studies.db", workers=0, quiet=True)
    assert not search(timeout=0, loggers=["mlflow"]).finished
    assert search(loggers=["mlflow", "mlflow"]).finished
    patch.undo()
    record = Store(f"sqlite:///{folder}/studies.db").find("mine")
    assert record is not None
    return record


def runs_of(record: Record) -> tuple[Any, dict[int, Any], Callable[[str, str], list[tuple[int, float]]]]:
    """Return the study's run, the trials' runs by number, and what reads a metric of a run as (step, value)."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{record.folder.parent.parent}/mlflow.db")
    experiment = client.get_experiment_by_name("studyhall")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [run for run in runs if "studyhall.study" in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    by_number = {int(run.data.tags["studyhall.trial"]): run for run in children}
    assert len(by_number) == len(children) == len(runs) - 1  # no trial twice

    def metric(run_id: str, name: str) -> list[tuple[int, float]]:
        return sorted((each.step, each.value) for each in client.get_metric_history(run_id, name))

    return parent, by_number, metric


def test_a_study_is_a_run_with_a_child_for_every_trial(searched: Record) -> None:
    parent, children, metric = runs_of(searched)
    assert (parent.info.run_name, parent.info.status) == ("mine", "FINISHED")
    rows = searched.trials()
    assert sorted(children) == [row.number for row in rows]
    for row in rows:
        run, curve = children[row.number], searched.curve(row.number)
        for name, split in (("loss", "train"), ("accuracy", "validation")):
            expected = [(epoch.epoch, getattr(epoch, split)[name]) for epoch in curve]
            assert metric(run.info.run_id, f"{name}/{split}") == expected
        assert run.data.params == {name: str(value) for name, value in REPEATING.to_external(row.params).items()}
        assert run.info.status == {"complete": "FINISHED", "pruned": "KILLED"}[row.state]
        if row.value is not None:
            assert run.data.metrics["score"] == row.value


def test_telling_again_changes_nothing(searched: Record) -> None:
    before = runs_of(searched)
    with Loggers(searched, ["mlflow"]) as telling:
        telling.catch_up()
    after = runs_of(searched)
    assert [run.to_dictionary() for run in after[1].values()] == [run.to_dictionary() for run in before[1].values()]
    assert telling.lines == [
        f"runs: mlflow server --backend-store-uri sqlite:///{searched.folder.parent.parent}/mlflow.db"
    ]


def test_a_live_trial_is_sent_now_and_then_and_all_of_it_at_the_end(searched: Record) -> None:
    clock = [1000.0]
    study = LoggedStudy("other", searched.folder.parent / "other", searched.study)
    logger = MLflowRuns(study, every=30.0, clock=lambda: clock[0])
    curve = searched.curve(0)
    assert len(curve) >= 3
    trial = LoggedTrial(0, "running", {"hidden": 3}, None, curve[:1])
    sent = []
    for clock[0], epochs in ((1000.0, 1), (1010.0, 2), (1040.0, 3)):
        logger.log_trial(replace(trial, curve=curve[:epochs]))
        sent.append(len(logger._client.get_metric_history(logger._written[0][0], "loss/train")))
    assert sent == [1, 1, 3]


def test_an_address_that_mlflow_refuses_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = LoggedStudy("mine", tmp_path / "studies" / "mine", REPEATING)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nothing://me:secret@host/db")
    with pytest.raises(UserError, match="MLflow at nothing://me:\\*\\*\\*@host/db does not take the runs") as told:
        MLflowRuns(study)
    assert "secret" not in str(told.value)


def test_without_mlflow_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    with pytest.raises(UserError, match=r"pip install 'studyhall\[mlflow\]'"):
        MLflowRuns(LoggedStudy("mine", tmp_path, REPEATING))
