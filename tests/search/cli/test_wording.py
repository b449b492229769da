"""What is said of data in which one class is far commoner than others, or whose classes may be numbers to predict."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.config.families import Linear
from models.datasets.dataset_config import Npz, Table
from search.cli.wording import classes_note, constant_answer_text, imbalance_note, value_text
from search.config.space import Float
from search.config.study import Study
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


@pytest.mark.parametrize("metric", ["average_precision", "f1", "precision", "recall"])
def test_an_objective_of_the_commoner_class_is_told(metric: str) -> None:
    said = imbalance_note(replace(info(0.95), commonest=("1", 0.95)), metric)
    assert said.startswith(f"{metric} is of the second of two classes, “1”, which is far commoner than “0”")
    assert 'positive="0" (a word of Table and of Folder) makes it of that one' in said
    assert imbalance_note(info(0.95), metric) == ""  # the second is the rare one
    assert imbalance_note(replace(info(0.95), commonest=("1", 0.95)), "roc_auc") == ""  # the same of either class
    assert imbalance_note(replace(info(0.95, 3), commonest=("1", 0.95)), metric) == ""  # a mean over classes


def labelled(data: Any, classes: tuple[str, ...]) -> str:
    space = {"learning_rate": Float(0.01, 0.1), "weight_decay": 0.0}
    return classes_note(Study(family=Linear(), data=data, space=space), DatasetInfo(90, 10, (4, 1, 1), classes))


@pytest.mark.parametrize(
    ("data", "classes", "told"),
    [
        (Table(Path("wine.csv"), label="quality"), ("3", "4", "5", "8"), 'Table(..., target="quality") predicts'),
        (Npz(Path("ages.npz")), tuple(map(str, range(60))), 'loss="mse" predicts'),
        (Table(Path("wine.csv"), label="quality"), ("0", "1"), None),
        (Table(Path("wine.csv"), label="quality"), ("bad", "good", "3"), None),
        (Npz(Path("digits.npz")), tuple("0123456789"), None),
        ("digits", tuple(map(str, range(60))), None),
    ],
)
def test_numbers_that_are_taken_for_classes_are_told(data: Any, classes: tuple[str, ...], told: str | None) -> None:
    note = labelled(data, classes)
    assert (
        (told in note and f"{classes[0]} to {classes[-1]}, and are taken for {len(classes)} classes" in note)
        if told
        else note == ""
    )


def test_the_standard_error_stands_behind_the_value_that_it_is_of() -> None:
    row = TrialRow(0, "complete", {}, value=0.8, second=3190.0, members=(0.7, 0.9))
    assert (
        value_text(Objective("accuracy", beside=Objective("parameters")), row)
        == "0.8000 ± 0.1000 with parameters 3,190"
    )
