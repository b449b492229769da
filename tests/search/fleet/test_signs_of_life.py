"""How a host shows that it gets on, and what is done with one that does not."""

import sys
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from models.config.recipe import Recipe
from models.families.external.function import ObjectiveFunction
from search import launch
from search.config.study_files import load
from search.fleet import local
from search.fleet.base import EngineError
from search.fleet.local import Machine, WorkerProcess
from search.fleet.signs_of_life import SignsOfLife, Watchdog
from search.fleet.worker import EngineWorker
from search.interrupt import Interrupt
from search.options import Options


def test_signs_are_given_at_most_once_a_second() -> None:
    seconds, given = iter([0.0, 0.0, 0.3, 0.9, 1.0, 1.5, 2.1]), list[str]()
    signs = SignsOfLife(lambda: given.append("sign"), clock=lambda: next(seconds))
    counts = []
    for _ in range(6):
        signs()
        counts.append(len(given))
    assert counts == [1, 1, 1, 2, 2, 3]


def test_what_trains_by_itself_may_take_any_time(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("def objective(trial):\n    return 1.0\n")
    recipe = Recipe(family=ObjectiveFunction(f"{tmp_path}/train.py:objective"), epochs=1, metrics=("score",))
    given = SimpleQueue[str]()
    worker = EngineWorker(SignsOfLife(lambda: given.put("sign")))
    rest = {
        "validation_share": 0.1,
        "folds": 1,
        "hold_out": True,
        "at_most": None,
        "searched": [],
        "vectorize": True,
        "example": {},
    }
    source = {"name": "", "root": "", "sha256": ""}
    worker.open(recipe.model_dump(mode="json"), source, engines=[0], threads=1, device="cpu", **rest)
    assert [given.get(timeout=30.0) for _ in range(2)] == ["sign", "sign"]  # and nothing has been trained


# --- work in this process ---------------------------------------------------------------------------------------------


def test_work_of_this_process_that_hangs_is_told_with_its_line() -> None:
    told = SimpleQueue[str]()
    watchdog = Watchdog(1.0, told.put)
    with watchdog.watching():
        line = told.get(timeout=60.0)  # which waits, and so is the work that hangs
        watchdog.sign()
        again = told.get(timeout=60.0)
    assert line.startswith("no minibatch was finished for 1 s; the work is at ")
    assert f"{__file__}, line " in line
    assert "in test_work_of_this_process_that_hangs_is_told_with_its_line" in line
    assert "press Ctrl-C twice and give the same command with --workers 1" in line
    assert again.startswith("no minibatch was finished for 1 s")
    assert told.empty()


HANGING = """
import time

from torch import nn

from studyhall import Int, Study


class Net(nn.Module):
    def __init__(self, inputs, classes, units):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(inputs, units), nn.ReLU(), nn.Linear(units, classes))
        self.waits = iter([3.0])

    def forward(self, x):
        time.sleep(next(self.waits, 0.0))
        return self.layers(x)


space = {"units": Int(4, 8), "learning_rate": 0.1, "weight_decay": 0.0}
study = Study(family=Net, data="digits", epochs=1, trials=1, engines=1, space=space, sampler="random")
"""


@pytest.mark.slow
def test_a_search_without_workers_tells_where_a_model_hangs(tmp_path: Path) -> None:
    file = tmp_path / "hanging.py"
    file.write_text(HANGING)
    told = list[str]()
    named = load(str(file))
    options = Options(storage=f"sqlite:///{tmp_path}/runs.db", workers=0)
    machine = Machine(0, timeout=1.0)
    launch.search(launch.prepare(named, options), options, interrupt=Interrupt(), note=told.append, machine=machine)
    assert [line for line in told if f"{file}, line 16, in forward" in line]


HANGING_DATA = """
import time

import numpy as np

from studyhall import Float, Mlp, Study


def load():
    time.sleep(3.0)
    draw = np.random.default_rng(0)
    return draw.random((60, 4), np.float32), draw.integers(0, 2, 60)


space = {"hidden": 8, "learning_rate": Float(0.01, 0.1), "weight_decay": 0.0}
study = Study(family=Mlp(), data=load, epochs=1, trials=1, space=space)
"""


@pytest.mark.slow
def test_a_data_function_that_hangs_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "hanging.py"
    file.write_text(HANGING_DATA)
    told = list[str]()
    options = Options(storage=f"sqlite:///{tmp_path}/runs.db", worker_timeout=1.0)
    launch.prepare(load(str(file)), options, told.append)
    (line,) = told
    assert line.startswith(f"no data came for 1 s; the work is at {file}, line 10, in load.")
    assert line.endswith("If it hangs, press Ctrl-C and mend it")


# --- a worker process, in whose place a shell stands ------------------------------------------------------------------


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[WorkerProcess]:
    shell = tmp_path / "python"
    shell.write_text(f"#!/bin/sh\n{request.param}\n")
    shell.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(shell))
    monkeypatch.setattr(local, "WORKER_TIMEOUT", 2.0)  # before the first answer
    made = WorkerProcess(0, timeout=2.0)
    made.send({"do": "tick"})
    yield made
    made.close()


@pytest.mark.parametrize("worker", ["exec sleep 100"], indirect=True)
def test_a_worker_that_gives_no_sign_is_ended(worker: WorkerProcess) -> None:
    with pytest.raises(EngineError, match=r"^worker 0 hung: it was ended after 2 s in which") as raised:
        worker.receive()
    assert (raised.value.died, raised.value.silent, worker.dead) == (True, True, True)


@pytest.mark.slow
@pytest.mark.parametrize("worker", ["for i in 1 2 3 4; do sleep 1; echo; done; echo '{\"scores\": []}'"], indirect=True)
def test_a_worker_that_gives_signs_is_waited_for(worker: WorkerProcess) -> None:
    assert worker.receive() == {"scores": []}


@pytest.mark.parametrize("worker", ["sleep 5 & exit 3"], indirect=True)
def test_a_worker_is_dead_although_what_it_has_started_lives(worker: WorkerProcess) -> None:
    with pytest.raises(EngineError, match=r"^worker 0 died: exit status 3$") as raised:
        worker.receive()
    assert (raised.value.died, raised.value.silent) == (True, False)
