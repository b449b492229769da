"""Which trials become finalists, and their rank over seeds: by the objective alone."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from models.config.messages import EpochMetrics
from models.errors import UserError
from reports.finalists.choose import as_retrained, choose, epochs_to_retrain, rank, retrained_for
from search.objective import Objective
from search.record.record import Record
from search.record.rows import FinalistRow
from tests.support.records import a_score
from tests.support.reports import a_record, a_study, add


def _chosen(record: Record, top: int) -> list[int]:
    return [row.number for row in choose(record, record.trials(), record.curves(), top)]


def test_the_best_complete_trials_come_first_then_the_baselines(fated: Record) -> None:
    assert _chosen(fated, 1) == [2, 0]
    assert _chosen(fated, 2) == [2, 1, 0]
    assert _chosen(fated, 9) == [2, 1, 0]


def test_an_objective_of_loss_chooses_by_loss(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(objective="loss", baselines=()))
    add(record, 0, [0.5, 0.7], "complete")
    add(record, 1, [0.5, 0.9], "complete")
    assert _chosen(record, 1) == [1]


def test_of_several_seeds_of_one_configuration_the_first_counts(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(baselines=()))
    for number, accuracy in enumerate([0.7, 0.9, 0.8]):
        add(record, number, [accuracy], "complete")
    first, lucky, other = record.trials()
    trials = [first, replace(lucky, params=first.params, repeat_of=0), other]
    assert [row.number for row in choose(record, trials, record.curves(), 3)] == [2, 0]


def test_without_a_complete_trial_there_is_nothing_to_retrain(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(baselines=()))
    add(record, 0, [0.5], "pruned")
    with pytest.raises(UserError, match="no trial of `made` is complete"):
        _chosen(record, 1)


def _seeds(trial: int, *metrics: tuple[float, float]) -> list[FinalistRow]:
    return [
        FinalistRow(trial, seed, validation={"accuracy": accuracy, "loss": loss})
        for seed, (accuracy, loss) in enumerate(metrics)
    ]


def test_the_rank_is_by_the_mean_over_seeds() -> None:
    rows = {0: _seeds(0, (0.9, 0.1), (0.5, 0.1)), 1: _seeds(1, (0.8, 0.3), (0.7, 0.3))}
    assert rank(rows, Objective("accuracy")) == [1, 0]
    assert rank(rows, Objective("loss")) == [0, 1]


def _curve(trial: int, seed: int, *accuracies: float) -> list[tuple[int, int, int, EpochMetrics]]:
    """The ranking scores of a finalist under a seed."""
    curve = [a_score(trial, epoch, accuracy, loss=0.5) for epoch, accuracy in enumerate(accuracies, start=1)]
    return [(score.epoch, trial, seed, score) for score in curve]


def test_the_rank_is_by_what_is_retrained() -> None:
    """Trial 0 is .9 in the best epoch of each seed, but .6 on average at the one that it would be retrained for."""
    study = a_study(epochs=3)
    scores = [*_curve(0, 0, 0.9, 0.5, 0.4), *_curve(0, 1, 0.3, 0.5, 0.9), *_curve(1, 0, 0.5, 0.8, 0.7)]
    scores += _curve(1, 1, 0.5, 0.8, 0.7)
    best = {(0, 0): (1, 0.9), (0, 1): (3, 0.9), (1, 0): (2, 0.8), (1, 1): (2, 0.8)}
    recorded = [
        FinalistRow(trial, seed, best_epoch=epoch, validation={"loss": 0.5, "accuracy": accuracy})
        for (trial, seed), (epoch, accuracy) in best.items()
    ]
    rows = as_retrained(study, recorded, scores)
    by_trial = {trial: [rows[trial, seed] for seed in range(2)] for trial in (0, 1)}
    assert [row.validation and row.validation["accuracy"] for row in by_trial[0]] == [0.9, 0.3]
    assert epochs_to_retrain(study, by_trial[0]) == 1
    assert rank(by_trial, study.objective) == [1, 0]


@pytest.mark.parametrize(
    ("best_epochs", "models", "epochs"),
    [
        ((), (), 3),  # neither ranked nor retrained: as the search selected
        ((1, 2), (), 1),  # ranked under both seeds: the lower median
        ((1, 2), (2, 2), 1),  # which also decides where other models are there
        ((1,), (), 3),  # under one of two seeds
        ((1,), (1,), 1),  # whose model is there
        ((), (2, 2), 2),
    ],
)
def test_a_trial_is_retrained_as_its_seeds_say_then_as_its_models_are_then_as_the_search_says(
    best_epochs: tuple[int, ...], models: tuple[int, ...], epochs: int, tmp_path: Path
) -> None:
    record = a_record(tmp_path, a_study(epochs=3, baselines=()))
    add(record, 0, [0.5, 0.6, 0.9], "complete")
    (row,), curve = record.trials(), record.curves()[0]
    known = {}
    for seed in range(max(len(best_epochs), len(models))):
        best = best_epochs[seed] if seed < len(best_epochs) else None
        known[0, seed] = FinalistRow(0, seed, best_epoch=best, epochs=models[seed] if seed < len(models) else None)
    assert retrained_for(record.study, row, 2, known, curve) == epochs


def test_a_finalist_that_diverged_under_a_seed_comes_last() -> None:
    rows = {0: _seeds(0, (0.9, 0.1), (0.0, math.nan)), 1: _seeds(1, (0.1, 3.0), (0.1, 3.0))}
    assert rank(rows, Objective("accuracy")) == [1, 0]


def test_the_rank_goes_by_validation_and_then_by_its_loss() -> None:
    rows = {
        3: [FinalistRow(3, 0, validation={"loss": 0.5, "accuracy": 0.9})],
        1: [FinalistRow(1, 0, validation={"loss": 0.4, "accuracy": 0.9})],
        2: [FinalistRow(2, 0, validation={"loss": 0.9, "accuracy": 0.95})],
        0: [FinalistRow(0, 0, validation={"loss": math.nan, "accuracy": 0.0})],  # it diverged
    }
    assert rank(rows, Objective()) == [2, 1, 3, 0]
