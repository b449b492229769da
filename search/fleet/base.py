"""The fleet: where engines live. In this process, in worker processes that each host some of them, or on a cluster.

The coordinator speaks to all engines at once, in plain data, and cannot tell where they are: a `HostProvider` finds places for
hosts, here this machine, in cluster.py the nodes of a cluster. Engines are dealt to hosts in turn; what their lanes
learn does not depend on it. A worker is `python -m search.fleet.worker`, never a re-import of the caller's __main__, so a
fleet can be started from a notebook as well. A host that dies or raises is an `EngineError`; `rebuild` then gives a
fleet without lanes, and what they had learned is the coordinator's to bring back.
"""

from dataclasses import dataclass
from typing import Protocol

from search.fleet.worker import Message


@dataclass(frozen=True)
class DatasetInfo:
    """What the engines found when they loaded the data."""

    train: int  # examples trained on
    validation: int  # examples scored on
    shape: tuple[int, ...]
    classes: tuple[str, ...]


class EngineError(RuntimeError):
    """An engine host raised, and the text is its traceback; or it died, and the text says how.

    `lost` with its machine: no lane of its can have been the reason.
    """

    def __init__(self, reason: str, *, died: bool = False, lost: bool = False) -> None:
        super().__init__(reason)
        self.died, self.lost = died, lost


class HostHandle(Protocol):
    """A host to send a message to, and to receive its answer from."""

    def send(self, message: Message) -> None:
        """Send one message; where the host is dead, `receive` tells."""

    def receive(self) -> Message:
        """Wait for the answer. Raises EngineError, or UserError where the host refused."""

    def close(self) -> None:
        """End the host at once: it holds nothing that is not in a snapshot, or can be trained again."""

    @property
    def dead(self) -> bool:
        """Whether the host has ended."""


class HostProvider(Protocol):
    """Where places for hosts are found."""

    def ensure_hosts(self, places: list[HostHandle], engines: int) -> None:
        """Put hosts in for those that are dead or missing: at least one, and no more than there are engines."""

    @property
    def can_expand(self) -> bool:
        """Whether `fill` would now find more places than it did."""
