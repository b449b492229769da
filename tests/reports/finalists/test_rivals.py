"""The winner against each other finalist: who can be told apart, and how much worse the others may be."""

from dataclasses import replace

import numpy as np
import pytest

from reports.figures.statistics import ACCURACY, compare
from reports.finalists.measured import measured_of
from reports.finalists.predictions import Cost
from reports.finalists.rivals import rivals_frame
from reports.page.data import ReportData
from search.record.record import Record
from tests.support.reports import finalists_of


def test_finalists_of_one_worth_cannot_be_told_apart(fated: Record) -> None:
    rivals = finalists_of(fated, {2: 0.9, 1: 0.899, 0: 0.6}).rivals
    assert dict(zip(rivals["trial"], rivals["apart"], strict=True)) == {1: False, 0: True}


def test_all_comparisons_are_of_one_family(fated: Record) -> None:
    finalists = finalists_of(fated, {2: 0.9, 1: 0.899, 0: 0.6})
    hits = [finalists.predictions.scores(trial, 3) for trial in (2, 0)]
    against, alone = finalists.against(0), compare(*hits, ACCURACY)
    assert against["p"] == pytest.approx(2 * alone.p)
    assert against["high"] - against["low"] > alone.gap.high - alone.gap.low


def test_a_rivals_work_is_told_as_its_share_of_the_winners(tested: ReportData) -> None:
    assert tested.finalists is not None
    costs = {2: Cost(100, 80.0, 500, 0.1), 0: Cost(50, 20.0, 300, 0.1)}
    assert rivals_frame([2, 0], tested.finalists.measured, costs)["multiply_adds"].tolist() == [0.25]
    assert tested.finalists.rivals["multiply_adds"].isna().all()  # tested by an earlier version


def test_one_finalist_has_no_rival(tested: ReportData) -> None:
    assert tested.finalists is not None
    assert rivals_frame([2], tested.finalists.measured, {}).empty


def test_models_that_agree_on_few_images_are_not_taken_for_equal(tested: ReportData) -> None:
    assert tested.finalists is not None
    predictions = tested.finalists.predictions
    few = replace(
        predictions,
        labels=predictions.labels[:30],
        logits={(trial, seed): predictions.logits[2, 0][:30] for trial in (2, 0) for seed in range(3)},
    )
    (row,) = rivals_frame([2, 0], measured_of(tested.study, few, 3, [2, 0]), {}).to_dict("records")
    assert row["gap"] == 0.0
    assert row["high"] > 0.05
    assert not np.isnan(row["p"])
