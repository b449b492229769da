"""What a caller says of a search besides its study: where it is kept, and what it runs on. Imports nothing heavy."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from models.errors import UserError

DEFAULT_STORAGE = "sqlite:///runs/studies.db"
WORKER_TIMEOUT = 600.0  # seconds without a finished minibatch after which a worker is ended


@dataclass(frozen=True)
class Options:
    """Where a search is kept and what it runs on: only dataset, data_dir and device change what a trial learns."""

    storage: str = DEFAULT_STORAGE  # the database's address
    name: str | None = None  # the study's name in the database; its file's unless given
    dataset: str | None = None  # a data set instead of the study's own
    data_dir: str | Path | None = None  # the folder of the data set
    workers: int | None = None  # processes; 0 trains in this one; None: one per engine, while there are cores
    cluster: str | None = None  # address of a Ray cluster to train on: auto, HOST:PORT or ray://HOST:PORT
    engine_cpus: float | None = None  # CPUs of an engine on the cluster; None: one per thread
    engine_gpus: float | None = None  # GPUs of an engine on the cluster, like 0.5; None: 1 on cuda
    device: str = "auto"  # "auto", "cpu" or "cuda"
    worker_timeout: float = WORKER_TIMEOUT  # seconds without a finished minibatch that end a worker; 0 is never
    timeout: float | None = None  # seconds after which the run pauses
    restart: bool = False  # begin anew, and keep what is there under another name

    @property
    def host_timeout(self) -> float:
        """The seconds without a finished minibatch that end a host; infinite is never."""
        return self.worker_timeout or math.inf

    def checked(self, prefix: str = "") -> Self:
        """Return these options if each can be used; messages name them with a `prefix`, "--" on a command line.

        Raises:
            UserError: A value is out of bounds, or two options contradict each other.
        """
        if self.device not in ("auto", "cpu", "cuda"):
            raise UserError(f"{prefix}device is {self.device}", "choose auto, cpu or cuda")
        if not (self.worker_timeout == 0 or self.worker_timeout >= 10):
            name = f"{prefix}{'worker-timeout' if prefix else 'worker_timeout'}"
            raise UserError(f"{name} is {self.worker_timeout:g} seconds", "give 10 or more, or 0 for no limit")
        if self.name == "":
            raise UserError(f"{prefix}name is empty", "give the study a name, or leave it out")
        if self.timeout is not None and not self.timeout >= 0:
            raise UserError(f"{prefix}timeout is {self.timeout:g} seconds", "give a number that is not below 0")
        if self.workers is not None and not 0 <= self.workers <= 4096:
            raise UserError(f"{prefix}workers is {self.workers}", "give a whole number from 0 to 4096")
        for field, count in (("engine_cpus", self.engine_cpus), ("engine_gpus", self.engine_gpus)):
            name = f"{prefix}{field.replace('_', '-') if prefix else field}"
            if count is not None and self.cluster is None:
                raise UserError(
                    f"{name} is for engines on a cluster", f"name one with {prefix}cluster, or leave it out"
                )
            if count is not None and not 0 <= count < math.inf:
                raise UserError(f"{name} is {count:g}", "give a number that is not below 0")
        if self.cluster is not None and self.workers is not None:
            raise UserError(
                f"{prefix}workers is for engines on this machine, {prefix}cluster for engines elsewhere",
                "give one of the two",
            )
        return self
