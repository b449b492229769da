"""The objective: one order for trials, epochs and finalists, and a search by another metric than accuracy."""

import math
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.config.messages import EpochMetrics
from models.datasets.source import Source
from models.metrics.registry import METRICS
from search.config.study import Study
from search.config.study_files import load
from search.objective import Objective, select_epoch
from search.record.store import Store
from tests.support.cuts import run
from tests.support.memory_record import epoch_metrics
from tests.support.plugins import install
from tests.support.runs import study_file, table

# --- one order --------------------------------------------------------------------------------------------------------


def test_a_metric_has_its_own_direction() -> None:
    assert Objective("loss").direction == "minimize"
    assert Objective().direction == "maximize"
    assert Objective("loss", direction="maximize").direction == "maximize"


def test_the_best_comes_first_in_either_direction() -> None:
    metrics = {0: {"accuracy": 0.7, "loss": 0.9}, 1: {"accuracy": 0.9, "loss": 1.0}, 2: {"accuracy": 0.8, "loss": 0.5}}
    by_accuracy, by_loss = Objective(), Objective("loss")
    assert sorted(metrics, key=lambda number: by_accuracy.key(metrics[number], number)) == [1, 2, 0]
    assert sorted(metrics, key=lambda number: by_loss.key(metrics[number], number)) == [2, 0, 1]


def test_of_equals_the_lower_loss_then_the_lower_number_is_better() -> None:
    metrics = {7: {"accuracy": 0.9, "loss": 0.2}, 3: {"accuracy": 0.9, "loss": 0.2}, 9: {"accuracy": 0.9, "loss": 0.1}}
    assert sorted(metrics, key=lambda number: Objective().key(metrics[number], number)) == [9, 3, 7]


@pytest.mark.parametrize("no_number", [math.nan, math.inf])
@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_what_is_no_finite_number_comes_last(metric: str, no_number: float) -> None:
    objective = Objective(metric)
    worst = objective.key({"accuracy": 0.0, "loss": 1e30}, 5)
    assert objective.key({"accuracy": 0.99, "loss": no_number}, 0) > worst
    assert Objective().key({"accuracy": math.nan, "loss": 0.1}, 0) > worst


metrics = st.fixed_dictionaries({"accuracy": st.floats(0, 1), "loss": st.floats(0, 10)})


@given(st.lists(metrics, min_size=1, max_size=9), st.sampled_from(["accuracy", "loss"]))
def test_a_table_is_sorted_as_its_keys_are(values: list[dict[str, float]], metric: str) -> None:
    objective = Objective(metric)
    frame = pd.DataFrame([{f"validation_{name}": value for name, value in one.items()} for one in values])
    ranked = objective.sort(frame.assign(number=range(len(values))))["number"].tolist()
    assert ranked == sorted(range(len(values)), key=lambda number: objective.key(values[number], number))


CURVE = [epoch_metrics(0, 1, 0.7, 0.3), epoch_metrics(0, 2, 0.9, 0.5), epoch_metrics(0, 3, 0.8, 0.4)]


@pytest.mark.parametrize(
    ("metric", "rule", "epoch"),
    [("accuracy", "best", 2), ("loss", "best", 1), ("accuracy", "last", 3), ("loss", "last", 3)],
)
def test_the_epoch_that_counts_is_the_best_by_the_objective_or_the_last(metric: str, rule: Any, epoch: int) -> None:
    selected = select_epoch(CURVE, rule, Objective(metric))
    assert selected is not None
    assert selected.epoch == epoch


def test_an_epoch_without_finite_metrics_never_counts() -> None:
    diverged = epoch_metrics(0, 4, 0.99, math.nan)
    assert select_epoch([*CURVE, diverged], "best", Objective()) == CURVE[1]
    assert select_epoch([*CURVE, diverged], "last", Objective()) == CURVE[2]
    assert select_epoch([diverged], "last", Objective()) is None


