"""What is said of data in which one class is far commoner than the others."""

import pytest

from search.cli.wording import constant_answer_text, imbalance_note, value_text
from search.fleet.base import DatasetInfo
from search.objective import Objective
from search.trial import TrialRow


def info(share: float, classes: int = 2) -> DatasetInfo:
    return DatasetInfo(900, 100, (4, 1, 1), tuple(map(str, range(classes))), ("0", share))


def test_what_always_the_same_answer_would_have_is_said() -> None:
    assert constant_answer_text(info(0.95)) == "always “0” has accuracy 0.9500"


@pytest.mark.parametrize(("share", "classes", "told"), [(0.95, 2, True), (0.7, 2, False), (0.6, 10, True)])
def test_strong_imbalance_is_said_with_the_objectives_that_suit(share: float, classes: int, told: bool) -> None:
    note = imbalance_note(info(share, classes), "accuracy")
    assert ('objective="balanced_accuracy"' in note) == told


def test_whoever_searches_for_another_objective_is_told_nothing() -> None:
    assert imbalance_note(info(0.95), "roc_auc") == ""


def test_the_standard_error_stands_behind_the_value_that_it_is_of() -> None:
    row = TrialRow(0, "complete", {}, value=0.8, second=3190.0, members=(0.7, 0.9))
    assert (
        value_text(Objective("accuracy", beside=Objective("parameters")), row)
        == "0.8000 ± 0.1000 with parameters 3,190"
    )
