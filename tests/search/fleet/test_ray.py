"""The same search on a Ray cluster: the same table, whatever dies there. Nodes on this machine, real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from models.config.messages import LaneSpec
from models.datasets.source import Source, training_examples
from models.errors import UserError
from models.families.custom.config import CustomModel
from models.model_file import load_module
from search.config.study import Study
from search.config.study_files import load
from search.fleet.base import HostHandle
from search.fleet.fleet import Fleet
from search.fleet.node import Message, NodeHost
from search.launch import prepare
from search.loop.balance import balanced
from search.options import Options
from tests.support.cuts import after, run
from tests.support.nodes import Nodes
from tests.support.runs import (
    LONGEST,
    ROOT,
    assert_whole,
    finish,
    is_gone,
    search,
    start,
    study_file,
    table,
    wait_for_tick,
    within,
)

OWN = """
from models import doubled
from studyhall import Float, Int, Study
from torch import nn

def net(inputs, classes, hidden):
    width = doubled(hidden)
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, classes))

study = Study(
    family=net, data="digits", epochs=2, trials=4, engines=2, lanes=2,
    space={"learning_rate": Float(0.05, 0.5, log=True), "hidden": Int(4, 24), "weight_decay": Float(0.0, 0.1)},
)
"""
BESIDE = """
import sys
from pathlib import Path

def doubled(hidden):
    if "studyhall.search.fleet.node" in sys.modules:
        Path({seen!r}).write_text(sys.modules["studyhall.search.fleet.node"].__file__)
    return 2 * hidden
"""


@pytest.fixture(scope="module")
def _nodes() -> Iterator[Nodes]:
    nodes = Nodes()
    yield nodes
    nodes.close()


@pytest.fixture
def nodes(_nodes: Nodes) -> Nodes:
    """A cluster of two nodes with one CPU each, both alive and idle."""
    _nodes.be(others=1)
    assert within(120.0, lambda: not _nodes.hosts())
    return _nodes


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_file(tmp_path_factory.mktemp("study"), *LONGEST)


@pytest.fixture(scope="module")
def local(study: Path) -> str:
    """The study's database after a search by processes of this machine."""
    url = f"sqlite:///{study.parent}/local.db"
    search(study, url, "--workers", "2")
    return url


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/runs.db"


# --- the same search --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("which", ["address", "client"])
def test_the_same_table_as_on_one_machine(which: str, study: Path, local: str, nodes: Nodes, url: str) -> None:
    said = search(study, url, "--cluster", getattr(nodes, which))
    assert table(url) == table(local)
    assert_whole(url)
    assert not [line for line in said.splitlines() if "ray" in line.lower() or "warn" in line.lower()], said


@pytest.mark.slow
def test_the_same_report_as_on_one_machine(nodes: Nodes, tmp_path: Path) -> None:
    small = study_file(tmp_path)
    results = []
    for name, where in (("here", ("--workers", "1")), ("there", ("--cluster", nodes.address))):
        storage = ("--storage", f"sqlite:///{tmp_path}/{name}.db")
        search(small, storage[1], *where)
        command = [sys.executable, "-m", "reports.export", "--study", "small", "--top", "1", "--seeds", "2"]
        subprocess.run([*command, "--audit", "2", *storage, *where], cwd=tmp_path, check=True, capture_output=True)
        folder = tmp_path / name / "small"
        models = {file.name: file.read_bytes() for file in (folder / "finalists").glob("trial-*")}
        tables = [pd.read_csv(folder / file) for file in ("trials.csv", "results.csv")]
        timeless = [frame.drop(columns=[it for it in frame if it in TIMES]) for frame in tables]
        results.append((models, timeless))
    (here, mine), (there, others) = results
    assert here
    assert here == there
    for one, other in zip(mine, others, strict=True):
        pd.testing.assert_frame_equal(one, other)


TIMES = ("started", "finished", "seconds", "train_seconds", "milliseconds")


@pytest.mark.slow
def test_a_model_of_ones_own_needs_nothing_on_the_nodes(nodes: Nodes, url: str, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    (tmp_path / "models.py").write_text(BESIDE.format(seen=str(seen)))
    (tmp_path / "own.py").write_text(OWN)
    search(tmp_path / "own.py", f"{url}.local", "--workers", "0", module="studyhall")
    assert not seen.exists()
    search(tmp_path / "own.py", url, "--cluster", nodes.address, module="studyhall")
    assert table(url, "own") == table(f"{url}.local", "own")
    assert str(ROOT) not in seen.read_text()  # our packages came by Ray


# --- what dies --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_node_that_dies(study: Path, local: str, nodes: Nodes, url: str) -> None:
    process = start(study, url, "--cluster", nodes.address)
    wait_for_tick(process, 3)
    nodes.kill()
    said = finish(process)
    assert process.returncode == 0, said
    assert "room for 1 of 2 engines" in said
    assert table(url) == table(local)
    assert_whole(url)


@pytest.mark.slow
def test_the_process_of_an_engine_that_dies(study: Path, local: str, nodes: Nodes, url: str) -> None:
    process = start(study, url, "--cluster", nodes.address)
    wait_for_tick(process, 3)
    os.kill(nodes.hosts()[0], signal.SIGKILL)
    said = finish(process)
    assert process.returncode == 0, said
    assert table(url) == table(local)
    assert_whole(url)


@pytest.mark.slow
def test_the_same_command_takes_up_what_a_lost_coordinator_left(
    study: Path, local: str, nodes: Nodes, url: str
) -> None:
    process = start(study, url, "--cluster", nodes.address)
    wait_for_tick(process, 5)
    hosts = nodes.hosts()
    assert hosts
    process.kill()
    process.communicate()
    assert within(120.0, lambda: all(map(is_gone, hosts)))
    search(study, url, "--cluster", nodes.address)
    assert table(url) == table(local)
    assert_whole(url)


@pytest.mark.slow
def test_a_signal_pauses_a_search(study: Path, local: str, nodes: Nodes, url: str) -> None:
    process = start(study, url, "--cluster", nodes.address)
    wait_for_tick(process, 3)
    process.send_signal(signal.SIGTERM)  # for which Ray has a handler of its own
    said = finish(process)
    assert process.returncode == 143, said
    assert "the same command goes on" in said
    assert within(120.0, lambda: not nodes.hosts())
    search(study, url, "--workers", "0")  # here, where it is another place
    assert table(url) == table(local)


# --- what comes -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_node_that_joins_is_given_engines(
    study: Path, nodes: Nodes, url: str, digits: Source, one_thread: None
) -> None:
    nodes.be(others=0)
    process = start(study, url, "--cluster", nodes.address, "--trials", "100000")
    wait_for_tick(process)
    nodes.add()
    assert within(120.0, lambda: len(nodes.hosts()) == 2)
    # A host loads torch when it is given engines, not before.
    assert within(120.0, lambda: all("libtorch" in Path(f"/proc/{pid}/maps").read_text() for pid in nodes.hosts()))
    wait_for_tick(process, 3)
    process.send_signal(signal.SIGTERM)
    said = finish(process)
    assert process.returncode == 143, said
    there = table(url)
    ticks = there[1][-1][0]
    assert not run(
        load(str(study)).study.model_copy(update={"trials": 100_000}), f"{url}.local", digits, pause=after(ticks)
    )
    assert there == table(f"{url}.local")