# --- a search by loss -------------------------------------------------------------------------------------------------


def pruned_by(study: Study, metric: str, scores: list[tuple[int, EpochMetrics]]) -> set[int]:
    """The trials that the worse half of a rung is, by a metric: told from what was recorded, tick by tick."""
    sign = -1 if metric == "accuracy" else 1
    pruned = set()
    for tick, mine in scores:
        if mine.lane < len(study.baselines) or mine.epoch not in (1, 2, 4) or mine.epoch >= study.epochs:
            continue
        peers = [other for when, other in scores if when <= tick and other.epoch == mine.epoch]
        better = [other for other in peers if sign * other.validation[metric] < sign * mine.validation[metric]]
        if len(peers) >= 4 and len(better) >= math.ceil(len(peers) / 2):
            pruned.add(mine.lane)
    return pruned


@pytest.mark.slow
def test_one_word_in_a_study_file_lets_it_search_and_prune_by_loss(
    tmp_path: Path, digits: Source, one_thread: None
) -> None:
    study = load(
        str(
            study_file(
                tmp_path,
                ('data="digits",', 'data="digits", objective="loss", sampler="tpe", pruner="successive_halving",'),
            )
        )
    ).study
    url = f"sqlite:///{tmp_path}/db.db"
    assert run(study, url, digits)
    rows, scores = table(url)

    in_optuna = optuna.load_study(study_name="small", storage=url)
    assert in_optuna.direction == optuna.study.StudyDirection.MINIMIZE
    assert "value" in in_optuna.trials_dataframe()  # which a metric's name would be in place of
    lowest = {
        row.number: min(score.validation["loss"] for _, score in scores if score.lane == row.number) for row in rows
    }
    complete = [row for row in rows if row.state == "complete"]
    assert {row.number: row.value for row in complete} == {row.number: lowest[row.number] for row in complete}

    pruned = {row.number for row in rows if row.state == "pruned" and row.diverged_at is None}
    assert pruned == pruned_by(study, "loss", scores)
    assert pruned != pruned_by(study, "accuracy", scores), (
        "the search is such that the two would prune different trials"
    )

    record = Store(url).find("small")
    assert record is not None
    best = min(complete, key=lambda row: row.value or math.inf)
    assert in_optuna.best_trial.number == best.number
    assert record.study.objective == Objective("loss")


# --- a metric of another package --------------------------------------------------------------------------------------

ERROR_RATE = '''
class Plugin:
    """The share of examples whose greatest logit is not that of their class."""

    greater_is_better = False
    needs_logits = True

    def compute(self, predictions):
        return (predictions.logits.argmax(2) != predictions.labels).double().mean(1)
'''


@pytest.mark.slow
def test_a_metric_of_another_package_is_recorded_and_searched_for_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: Source, one_thread: None
) -> None:
    install(tmp_path, monkeypatch, METRICS, "error_rate", ERROR_RATE)
    study = load(str(study_file(tmp_path, ('data="digits",', 'data="digits", objective="error_rate",')))).study
    url = f"sqlite:///{tmp_path}/db.db"
    assert run(study, url, digits)
    rows, scores = table(url)
    for _, score in scores:
        assert score.validation["error_rate"] == pytest.approx(1 - score.validation["accuracy"], abs=1e-12)
    in_optuna = optuna.load_study(study_name="small", storage=url)
    assert in_optuna.direction == optuna.study.StudyDirection.MINIMIZE
    assert in_optuna.best_value == min(row.value for row in rows if row.state == "complete" and row.value is not None)
    # What accuracy finds it finds as well: the two say the same.
    accuracies = {
        row.number: max(score.validation["accuracy"] for _, score in scores if score.lane == row.number) for row in rows
    }
    complete = [row.number for row in rows if row.state == "complete"]
    assert accuracies[in_optuna.best_trial.number] == max(accuracies[number] for number in complete)
