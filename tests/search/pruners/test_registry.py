"""The door for pruners: the built-in ones come in through it, and so does somebody else's."""

import doctest
from pathlib import Path

import pytest

from models.config.families import Mlp
from models.datasets.source import Source
from search.config.space import Float, Int
from search.config.study import Study
from search.pruners.base import PrunerConfig
from search.pruners.registry import PRUNERS
from tests.support.cuts import run
from tests.support.plugins import install
from tests.support.runs import trials

EXAMPLE = "\n".join(
    ["from typing import Literal", "from pydantic import Field", "from search.pruners.base import PrunerConfig"]
    + [example.source for example in doctest.DocTestParser().get_examples(PrunerConfig.__doc__ or "")]
    + ["Plugin = Patience"]
)
SPACE = {"learning_rate": Float(0.001, 0.5, log=True), "hidden": Int(4, 24), "weight_decay": Float(0.0, 0.01)}


@pytest.mark.parametrize("name", PRUNERS.names())
def test_a_pruner_is_registered_under_the_name_it_is_written_with(name: str) -> None:
    assert PRUNERS.load(name).model_fields["name"].default == name


def test_the_example_of_the_door_as_another_package_prunes_a_study_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: Source, one_thread: None
) -> None:
    install(tmp_path, monkeypatch, PRUNERS, "patience", EXAMPLE)
    study = Study(family=Mlp(), data="digits", space=SPACE, pruner="patience", sampler="random", epochs=3, trials=8)
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert study.pruner.describe(study.epochs) == "patience"
    url = f"sqlite:///{tmp_path}/db.db"
    assert run(study, url, digits)
    states = {row.state for row in trials(url)}
    assert states == {"complete", "pruned"}
    best = max(row.value or 0.0 for row in trials(url) if row.state == "complete")
    # A pruned trial was far behind the best of its own epoch, which is no better than the best in the end.
    assert all((row.value or 0.0) < best - 0.1 for row in trials(url) if row.state == "pruned")
