"""The door for fleets: what a place for engines must offer, and the plain data that passes through it.

A fleet of another kind is one function from `HostOptions` to a `HostProvider`, and one line in registry.py or an entry
point of the group `studyhall.fleets`. Imports neither torch nor a cluster's library.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from models.errors import UserError
from search.options import WORKER_TIMEOUT

if TYPE_CHECKING:
    from models.datasets.target import ConstantAnswers

Message = dict[str, Any]  # plain data: numbers, texts, lists and dictionaries with texts as keys, as JSON has them


@dataclass(frozen=True)
class DatasetInfo:
    """What the engines found when they loaded the data."""

    train: int  # examples trained on
    validation: int  # examples scored on
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    commonest: tuple[str, float] | None = None  # the commonest class, and the share that it has of all examples
    constant: "ConstantAnswers | None" = None  # of a regression, what always answering the same number comes to

    @property
    def outputs(self) -> int:
        """How many numbers a model answers with: one a class, or the prediction."""
        return len(self.classes) or 1

    @property
    def imbalanced(self) -> bool:
        """Whether one class is far more common than the others."""
        return self.commonest is not None and is_imbalanced(self.commonest[1], len(self.classes))


def is_imbalanced(share: float, classes: int) -> bool:
    """Return whether the share of the commonest class is nearer to that of an only one than to one of equal classes."""
    return share > (1 + 1 / classes) / 2


class EngineError(RuntimeError):
    """Engines failed: they raised, or their host (the process that they live in, a worker for one) died.

    Args:
        reason: The traceback, or how it died.
        died: Whether the host has ended.
        lost: Whether its machine is gone as well: then no lane can have been the reason.
        silent: Whether it was ended because it gave no sign of life for too long.
    """

    def __init__(self, reason: str, *, died: bool = False, lost: bool = False, silent: bool = False) -> None:
        super().__init__(reason)
        self.died, self.lost, self.silent = died, lost, silent


class HostHandle(Protocol):
    """One host of engines, as the coordinator sees it: it is sent a message, and answers each one in turn."""

    def send(self, message: Message) -> None:
        """Send one message. Raises nothing where the host is dead: `receive` does."""

    def receive(self) -> Message:
        """Wait for the answer to the last message.

        Raises:
            EngineError: The host raised or died.
            UserError: The host refused, for a reason that the user can put right.
        """

    def close(self) -> None:
        """End the host at once. All it holds is in a snapshot, or can be trained again."""

    @property
    def dead(self) -> bool:
        """Whether the host has ended."""


class HostProvider(Protocol):
    """Finds places for hosts, and starts hosts there."""

    def ensure_hosts(self, hosts: list[HostHandle], engines: int) -> None:
        """Replace dead hosts, and add missing ones.

        Args:
            hosts: Changed in place; has at least one living host afterwards.
            engines: How many engines there are: more hosts than that have nothing to do.
        """

    @property
    def can_expand(self) -> bool:
        """Whether `ensure_hosts` would now find more places than it did."""

    def peak_memory(self) -> int:
        """Return the most bytes that one host's process has taken, once the hosts have ended; 0 where it is unknown."""


@dataclass(frozen=True)
class HostOptions:
    """What a fleet is asked for."""

    engines: int  # how many engines the study has
    threads: int = 1  # of each engine
    device: str = "cpu"  # "cpu" or "cuda"
    equal: bool = True  # whether all engines have equally many lanes; else the first host should be the fastest
    address: str | None = None  # the cluster's; None is this machine
    # Processes on this machine; 0 trains in this one, None is one per engine, while there are cores
    workers: int | None = None
    engine_cpus: float | None = None  # CPUs that an engine takes on a cluster; None is one per thread
    engine_gpus: float | None = None  # GPUs that an engine takes on a cluster; None is 1 on "cuda", else 0
    gpus: int = 0  # of this machine, if engines train on them: a process on each hosts its engines
    worker_timeout: float = WORKER_TIMEOUT  # infinite is never
    note: Callable[[str], None] = lambda line: None  # called with each message for the user


def checked(answer: Message) -> Message:
    """Return a host's answer, or raise what it answers: see `EngineWorker.answer`."""
    if "refused" in answer:
        raise UserError(*answer["refused"])
    if "failed" in answer:
        raise EngineError(answer["failed"])
    return answer
