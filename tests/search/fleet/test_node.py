"""A host on a node, and machines of unequal speed, without Ray: what they are sent, what they answer."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from models.config.messages import LaneSpec
from models.datasets.source import Source, training_examples
from models.families.custom.config import CustomModel
from models.files.model_file import load_module
from search.config.study import Study
from search.config.study_files import load
from search.fleet.base import HostHandle
from search.fleet.fleet import Fleet
from search.fleet.node import Message, NodeHost
from search.loop.balance import balanced
from tests.support.commands import search_here
from tests.support.nodes import IMPORTING
from tests.support.runs import (
    study_file,
    table,
)


class HostProvider:
    """Places that are given, the first of which is the fastest."""

    can_expand = False

    def __init__(self, *places: Any) -> None:
        self._places = places

    def ensure_hosts(self, places: list[HostHandle], engines: int) -> None:
        places[:] = self._places


class OnNode:
    """A host as on a node, in this process; what it is sent is kept."""

    dead = False

    def __init__(self, source: Source) -> None:
        self._host, self._source = NodeHost(), source
        self.sent: list[Message] = []

    def send(self, message: Message, files: dict[str, bytes] | None = None) -> None:
        self.sent.append(dict(message))
        examples = training_examples(self._source) if message["do"] == "open" else None
        self._answer = self._host.answer(dict(message), files or {}, examples)

    def receive(self) -> Message:
        return self._answer[0]

    @property
    def files(self) -> dict[str, bytes]:
        """What came back with the last answer."""
        return self._answer[1]

    def close(self) -> None:
        pass


def opened(study: Study, digits: Source, place: Any) -> Fleet:
    fleet = Fleet(study.engines, HostProvider(place))
    fleet.open(study, digits)
    return fleet


def test_lanes_and_models_travel_as_bytes(digits: Source, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"  # a folder that a node cannot reach, and must not make
    study = load(str(study_file(tmp_path))).study
    one, other = OnNode(digits), OnNode(digits)
    fleet = opened(study, digits, one)
    fleet.tick(1, [(engine, order(lane)) for lane, engine in enumerate((0, 1, 1))])
    fleet.save(elsewhere)
    saved = one.files
    assert saved.keys() == {str(elsewhere / f"engine-{engine}.safetensors") for engine in (0, 1)}
    opened(study, digits, other)
    other.send({"do": "load", "folder": str(elsewhere), "drop": {}}, saved)
    assert other.receive() == {}
    ticks = [{"do": "tick", "number": 2, "only": None, "add": {}, "drop": {}}] * 2
    scores = []
    for place, tick in zip((one, other), ticks, strict=True):
        place.send(tick)
        scores.append([{**score, "seconds": 0.0} for score in place.receive()["scores"]])
    assert scores[0] == scores[1]
    fleet.write_models([{"engine": 1, "lane": 2, "path": str(elsewhere / "model.safetensors"), "about": {}}])
    (content,) = one.files.values()
    (tmp_path / "model.safetensors").write_bytes(content)
    assert load_module(tmp_path / "model.safetensors")(torch.zeros(5, 1, 28, 28)).shape == (5, 10)
    assert not elsewhere.exists()


def order(lane: int) -> LaneSpec:
    return LaneSpec(lane=lane, parameters={"learning_rate": 0.1, "hidden": 5 + lane, "weight_decay": 0.0}, seed=lane)


def test_what_a_model_imports_comes_with_it(digits: Source, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "node_shapes").mkdir(parents=True)
    (folder / "node_shapes" / "__init__.py").write_text("from node_shapes.wide import doubled")
    (folder / "node_shapes" / "wide.py").write_text("def doubled(hidden): return 2 * hidden")
    (folder / "own.py").write_text(IMPORTING.replace("models", "node_shapes"))
    study = load(str(folder / "own.py")).study
    assert isinstance(study.family, CustomModel)
    files = {path: text.encode() for path, text in study.family.source_files().items()}
    place = OnNode(digits)
    opened(study, digits, place)
    for name in [it for it in sys.modules if it.partition(".")[0] == "node_shapes" or it.startswith("own_model")]:
        del sys.modules[name]
    shutil.rmtree(folder)
    place.send(place.sent[0], files)
    assert place.receive()["train"] == 1198
    place.send({"do": "tick", "number": 1, "only": None, "add": {"0": [order(0).model_dump()]}, "drop": {}})
    assert [score["epoch"] for score in place.receive()["scores"]] == [1]
    assert not sys.modules["node_shapes"].__spec__.has_location  # type: ignore[union-attr]


# --- machines of unequal speed ----------------------------------------------------------------------------------------


def test_an_engine_with_more_lanes_is_given_more_work() -> None:
    given = balanced(dict.fromkeys(range(12), 1.0), {}, (8, 4))
    assert [list(given.values()).count(engine) for engine in (0, 1)] == [8, 4]


def test_the_engine_with_most_lanes_goes_to_the_fastest_machine(digits: Source, tmp_path: Path) -> None:
    study = load(str(study_file(tmp_path))).study.model_copy(update={"engines": 3, "lanes": (2, 1, 4)})
    places = [OnNode(digits) for _ in range(2)]
    fleet = Fleet(study.engines, HostProvider(*places))
    fleet.open(study, digits)
    assert [place.sent[0]["engines"] for place in places] == [[2, 1], [0]]


@pytest.mark.slow
def test_the_same_table_however_lanes_are_shared_out(tmp_path: Path) -> None:
    small = study_file(tmp_path)  # 2 engines of 3 lanes
    for name, lanes in (("equal", "3"), ("unequal", "5,1")):
        search_here(small, f"sqlite:///{tmp_path}/{name}.db", "--lanes", lanes)
    assert table(f"sqlite:///{tmp_path}/equal.db") == table(f"sqlite:///{tmp_path}/unequal.db")
