"""A study says whether it predicts classes or numbers, once; what does not fit is told in two lines."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from models.config.families import Mlp
from models.config.task import CLASSIFICATION, REGRESSION
from models.datasets.dataset_config import Npz, Table
from search.config.space import Float, Int
from search.config.study import Study


def study(**fields: Any) -> Study:
    space = {"learning_rate": Float(1e-4, 1e-1, log=True), "hidden": Int(4, 32), "weight_decay": 0.0}
    return Study(family=Mlp(), space=space, trials=4, **fields)


def test_a_table_with_a_target_makes_a_regression() -> None:
    of = study(data=Table(Path("x.csv"), target="price"))
    assert (of.task, of.loss, of.objective.metric, of.objective.direction) == (REGRESSION, "mse", "rmse", "minimize")
    assert of.recorded == ()
    assert Study.model_validate_json(of.model_dump_json()) == of


def test_arrays_are_numbers_where_the_loss_says_so() -> None:
    assert study(data=Npz(Path("x.npz")), loss="huber").task is REGRESSION
    assert study(data=Npz(Path("x.npz"))).task is CLASSIFICATION


def test_an_objective_and_a_loss_of_ones_own_stay() -> None:
    of = study(data=Table(Path("x.csv"), target="price"), loss="mae", objective="mae", metrics=("r2", "rmse"))
    assert (of.loss, of.objective.metric, of.recorded) == ("mae", "mae", ("r2", "mae"))


NUMBERS = Table(Path("x.csv"), target="price")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"data": "mnist", "loss": "mse"}, "loss: mse is of regression, and mnist has classes; leave it out"),
        (
            {"data": Table(Path("x.csv"), label="price"), "loss": "mse"},
            "or name the column with target='price' if it has numbers",
        ),
        ({"data": NUMBERS, "loss": "cross_entropy", "objective": "loss"}, "and x.csv has numbers; leave it out"),
        ({"data": NUMBERS, "objective": "accuracy"}, "accuracy is no metric of a regression; choose among loss, rmse"),
        ({"data": "mnist", "metrics": ("r2",)}, "metrics: r2 is no metric of a classification"),
        ({"data": NUMBERS, "label_smoothing": 0.1}, "label_smoothing: a regression has no classes"),
    ],
)
def test_what_does_not_fit_is_told_with_a_remedy(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        study(**fields)
    assert told in str(refused.value)


@pytest.mark.parametrize(("fields", "has"), [({}, "neither"), ({"label": "a", "target": "b"}, "both")])
def test_a_table_names_one_column_to_predict(fields: dict[str, str], has: str) -> None:
    with pytest.raises(
        ValidationError, match=f"x.csv has {has} label= .*and target=|x.csv has neither label= nor target="
    ):
        Table(Path("x.csv"), **fields)
