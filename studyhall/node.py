"""The actor of a cluster's node: a host of engines by a name that is the same however the coordinator was begun."""

from typing import Any

from studyhall import importing


class Node:
    """Passes everything on to `search.fleet.node.NodeHost`, whose models may import a `models` of their own."""

    def __init__(self) -> None:
        self._host = importing.load("search.fleet.node").NodeHost()

    def arrive(self, timed: bool) -> Any:
        """See there."""
        return self._host.arrive(timed)

    def answer(self, *message: Any) -> Any:
        """See there."""
        return self._host.answer(*message)
