"""What dies and what joins while a search runs on a Ray cluster: the table is the same."""

import os
import signal
from pathlib import Path

import pytest

from models.datasets.source import Source
from search.config.study_files import load
from tests.support.cuts import after, run
from tests.support.nodes import Nodes
from tests.support.runs import (
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
def test_the_process_of_an_engine_that_is_stopped(study: Path, local: str, nodes: Nodes, url: str) -> None:
    process = start(study, url, "--cluster", nodes.address, "--worker-timeout", "10")
    wait_for_tick(process, 3)
    os.kill(stopped := nodes.hosts()[0], signal.SIGSTOP)
    said = finish(process)
    assert process.returncode == 0, said
    assert "hung: it was ended after 10 s in which it finished no minibatch" in said
    assert table(url) == table(local)
    assert_whole(url)
    assert within(120.0, lambda: is_gone(stopped))


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
