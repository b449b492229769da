"""The table of finalists: one row each, with intervals that stay accuracies."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax
from sklearn.metrics import f1_score

from reports.figures.statistics import interval
from reports.finalists.measured import measured_in
from search.config.columns import RESULT_COLUMNS
from search.objective import Objective
from search.record.record import Record
from tests.support.reports import a_record, a_study, add, finalists_of


def test_an_accuracy_near_one_has_an_interval_that_ends_there(fated: Record) -> None:
    results = finalists_of(fated, {2: 0.997}, seeds=2).results
    assert results["test_accuracy_high"].item() <= 1.0


def test_every_column_of_the_list_is_there_and_the_baseline_has_its_published_figure(fated: Record) -> None:
    results = finalists_of(fated, {2: 0.9, 0: 0.6}).results
    assert {column.name for column in RESULT_COLUMNS} <= set(results.columns)
    assert list(results["rank"]) == [1, 2]
    assert results["published_test_accuracy"].isna().tolist() == [True, False]
    assert results["published_test_accuracy"][1] == 0.5


def test_the_test_figures_of_a_recorded_metric_are_scikit_learns(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(metrics=("macro_f1",)))
    add(record, 0, [0.5, 0.6], "complete")
    finalists = finalists_of(record, {0: 0.8}, seeds=3)
    kept = finalists.predictions
    values = [f1_score(kept.labels, kept.predicted(0, seed), average="macro") for seed in range(3)]
    (row,) = finalists.results.to_dict("records")
    assert row["test_macro_f1_mean"] == pytest.approx(sum(values) / 3)
    assert row["test_macro_f1_std"] == pytest.approx(pd.Series(values).std())
    assert "test_macro_f1_low" not in row  # it was not searched for


def test_the_interval_of_a_metric_that_is_no_mean_over_images_is_as_wide_as_one_that_is(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study())
    add(record, 0, [0.5, 0.6], "complete")
    finalists = finalists_of(record, {0: 0.8}, seeds=3)
    of_f1 = measured_in(Objective("macro_f1"), record.study, finalists.predictions, 3).interval(0)
    accuracy = finalists.tested(0)
    assert of_f1.low < of_f1.mean < of_f1.high <= 1
    assert of_f1.high - of_f1.low == pytest.approx(accuracy.high - accuracy.low, rel=0.3)  # ten classes of even size


def test_an_objective_that_results_are_not_told_in_has_the_columns_of_an_interval(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(objective="loss"))
    add(record, 0, [0.5, 0.6], "complete")
    finalists = finalists_of(record, {0: 0.8}, seeds=3)
    (row,) = finalists.results.to_dict("records")
    logits = np.stack([finalists.predictions.logits[0, seed] for seed in range(3)])
    losses = -log_softmax(logits.astype(float), axis=2)[:, np.arange(600), finalists.predictions.labels]
    of = interval(losses)
    assert (row["test_loss_low"], row["test_loss_high"]) == pytest.approx((of.low, of.high))
    assert row["constant_answer_loss"] == pytest.approx(np.log(10))  # ten classes of even size
