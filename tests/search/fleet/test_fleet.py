"""What the fleet does with hosts that die while they load the data."""

from collections.abc import Sequence

import pytest

from models.datasets.source import Source
from models.errors import UserError
from search.fleet.base import EngineError, HostHandle, Message
from search.fleet.fleet import Fleet
from search.fleet.signs_of_life import silent_host
from tests.support.runs import REPEATING

OPENED = {"train": 8, "validation": 2, "shape": [4], "classes": ["a", "b"], "commonest": ["a", 0.5], "constant": None}
KILLED = EngineError("worker 0 died: killed by SIGKILL", died=True)


class Host:
    """A host that loads the data, or dies meanwhile."""

    def __init__(self, fate: EngineError | None) -> None:
        self._fate, self.dead = fate, False

    def send(self, message: Message) -> None:
        pass

    def receive(self) -> Message:
        if self._fate is not None:
            self.dead = True
            raise self._fate
        return OPENED

    def close(self) -> None:
        pass


class HostProvider:
    """One host after another, each with its fate."""

    can_expand = False

    def __init__(self, fates: Sequence[EngineError | None]) -> None:
        self._fates = list(fates)
        self.given: Host | None = None

    @property
    def left(self) -> int:
        """How many it would still give."""
        return len(self._fates)

    def ensure_hosts(self, hosts: list[HostHandle], engines: int) -> None:
        if self.given is None or self.given.dead:
            self.given = Host(self._fates.pop(0))
            hosts[:] = [self.given]

    def peak_memory(self) -> int:
        return 0


def test_a_host_that_is_killed_while_it_loads_the_data_is_replaced(digits: Source) -> None:
    assert Fleet(1, HostProvider([KILLED, None])).open(REPEATING, digits).train == 8


def test_so_is_one_that_is_killed_while_it_loads_them_again(digits: Source) -> None:
    hosts = HostProvider([None, KILLED, None])
    fleet = Fleet(1, hosts)
    fleet.open(REPEATING, digits)
    assert hosts.given is not None
    hosts.given.dead = True
    fleet.rebuild()
    assert hosts.left == 0


@pytest.mark.parametrize(
    ("fates", "remedy"),
    [
        ((KILLED, KILLED), "look whether memory is short"),
        ((silent_host("worker 0", 600.0),), "look what it waits for"),
    ],
    ids=["dies twice", "hangs"],
)
def test_where_the_data_cannot_be_loaded_it_is_told(
    fates: tuple[EngineError, ...], remedy: str, digits: Source
) -> None:
    with pytest.raises(UserError, match="while it loaded the data") as raised:
        Fleet(1, HostProvider(fates)).open(REPEATING, digits)
    assert raised.value.remedy.startswith(remedy)
