"""A study on GPUs that are made up: what it says itself counts, and what it was begun with."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from models.datasets.source import locate
from models.families.footprint import lane_bytes
from search import Float, Int, Mlp, Study
from search.fleet.local import Machine, worker_count
from search.launch import hosts
from search.machine.device import visible_gpu
from search.machine.gpu_study import cost_of_trial, largest, on_gpus
from search.options import Options

SPACE = {"learning_rate": Float(1e-3, 1.0, log=True), "hidden": Int(16, 512, log=True), "weight_decay": 0.0}


def study(**more: Any) -> Study:
    return Study(**{"family": Mlp(), "data": "digits", "space": SPACE, "trials": 400, **more})


@pytest.fixture
def _two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(total_memory=24 << 30))


def placed(of: Study, begun: Study | None = None, device: str = "cuda", *, cluster: bool = False) -> tuple[int, Any]:
    source = locate("digits", None)
    assert source is not None
    found = on_gpus(of, begun, device, source, cluster=cluster)
    return found.engines, found.lanes


@pytest.mark.usefixtures("_two_gpus")
def test_a_study_that_says_neither_has_an_engine_a_gpu() -> None:
    assert placed(study()) == (2, 50)


@pytest.mark.usefixtures("_two_gpus")
def test_what_a_study_says_counts() -> None:
    assert placed(study(lanes=8)) == (2, 8)
    assert placed(study(engines=1)) == (1, 8)
    assert placed(study(), device="cpu") == (2, 8)
    assert placed(study(), cluster=True) == (2, 8)


@pytest.mark.usefixtures("_two_gpus")
def test_a_study_goes_on_as_it_was_begun() -> None:
    assert placed(study(), begun=study(engines=1, lanes=33)) == (1, 33)


def test_the_largest_trial_is_what_memory_is_counted_of() -> None:
    source = locate("digits", None)
    assert source is not None
    assert largest(study())["hidden"] == 512
    memory, work = cost_of_trial(study(), source)
    narrow, _ = cost_of_trial(study(space=SPACE | {"hidden": Int(16, 32)}), source)
    assert memory > 2 * narrow
    assert work == 3 * 128 * Mlp().flops_per_example((1, 28, 28), 10, study().example)


def test_a_lanes_memory_is_weights_and_activations() -> None:
    family = study().make_family((1, 8, 8), 10)
    weights, outputs = 65 * 32 + 33 * 10, 64 + 64 + 32 + 32 + 10  # the inputs, flat as well, and each layer's
    assert lane_bytes(family, {"hidden": 32}, (1, 8, 8), 128) == 4 * (5 * weights + 1000 * outputs)

    class Unbuildable:
        def build(self, parameters: Any) -> nn.Module:
            raise ValueError

    assert lane_bytes(Unbuildable(), {}, (1, 8, 8), 128) == 0.0  # type: ignore[arg-type]


# --- processes --------------------------------------------------------------------------------------------------------


def test_engines_on_one_gpu_share_a_process() -> None:
    assert worker_count(None, 2, gpus=1) == 1
    assert worker_count(None, 4, gpus=2) == 2
    assert worker_count(3, 4, gpus=1) == 3  # as asked for
    assert worker_count(0, 4, gpus=2) == 0


@pytest.mark.parametrize(
    ("number", "visible", "expected"), [(0, None, "0"), (3, None, "1"), (1, "5,7", "7"), (2, "GPU-a,GPU-b", "GPU-a")]
)
def test_each_process_sees_one_gpu(number: int, visible: str | None, expected: str) -> None:
    assert visible_gpu(number, 2, visible) == expected


@pytest.mark.usefixtures("_two_gpus")
@pytest.mark.parametrize(("workers", "told"), [(None, 0), (2, 0), (1, 1), (0, 1)])
def test_workers_that_leave_a_gpu_idle_are_noted(workers: int | None, told: int) -> None:
    notes: list[str] = []
    with hosts(study(engines=3), "cuda", Options(workers=workers), notes.append):
        pass
    assert len(notes) == told
    assert all(f"--workers {workers} uses 1 of 2 GPUs" in note and "--workers 2" in note for note in notes)


def test_workers_that_were_begun_early_are_hosts_of_engines_on_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[int, int]] = []

    class Worker:
        def __init__(self, number: int, timeout: float, gpus: int = 0) -> None:
            started.append((number, gpus))
            self.dead = False

        def close(self) -> None:
            self.dead = True

    monkeypatch.setattr("search.fleet.local.WorkerProcess", Worker)
    with Machine(2) as machine:
        machine.begin(1)
        machine.host(None, engines=3, gpus=2, note=lambda line: None)
        hosts: list[Any] = []
        machine.ensure_hosts(hosts, 3)
    assert started == [(0, 0), (1, 2)]
    assert len(hosts) == 2
