"""The actors of a cluster, by names that are the same however the coordinator was begun."""

from collections import Counter
from typing import Any

from studyhall import importing


class Node:
    """Passes everything on to `search.fleet.node.NodeHost`, whose models may import a `models` of their own."""

    def __init__(self) -> None:
        self._host = importing.load("search.fleet.node").NodeHost()

    def arrive(self, timed: bool, signs: Any, number: int) -> Any:
        """See there."""
        return self._host.arrive(timed, signs, number)

    def answer(self, *message: Any) -> Any:
        """See there."""
        return self._host.answer(*message)


class Signs:
    """The actor that counts the signs of life of a cluster's hosts."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def give(self, host: int) -> None:
        """Count one."""
        self._counts[host] += 1

    def count(self, host: int) -> int:
        """Return how many a host has given."""
        return self._counts[host]