@pytest.mark.slow
def test_a_search_waits_for_room(nodes: Nodes, url: str, tmp_path: Path) -> None:
    process = start(study_file(tmp_path), url, "--cluster", nodes.address, "--engine-cpus", "2")
    assert process.stdout is not None
    assert "no engine has found room yet; each takes 2 CPU" in process.stdout.readline()
    nodes.add(cpus=4)
    said = finish(process)
    assert process.returncode == 0, said
    assert "20 trials" in said


# --- what cannot be ---------------------------------------------------------------------------------------------------


def refused(study: Path, url: str, *options: str, **environment: str) -> str:
    """Run the command, which is to end with an error of two lines; returns them."""
    process = start(study, url, *options, **environment)
    said = finish(process)
    assert process.returncode == 2, said
    assert len(said.splitlines()) == 2, said
    return said


@pytest.mark.slow
def test_an_address_where_no_ray_answers_is_told_within_seconds(tmp_path: Path, url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        said = refused(study_file(tmp_path), url, "--cluster", f"127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - began < 60.0  # Ray alone takes two minutes
    assert "no Ray cluster answers at 127.0.0.1:" in said
    assert "ray status" in said


@pytest.mark.slow
def test_what_is_no_address_is_told(tmp_path: Path, url: str) -> None:
    assert "give auto, HOST:PORT or ray://HOST:PORT" in refused(study_file(tmp_path), url, "--cluster", "somewhere")


@pytest.mark.slow
def test_without_ray_the_extra_is_named(tmp_path: Path, url: str) -> None:
    (tmp_path / "ray.py").write_text("raise ImportError(\"No module named 'ray'\")")
    paths = f"{tmp_path}{os.pathsep}{ROOT}"
    said = refused(study_file(tmp_path), url, "--cluster", "auto", PYTHONPATH=paths)
    assert "pip install 'studyhall[cluster]'" in said


@pytest.mark.slow
def test_a_search_on_one_machine_imports_no_ray(tmp_path: Path, url: str) -> None:
    (tmp_path / "ray.py").write_text("raise SystemExit('imported')")
    search(study_file(tmp_path), url, "--workers", "0", PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine_cpus": 2.0}, "--engine-cpus is for engines on a cluster"),
        ({"cluster": "auto", "workers": 2}, "--workers is for engines on this machine"),
        ({"cluster": "auto", "engine_gpus": -1.0}, "--engine-gpus is -1"),
        ({"cluster": "auto", "engine_gpus": 1.0, "device": "cpu"}, "engines that take GPUs cannot be on cpu"),
        ({"cluster": "auto", "engine_gpus": 0.0, "device": "cuda"}, "engines on cuda need a share of a GPU"),
    ],
)
def test_options_that_contradict_each_other_are_told(
    options: dict[str, Any], said: str, tmp_path: Path, url: str
) -> None:
    named = load(str(study_file(tmp_path)))
    with pytest.raises(UserError, match=said):
        prepare(named, Options(storage=url, **options).checked("--"))


@pytest.mark.slow
def test_a_node_with_other_libraries_is_named(nodes: Nodes, url: str, tmp_path: Path) -> None:
    about = tmp_path / "old" / "torch-1.0.dist-info" / "METADATA"
    about.parent.mkdir(parents=True)
    about.write_text("Metadata-Version: 2.1\nName: torch\nVersion: 1.0\n")
    nodes.be(others=0)
    nodes.add(PYTHONPATH=str(about.parents[1]))
    said = refused(study_file(tmp_path), url, "--cluster", nodes.address)
    assert "torch 1.0 (here 2." in said
    assert "install the same versions" in said
    nodes.be(others=0)


# --- a host on a node, without Ray ------------------------------------------------------------------------------------


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
    (folder / "own.py").write_text(OWN.replace("models", "node_shapes"))
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
        search(small, f"sqlite:///{tmp_path}/{name}.db", "--lanes", lanes, "--workers", "0")
    assert table(f"sqlite:///{tmp_path}/equal.db") == table(f"sqlite:///{tmp_path}/unequal.db")
