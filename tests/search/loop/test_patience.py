"""A trial without a better value for so many epochs is complete, by the record alone; so is a finalist's ranking."""

from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from reports import export_study
from search import run_study
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.objective import Objective, is_out_of_patience
from search.pruners.halving import SuccessiveHalving
from search.record.store import Store
from search.result import Result
from search.samplers.random import Random

pytestmark = pytest.mark.usefixtures("unrendered")

PATIENCE, EPOCHS = 2, 16


def study(**fields: object) -> Study:
    space = {"learning_rate": Float(0.05, 2.0, log=True), "hidden": Int(4, 24), "weight_decay": 0.0}
    given = {
        "epochs": EPOCHS,
        "patience": PATIENCE,
        "trials": 8,
        "engines": 2,
        "lanes": 2,
        "sampler": Random(),
    } | fields
    baselines = (Baseline("known", learning_rate=1.5, hidden=16),)
    return Study(family=Mlp(), data="digits", space=space, baselines=baselines, **given)


def search(folder: Path, **options: object) -> Result:
    address = f"sqlite:///{folder}/runs/studies.db"
    return run_study(study(), name="patient", storage=address, workers=0, quiet=True, **options)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return search(tmp_path_factory.mktemp("patience"))


def curve(values: list[float]) -> list[EpochMetrics]:
    return [
        EpochMetrics(lane=0, epoch=epoch, train={}, validation={"loss": 1.0, "accuracy": value}, seconds=0.0)
        for epoch, value in enumerate(values, 1)
    ]


@pytest.mark.parametrize(
    ("values", "stops"),
    [([0.5, 0.4], False), ([0.5, 0.4, 0.3], True), ([0.5, 0.4, 0.5], True), ([0.5, 0.4, 0.6], False), ([0.5], False)],
)
def test_an_equal_value_is_no_better_one(values: list[float], stops: bool) -> None:
    assert is_out_of_patience(curve(values), 2, Objective()) is stops
    assert not is_out_of_patience(curve(values), None, Objective())


def test_a_trial_ends_when_its_patience_does(searched: Result) -> None:
    record = Store(searched.storage, create=False).find("patient")
    assert record is not None
    stopped = searched.trials.set_index("number")["stopped_early"]
    assert stopped.sum() > 0
    for number, epochs in record.curves().items():
        last = epochs[-1].epoch
        assert is_out_of_patience(epochs, PATIENCE, Objective()) or last == EPOCHS
        assert not is_out_of_patience(epochs[:-1], PATIENCE, Objective())
        assert stopped[number] == (searched.trials["state"][number] == "complete" and last < EPOCHS)


def test_it_is_complete_for_optuna_too_with_its_best_value(searched: Result) -> None:
    told = {trial.number: trial for trial in searched.study.trials}
    for row in searched.trials[searched.trials["stopped_early"]].itertuples():
        assert told[row.number].state.name == "COMPLETE"
        assert told[row.number].value == row.validation_accuracy
        assert row.best_epoch <= row.epochs < EPOCHS


@pytest.mark.slow
def test_after_a_crash_the_same_trials_stop_at_the_same_epochs(searched: Result, tmp_path: Path) -> None:
    def crash(event: object) -> None:
        raise RuntimeError("at a tick")

    for _ in range(3):
        with pytest.raises(RuntimeError, match="at a tick"):
            search(tmp_path, on_tick=crash)
    times = ["started", "finished", "seconds"]
    pd.testing.assert_frame_equal(search(tmp_path).trials.drop(columns=times), searched.trials.drop(columns=times))


def test_pruned_is_not_stopped_early(tmp_path: Path) -> None:
    of = study(pruner=SuccessiveHalving(), trials=12, sampler=Random(), epochs=9)
    trials = run_study(of, name="both", storage=f"sqlite:///{tmp_path}/s.db", workers=0, quiet=True).trials
    assert not trials[trials["state"] == "pruned"]["stopped_early"].any()


@pytest.mark.slow
def test_finalists_stop_while_they_are_ranked(searched: Result) -> None:
    exported = export_study(searched, top=2, seeds=2, workers=0, quiet=True)
    record = Store(searched.storage, create=False).find("patient")
    assert record is not None
    by_job: dict[tuple[int, int], list[EpochMetrics]] = {}
    for _, trial, seed, epoch in record.finalist_scores("rank"):
        by_job.setdefault((trial, seed), []).append(epoch)
    assert any(len(epochs) < EPOCHS for epochs in by_job.values())
    assert all(is_out_of_patience(epochs, PATIENCE, Objective()) or len(epochs) == EPOCHS for epochs in by_job.values())
    assert exported.results is not None
    assert exported.results["validation_accuracy"].notna().all()


def test_patience_needs_the_best_epoch() -> None:
    with pytest.raises(ValidationError, match="patience: a trial that stops early is judged by its best epoch"):
        study(keep="last")
