"""The table of finalists: one row each, with intervals that stay accuracies."""

from search.config.columns import RESULT_COLUMNS
from search.record.record import Record
from tests.support.reports import finalists_of


def test_an_accuracy_near_one_has_an_interval_that_ends_there(fated: Record) -> None:
    results = finalists_of(fated, {2: 0.997}, seeds=2).results
    assert results["test_accuracy_high"].item() <= 1.0


def test_every_column_of_the_list_is_there_and_the_baseline_has_its_published_figure(fated: Record) -> None:
    results = finalists_of(fated, {2: 0.9, 0: 0.6}).results
    assert {column.name for column in RESULT_COLUMNS} <= set(results.columns)
    assert list(results["rank"]) == [1, 2]
    assert results["published_test_accuracy"].isna().tolist() == [True, False]
    assert results["published_test_accuracy"][1] == 0.5
