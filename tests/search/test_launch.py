"""What engines run on, and what a caller may say of a search."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from models.config.families import Mlp
from models.errors import UserError
from models.families.resnet import Resnet
from search import Float, Int, Study
from search.launch import informed
from search.machine.device import cluster_device, resolve_device


def test_this_machine_is_judged_as_torch_judges_it() -> None:
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_gpu_that_is_asked_for_and_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="this torch finds no CUDA device"):
        resolve_device("cuda")


def test_a_gpu_that_torch_finds_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("cuda") == "cuda"
    assert resolve_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("device", "gpus", "expected"),
    [("auto", None, "cpu"), ("auto", 0.5, "cuda"), ("cuda", None, "cuda"), ("cpu", None, "cpu"), ("auto", 0.0, "cpu")],
)
def test_a_clusters_device_follows_from_what_its_engines_take(device: str, gpus: float | None, expected: str) -> None:
    assert cluster_device(device, gpus) == expected


@pytest.mark.parametrize(("device", "gpus"), [("cpu", 1.0), ("cuda", 0.0)])
def test_a_device_and_gpus_that_contradict_are_refused(device: str, gpus: float) -> None:
    with pytest.raises(UserError):
        cluster_device(device, gpus)


def study(**more: Any) -> Study:
    space = {"learning_rate": Float(1e-3, 1.0, log=True), "hidden": Int(4, 8), "weight_decay": 0.0}
    return Study(**{"family": Resnet(), "data": "digits", "space": space, **more})


@pytest.mark.parametrize(
    ("of", "layout"),
    [(study(), "channels_last"), (study(picture_layout="plain"), "plain"), (study(family=Mlp()), "plain")],
    ids=["modules", "as it says", "perceptrons"],
)
def test_a_new_study_of_modules_has_its_pictures_laid_out(of: Study, layout: str) -> None:
    assert informed(of, None, None, "").picture_layout == layout


def test_a_study_that_was_begun_without_a_layout_goes_on_without() -> None:
    before: Any = SimpleNamespace(name="mine", study=Study.model_validate_json(study().model_dump_json()))
    assert informed(study(), before, None, "").picture_layout == "plain"
    before.study = informed(study(), None, None, "")
    assert informed(study(), before, None, "").picture_layout == "channels_last"
