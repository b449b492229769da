"""A study with two objectives and limits says so in one field each; what serves one objective alone is told."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save
from torch.utils.flop_counter import FlopCounterMode

from models.config.families import Cnn, Linear, Mlp
from models.config.schedules import Cosine
from models.families.resnet import Resnet
from models.model_costs import costs_of
from search.config.limits import Constraint
from search.config.space import Float, Int
from search.config.study import Study
from search.objective import Objective
from search.pruners.optuna import OptunaPruner
from search.record.fingerprint import fingerprint
from search.samplers.staged import Staged


def study(**fields: Any) -> Study:
    space = {"learning_rate": Float(0.01, 1.0, log=True), "hidden": Int(4, 64, log=True), "weight_decay": 0.0}
    return Study(**({"family": Mlp(), "data": "digits", "space": space} | fields))


def test_a_pair_is_two_objectives_with_their_own_directions() -> None:
    of = study(objective=("accuracy", "parameters"), constraints=(Constraint("multiply_adds", max=9e4),))
    assert [(each.metric, each.direction) for each in of.objective.all] == [
        ("accuracy", "maximize"),
        ("parameters", "minimize"),
    ]
    assert of.known_costs == ("parameters", "multiply_adds")
    assert of.recorded == ()
    assert Study.model_validate_json(of.model_dump_json()) == of
    assert study(objective=("accuracy", Objective("parameters", direction="minimize"))).objective == of.objective
    assert study(objective=("accuracy", "calibration_error")).recorded == ("calibration_error",)
    assert study(objective=("accuracy",)) == study()


def test_points_are_compared_by_costs_of_which_the_lower_is_better() -> None:
    of = study(objective=("accuracy", "parameters")).objective
    point = of.point({"accuracy": 0.75, "parameters": 100.0, "loss": 1.0})
    assert point == (-0.75, pytest.approx(4.605170186))
    assert of.all[1].text(12345.0) == "12,345"
    assert [each.column for each in of.all] == ["validation_accuracy", "parameters"]


def test_the_fingerprint_names_the_second_objective_and_the_limits_where_they_are() -> None:
    of = fingerprint(
        study(objective=("accuracy", "parameters"), constraints=(Constraint("parameters", max=9),)), "d", "cpu"
    )
    assert (of["objective"], of["objective.2"], of["direction.2"]) == ("accuracy", "parameters", "minimize")
    assert of["constraint.parameters"] == 9
    plain = fingerprint(study(), "d", "cpu")
    assert not [key for key in plain if "objective" in key or "constraint" in key or key.endswith(".2")]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"objective": "parameters"}, r"objective: parameters is known without any training; write it beside a metric"),
        ({"objective": ("parameters", "accuracy")}, "write the metric that it learns first"),
        ({"objective": ("accuracy", "accuracy")}, "accuracy stands there twice"),
        ({"objective": ("accuracy", "loss", "brier")}, "3 are too many to choose by; name one, or a pair"),
        ({"objective": ("accuracy", "rmse")}, "objective: rmse is no metric of a classification"),
        (
            {"objective": ("accuracy", "parameters"), "pruner": OptunaPruner("MedianPruner")},
            "knows one objective; take",
        ),
        (
            {
                "objective": ("accuracy", "parameters"),
                "sampler": Staged(start={"hidden": 8}, stages={"learning_rate": (0.1,)}),
            },
            "sampler: staged follows one objective",
        ),
        (
            {
                "constraints": (Constraint("parameters", max=9),),
                "sampler": Staged(start={"hidden": 8}, stages={"learning_rate": (0.1,)}),
            },
            "constraints: staged",
        ),
    ],
)
def test_what_does_not_serve_two_objectives_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        study(**fields)


@pytest.mark.parametrize(
    ("family", "shape", "parameters"),
    [
        (Linear(), (1, 8, 8), {}),
        (Mlp(depth=2), (1, 8, 8), {"hidden": 7}),
        (Cnn(), (1, 28, 28), {"hidden": 3}),
        (Cnn(padding="same"), (3, 32, 32), {"hidden": 2}),
        (Resnet(), (3, 32, 32), {"hidden": 4}),
    ],
)
def test_what_a_model_costs_is_what_its_module_has(family: Any, shape: Any, parameters: dict[str, Any]) -> None:
    space = {"learning_rate": Float(0.1, 1.0), "weight_decay": 0.0, **parameters}
    of = Study(family=family, data="digits", space=space, schedule=Cosine())
    costs = costs_of(of, shape, 10, parameters, ("parameters", "bytes", "multiply_adds"))
    module = of.make_family(shape, 10).build(parameters)
    assert costs["parameters"] == sum(tensor.numel() for tensor in module.parameters())
    file = save(module.state_dict())
    assert costs["bytes"] == len(file) - 8 - int.from_bytes(file[:8], "little")  # behind the header and its length
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module.eval()(torch.zeros(1, *shape))
    assert costs["multiply_adds"] == counter.get_total_flops() / 2
