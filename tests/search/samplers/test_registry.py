"""The door for samplers: the built-in ones come in through it, and so does somebody else's."""

import doctest
import random
from pathlib import Path
from typing import Any, Literal

import pytest

from models.config.families import Mlp
from models.datasets.source import Source
from models.seeds import derive
from search.config.space import Float, Int
from search.config.study import Study
from search.samplers import base
from search.samplers.base import SamplerConfig
from search.samplers.optuna_mirror import Mirror
from search.samplers.registry import SAMPLERS
from search.samplers.unit_cube import from_unit_cube
from tests.support.cuts import run
from tests.support.plugins import install
from tests.support.runs import table, trials

ANTITHETIC = '''
import random
from typing import Literal

from models.seeds import derive
from search.samplers.base import SamplerConfig
from search.samplers.unit_cube import from_unit_cube


class Plugin(SamplerConfig):
    """Draws pairs of trials at opposite ends of the space."""

    name: Literal["antithetic"] = "antithetic"
    pairs: int = 4

    def propose(self, study, number, mirror, batch_size=1):
        pair, second = divmod(number, 2)
        if pair >= self.pairs:
            return None
        generator = random.Random(derive(study.seed, "antithetic", pair))
        point = [generator.random() for _ in sorted(study.space)]
        return from_unit_cube(study.space, [1 - share if second else share for share in point])
'''
SPACE = {"learning_rate": Float(0.1, 0.5), "hidden": Int(4, 8), "weight_decay": Float(0.0, 0.01)}


@pytest.mark.parametrize("name", SAMPLERS.names())
def test_a_sampler_is_registered_under_the_name_it_is_written_with(name: str) -> None:
    assert SAMPLERS.load(name).model_fields["name"].default == name


def test_a_sampler_of_another_package_searches_a_study_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: Source, one_thread: None
) -> None:
    install(tmp_path, monkeypatch, SAMPLERS, "antithetic", ANTITHETIC)
    study = Study(family=Mlp(), data="digits", space=SPACE, sampler="antithetic", epochs=1, trials=20, lanes=2)
    assert study.model_dump()["sampler"] == {"name": "antithetic", "pairs": 4}
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert run(study, f"sqlite:///{tmp_path}/db.db", digits)
    rows = trials(f"sqlite:///{tmp_path}/db.db")
    assert len(rows) == 8  # and not 20: then it has nothing left
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert float(first.params["learning_rate"]) + float(second.params["learning_rate"]) == pytest.approx(0.6)
    assert run(study, f"sqlite:///{tmp_path}/again.db", digits)
    assert table(f"sqlite:///{tmp_path}/again.db") == table(f"sqlite:///{tmp_path}/db.db")


def test_the_example_of_the_door_proposes_inside_the_space() -> None:
    names: dict[str, Any] = {**vars(base), "Literal": Literal, "random": random, "derive": derive}
    names["from_unit_cube"] = from_unit_cube
    for example in doctest.DocTestParser().get_examples(SamplerConfig.__doc__ or ""):
        exec(example.source, names)
    study = Study(family=Mlp(), space=SPACE, sampler=names["Shuffled"]())
    params = [study.sampler.propose(study, number, Mirror(study)) for number in range(5)]
    assert all(SPACE[name].contains(value) for each in params for name, value in (each or {}).items())
    assert len({str(each) for each in params}) == 5


def test_a_sampler_that_nobody_has_is_answered_with_the_names() -> None:
    with pytest.raises(
        ValueError, match=r"no sampler is called 'tpee' \(did you mean \"tpe\"\?\); choose one of tpe, gp, ran"
    ):
        Study(family=Mlp(), space=SPACE, sampler="tpee")
