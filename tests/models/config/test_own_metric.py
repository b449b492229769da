"""A metric as a function of a study file: computed in every engine, searched by, recorded, exported."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from models.config.families import Mlp
from models.config.own_metric import own_metric
from models.datasets.dataset_config import Table
from models.engine.predictions import predictions_of
from models.files.model_file import describe
from models.metrics.registry import metric_named
from reports import export_study
from search import run_study
from search.config.space import Float, Int
from search.config.study import Study
from search.objective import Objective
from search.record.fingerprint import fingerprint

pytestmark = pytest.mark.usefixtures("unrendered")


def square_distance(probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Brier's score of several classes."""
    return (probabilities - torch.nn.functional.one_hot(labels, probabilities.shape[1])).square().sum(1).mean()


def misses(predicted: torch.Tensor, labels: torch.Tensor) -> int:
    return int((predicted != labels).sum())


def margin(logits: torch.Tensor, labels: torch.Tensor) -> float:
    return float(logits.gather(1, labels[:, None]).mean())


def study(**fields: Any) -> Study:
    space = {"learning_rate": Float(0.01, 1.0, log=True), "hidden": Int(4, 16), "weight_decay": 0.0}
    given: dict[str, Any] = {"data": "digits", "epochs": 2, "trials": 6, "engines": 1, "lanes": 3} | fields
    return Study(family=Mlp(), space=space, **given)


def test_it_computes_what_a_named_metric_does_lane_by_lane() -> None:
    generator = torch.Generator().manual_seed(1)
    outputs = torch.randn(3, 40, 5, generator=generator)
    given = predictions_of("cross_entropy", outputs, torch.randint(5, (40,), generator=generator))
    torch.testing.assert_close(own_metric(square_distance).compute(given), metric_named("brier").compute(given))
    wrong = 40 * (1 - metric_named("accuracy").compute(given))
    torch.testing.assert_close(own_metric(misses).compute(given), wrong)
    assert own_metric(margin).compute(given).shape == (3,)


@pytest.mark.slow
def test_a_search_by_it_is_recorded_exported_and_told(tmp_path: Path) -> None:
    of = study(objective=Objective(square_distance, direction="minimize"), metrics=("brier", misses))
    assert Study.model_validate_json(of.model_dump_json()) == of
    address = f"sqlite:///{tmp_path}/runs/studies.db"
    result = run_study(of, name="own", storage=address, workers=0, quiet=True)
    trials = result.trials[result.trials["state"] == "complete"]
    np.testing.assert_allclose(trials["validation_square_distance"], trials["validation_brier"], rtol=1e-12)
    assert result.best.score == trials["validation_brier"].min()
    assert (trials["validation_misses"] == (240 * (1 - trials["validation_accuracy"])).round()).all()
    assert result.study.direction.name == "MINIMIZE"
    exported = export_study("own", storage=address, top=1, seeds=2, workers=0, quiet=True)
    row = exported.results.iloc[0]
    assert row["test_square_distance_mean"] == pytest.approx(row["test_brier_mean"])
    assert row["test_square_distance_std"] > 0
    model = next(tmp_path.rglob("trial-*.safetensors"))
    assert describe(model).recipe.own_metrics == ()


def test_its_statements_are_in_the_fingerprint() -> None:
    of = fingerprint(study(objective=Objective(misses, direction="minimize")), "data", "cpu")
    assert (of["objective"], of["direction"], of["metric.misses"]) == ("misses", "minimize", "misses")
    assert len(of["metric.misses.sha256"]) == 64
    assert not [key for key in fingerprint(study(), "data", "cpu") if key.startswith(("metric", "own"))]


def accuracy(predicted: torch.Tensor, labels: torch.Tensor) -> float:
    return float((predicted == labels).double().mean())


def of_three(probabilities: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> float:
    return 0.0


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"objective": misses}, r'misses does not say which way is better; write Objective\(misses, direction="min'),
        (
            {"metrics": (of_three,)},
            "the metric of_three takes probabilities, labels, weights; write it as a function of",
        ),
        ({"metrics": (lambda predicted, labels: 0.0,)}, "has no name; write it as a def"),
        ({"metrics": (accuracy,)}, "there is a metric 'accuracy' already; call the function otherwise"),
        (
            {"data": Table(Path("x.csv"), target="price"), "metrics": (margin,)},
            "margin is of logits, and a regression predicts numbers; write it as a function of \\(predicted, labels\\)",
        ),
    ],
)
def test_what_does_not_fit_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        study(**fields)
