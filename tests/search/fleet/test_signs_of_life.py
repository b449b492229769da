"""How a host shows that it gets on, and what is done with one that does not."""

import sys
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from models.config.recipe import Recipe
from models.families.external.function import ObjectiveFunction
from search.fleet import local
from search.fleet.base import EngineError
from search.fleet.local import WorkerProcess
from search.fleet.signs_of_life import SignsOfLife
from search.fleet.worker import EngineWorker


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


@pytest.mark.parametrize("worker", ["for i in 1 2 3 4; do sleep 1; echo; done; echo '{\"scores\": []}'"], indirect=True)
def test_a_worker_that_gives_signs_is_waited_for(worker: WorkerProcess) -> None:
    assert worker.receive() == {"scores": []}


@pytest.mark.parametrize("worker", ["sleep 5 & exit 3"], indirect=True)
def test_a_worker_is_dead_although_what_it_has_started_lives(worker: WorkerProcess) -> None:
    with pytest.raises(EngineError, match=r"^worker 0 died: exit status 3$") as raised:
        worker.receive()
    assert (raised.value.died, raised.value.silent) == (True, False)
