"""What engines run on: where a GPU is certain, torch is not imported to ask for it."""

import ctypes
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from models.errors import UserError
from search import launch
from search.launch import resolve_device

CUDA, NONE = "cuda: Optional[str] = '13.0'\n", "cuda: Optional[str] = None\n"


class Driver:
    """libcuda as far as it is asked."""

    def __init__(self, devices: int, status: int = 0) -> None:
        self._devices, self._status = devices, status

    def cuInit(self, flags: int) -> int:  # noqa: N802 - its name there
        return self._status

    def cuDeviceGetCount(self, told: Any) -> int:  # noqa: N802
        told._obj.value = self._devices
        return 0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A machine that is made of a torch and a driver; returns how often torch itself was asked."""
    asked: list[bool] = []

    def make(built: str, driver: Driver | None, found: bool = False) -> list[bool]:
        (tmp_path / "version.py").write_text(f"__version__ = '2.13.0'\n{built}hip: Optional[str] = None\n")
        monkeypatch.setattr(launch, "find_spec", lambda name: SimpleNamespace(origin=str(tmp_path / "__init__.py")))

        def loaded(name: str) -> Driver:
            if driver is None:
                raise OSError(f"{name}: cannot open shared object file")
            return driver

        monkeypatch.setattr(ctypes, "CDLL", loaded)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: asked.append(found) or found)
        return asked

    return make


def test_a_gpu_that_is_certain_is_taken_without_torch(machine: Any) -> None:
    asked = machine(CUDA, Driver(1))
    assert resolve_device("cuda") == "cuda"
    assert asked == []


@pytest.mark.parametrize(
    ("built", "driver"), [(NONE, Driver(1)), (CUDA, None), (CUDA, Driver(0)), (CUDA, Driver(1, status=100))]
)
def test_what_is_not_certain_is_for_torch_to_say(built: str, driver: Driver | None, machine: Any) -> None:
    asked = machine(built, driver)
    with pytest.raises(UserError, match="this torch finds no CUDA device"):
        resolve_device("cuda")
    assert asked == [False]
    machine(built, driver, found=True)  # ROCm, for instance, which has another driver
    assert resolve_device("cuda") == "cuda"


def test_this_machine_is_judged_as_torch_judges_it() -> None:
    assert "torch" in sys.modules
    assert launch._cuda_at_hand() == torch.cuda.is_available()
