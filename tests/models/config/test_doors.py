"""Families, optimizers, schedules and activations come in by name, from this house and from other people's packages."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError

from models.config.families import FamilyConfig, Linear, Mlp
from models.config.optimizers import SGD, AdamW
from models.config.recipe import Recipe
from models.config.registry import ACTIVATIONS, FAMILIES, OPTIMIZERS, SCHEDULES
from models.config.schedules import Cosine
from models.families.custom.config import CustomModel
from models.families.resnet import Resnet
from models.registry import Registry
from tests.support import warm_start

ROOT = Path(__file__).parents[3]
DOORS = [FAMILIES, OPTIMIZERS, SCHEDULES, ACTIVATIONS]


@pytest.mark.parametrize("registry", DOORS, ids=lambda registry: registry.group)
def test_every_name_leads_to_something_of_that_name(registry: Registry) -> None:
    for name in registry.names():
        loaded = registry.load(name)
        if registry is not ACTIVATIONS:
            assert loaded.model_fields["name"].default == name


def test_a_recipe_is_the_same_after_a_journey_as_json() -> None:
    recipe = Recipe(family=Resnet(blocks=2), optimizer=SGD(momentum=0.5), schedule=Cosine(per="step"))
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_a_name_stands_for_a_part_with_its_defaults() -> None:
    recipe = Recipe.model_validate({"family": "linear", "optimizer": "adamw", "schedule": "cosine"})
    assert (recipe.family, recipe.optimizer, recipe.schedule) == (Linear(), AdamW(), Cosine())


@pytest.mark.parametrize(
    ("wrong", "location", "message"),
    [
        ({"family": "mpl"}, ("family",), "no family is called 'mpl' (did you mean \"mlp\"?)"),
        ({"family": {"name": "mlp", "depth": 0}}, ("family", "depth"), "greater than or equal to 1"),
        ({"family": {"name": "mlp", "dept": 2}}, ("family", "dept"), "not permitted"),
        ({"family": {}}, ("family", "name"), "required"),
        ({"family": "linear", "optimizer": {"name": "sgd", "momentum": 1.0}}, ("optimizer", "momentum"), "less than 1"),
        ({"family": "linear", "schedule": 3}, ("schedule",), "instance of ScheduleConfig"),
    ],
)
def test_a_slip_keeps_its_place(wrong: dict[str, object], location: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Recipe.model_validate(wrong)
    (problem,) = refused.value.errors()
    assert problem["loc"] == location
    assert message in problem["msg"]


def test_an_activation_that_is_not_registered_is_refused() -> None:
    with pytest.raises(ValidationError, match='"relu", "leaky_relu", "tanh"'):
        Mlp(activation="glu")


@pytest.mark.parametrize(
    ("family", "parameter", "allowed"),
    [
        (Mlp(), "hidden", [1, 512]),
        (Mlp(), "depth", [1, 8]),
        (Mlp(), "activation", ["relu", "gelu"]),
        (Resnet(), "blocks", [1, 32]),
    ],
)
def test_a_family_says_what_its_parameters_must_be(
    family: FamilyConfig, parameter: str, allowed: Sequence[object]
) -> None:
    from pydantic import TypeAdapter

    kind = TypeAdapter(family.kind_of(parameter))
    for value in allowed:
        assert kind.validate_python(value, strict=True) == value
    for value in (0, 0.5, "other"):
        with pytest.raises(ValidationError):
            kind.validate_python(value, strict=True)


def test_a_model_of_ones_own_says_nothing_of_its_parameters() -> None:
    family = CustomModel(attribute="Net", sha256="", takes=("source", "depth"))
    assert family.kind_of("source") is None
    assert family.kind_of("depth") is None


@pytest.mark.parametrize(("values", "lanes", "vectorizes"), [(4.0, 8, True), (4.0, 6, False), (float("inf"), 8, False)])
def test_few_functions_among_many_lanes_are_vectorized(values: float, lanes: int, vectorizes: bool) -> None:
    family = CustomModel(attribute="Net", sha256="", takes=("hidden",))
    assert family.vectorizes({"hidden": values, "learning_rate": float("inf")}, lanes) == vectorizes


def test_listing_names_imports_nothing_heavy() -> None:
    code = """
