"""The same search on a Ray cluster: the same table and report. Nodes on this machine, real processes."""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from models.errors import UserError
from search.config.study_files import load
from search.launch import prepare
from search.options import Options
from tests.support.commands import invoke, search_here
from tests.support.nodes import IMPORTING, Nodes
from tests.support.runs import (
    ROOT,
    assert_whole,
    finish,
    search,
    start,
    study_file,
    table,
)
from tests.support.warm_start import run

BESIDE = """
import sys
from pathlib import Path

def doubled(hidden):
    if "studyhall.search.fleet.node" in sys.modules:
        Path({seen!r}).write_text(sys.modules["studyhall.search.fleet.node"].__file__)
    return 2 * hidden
"""


@pytest.mark.slow
def test_a_client_of_the_cluster_gets_the_same_table_as_on_one_machine(
    study: Path, local: str, nodes: Nodes, url: str
) -> None:
    said = search(study, url, "--cluster", nodes.client)
    assert table(url) == table(local)
    assert_whole(url)
    assert not [line for line in said.splitlines() if "ray" in line.lower() or "warn" in line.lower()], said


@pytest.mark.slow
def test_the_same_table_and_report_as_on_one_machine(nodes: Nodes, tmp_path: Path) -> None:
    small = study_file(tmp_path)
    results = []
    for name in ("here", "there"):
        url = f"sqlite:///{tmp_path}/{name}.db"
        command = ["reports.export", "--study", "small", "--top", "1", "--seeds", "2", "--audit", "2", "--storage", url]
        if name == "here":
            search_here(small, url)
            assert invoke(*command, "--workers", "0", folder=tmp_path).exit_code == 0
        else:
            said = search(small, url, "--cluster", nodes.address)
            assert not [line for line in said.splitlines() if "ray" in line.lower() or "warn" in line.lower()], said
            assert_whole(url)
            there = [sys.executable, "-m", *command, "--cluster", nodes.address]
            run(there, cwd=tmp_path).check_returncode()
        folder = tmp_path / name / "small"
        models = {file.name: file.read_bytes() for file in (folder / "finalists").glob("trial-*")}
        tables = [pd.read_csv(folder / file) for file in ("trials.csv", "results.csv")]
        timeless = [frame.drop(columns=[it for it in frame if it in TIMES]) for frame in tables]
        results.append((models, timeless))
    assert table(f"sqlite:///{tmp_path}/here.db") == table(f"sqlite:///{tmp_path}/there.db")
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
    (tmp_path / "own.py").write_text(IMPORTING)
    search(tmp_path / "own.py", f"{url}.local", "--workers", "0", module="studyhall")
    assert not seen.exists()
    search(tmp_path / "own.py", url, "--cluster", nodes.address, module="studyhall")
    assert table(url, "own") == table(f"{url}.local", "own")
    assert str(ROOT) not in seen.read_text()  # our packages came by Ray


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
