"""What engines run on, "cpu" or "cuda": decided once, before a study begins. Knows no study and no data set."""

import os
from pathlib import Path

from models.errors import UserError

# What NVIDIA's driver puts there: on Linux, and on Linux inside Windows (WSL2). Windows itself has no such file.
DRIVER_FILES = ("/dev/nvidia0", "/dev/dxg")


def resolve_device(device: str) -> str:
    """Return the device of this machine's engines, "cpu" or "cuda", where "auto" may be asked for as well.

    Raises:
        UserError: "cuda" is asked for and there is none.
    """
    if device == "cpu" or (device == "auto" and not may_have_gpu()):
        return "cpu"  # without importing torch, which takes seconds
    # Workers import torch at this very moment, and the search waits for them anyway.
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise UserError("this torch finds no CUDA device", "leave out --device, or install a torch built for CUDA")
    return "cpu"


def gpu_count(device: str) -> int:
    """Return how many GPUs torch finds on this machine; 0 where engines are on "cpu"."""
    if device != "cuda":
        return 0
    import torch

    return torch.cuda.device_count()


def visible_gpu(number: int, gpus: int, visible: str | None) -> str:
    """Return what CUDA_VISIBLE_DEVICES is for a process that has one GPU, in turn.

    Args:
        number: The process's.
        gpus: How many there are.
        visible: What the variable is for this process; None where it is not set.
    """
    return (visible.split(",") if visible else [str(each) for each in range(gpus)])[number % gpus]


def may_have_gpu() -> bool:
    """Return whether a driver shows a GPU; without importing torch."""
    return os.name == "nt" or any(Path(file).exists() for file in DRIVER_FILES)


def cluster_device(device: str, engine_gpus: float | None) -> str:
    """Return the device of a cluster's engines; this machine need not have it.

    Raises:
        UserError: The two contradict each other.
    """
    if engine_gpus:
        if device == "cpu":
            raise UserError("engines that take GPUs cannot be on cpu", "leave out --device or --engine-gpus")
        return "cuda"
    if device == "cuda" and engine_gpus == 0:
        raise UserError("engines on cuda need a share of a GPU", "give --engine-gpus 1, or a part, like 0.5")
    return "cuda" if device == "cuda" else "cpu"