import sys
from models.config.registry import ACTIVATIONS, FAMILIES, OPTIMIZERS, SCHEDULES
for registry in (FAMILIES, OPTIMIZERS, SCHEDULES):
    [registry.load(name) for name in registry.names()]
ACTIVATIONS.names()
from search import Resnet
Resnet()
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# --- a package of somebody else's ------------------------------------------------------------------------------------

VISITOR = '''
from typing import Literal

import torch
from torch import nn

from models.config.families import Width
from models.config.optimizers import OptimizerConfig
from models.config.schedules import ScheduleConfig
from models.families.custom.config import ModuleConfig
from models.ops.optimizers.base import Columns


class Shallow(ModuleConfig):
    name: Literal["shallow"] = "shallow"
    required_parameters = frozenset({"hidden"})
    kinds = {"hidden": Width}

    def build(self, shape, classes, parameters):
        return nn.Sequential(
            nn.Flatten(), nn.Linear(shape[0] * shape[1] * shape[2], parameters["hidden"]), nn.ReLU(),
            nn.Linear(parameters["hidden"], classes),
        )


class SignSGD(OptimizerConfig):
    name: Literal["sign_sgd"] = "sign_sgd"
    implementation = "visitor:SignSteps"


class SignSteps:
    """signSGD (Bernstein et al. 2018, arXiv 1802.04434)."""

    def __init__(self, config, tick, like, searched):
        self.columns = Columns(like, rate=tick.rates)

    def start_step(self):
        self.columns.start_step()

    def apply(self, block, gradient):
        block.weight.addcmul_(gradient.sign_(), self.columns("rate", block), value=-1)
        block.update_low()

    def apply_outer_product(self, block, delta, inputs):
        self.apply(block, delta @ inputs)


class Halving(ScheduleConfig):
    name: Literal["halving"] = "halving"

    def factor(self, done, total, parameters):
        return 0.5**done


class Softsign:
    keeps_input = True
    lane_by_lane = True

    def forward(self, a, kept):
        kept.copy_(a)
        a.div_(1 + a.abs())

    def backward(self, dh, h, kept):
        dh.div_((1 + kept.abs()).square_())

    def module(self):
        return nn.Softsign()


softsign = Softsign()
'''

ENTRY_POINTS = """
[studyhall.families]
shallow = visitor:Shallow
[studyhall.optimizers]
sign_sgd = visitor:SignSGD
[studyhall.schedules]
halving = visitor:Halving
[studyhall.activations]
softsign = visitor:softsign
"""

SEARCH = """
from search import Float, Mlp, Study, run_study

space = {"learning_rate": Float(1e-3, 1e-2, log=True), "weight_decay": 0.0, "hidden": 12}
for name, family in {"a": "shallow", "b": Mlp(activation="softsign", depth=2)}.items():
    study = Study(family=family, data="digits", optimizer="sign_sgd", schedule="halving", space=space,
                  epochs=2, trials=2, engines=1, lanes=2)
    result = run_study(study, name=name, storage="sqlite:///studies.db", workers=0, quiet=True)
    print(result.trials["best_epoch"].notna().all(), result.best.score > 0.5)
try:
    Study(family="shalow", space=space)
except ValueError as error:
    print("shallow" in str(error))
"""


@pytest.mark.slow
def test_a_package_of_somebody_elses_adds_one_of_each(tmp_path: Path) -> None:
    (tmp_path / "visitor.py").write_text(VISITOR)
    metadata = tmp_path / "visitor-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: visitor\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    done = warm_start.run(
        [sys.executable, "-c", SEARCH],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["True True", "True True", "True"]
