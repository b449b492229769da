"""One host of a Ray cluster: an actor, its messages with the files they need, and what its death means."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.config.recipe import Recipe
from models.datasets.source import Source
from search.fleet.base import EngineError, Message, checked
from search.fleet.node import Files, versions
from search.fleet.ray_connection import OtherLibraries
from search.fleet.signs_of_life import silent_host
from search.options import WORKER_TIMEOUT

if TYPE_CHECKING:
    from search.fleet.ray import Cluster

_ANSWER_SECONDS = 30.0  # without an answer, after which Ray is asked whether the node is still there


class NodeHandle:
    """A host in an actor."""

    def __init__(self, cluster: "Cluster", number: int, actor: Any, arrival: Any) -> None:
        self._cluster, self._number, self._actor, self.arrival = cluster, number, actor, arrival
        self._patience = max(cluster.timeout, WORKER_TIMEOUT)  # of its first answer, before which it imports torch
        self._node, self._engines, self._reply = "", [0], None
        self.dead, self.seconds, self._address = False, 0.0, "?"

    def arrive(self) -> None:
        """Take in what the host says of its node. Raises OtherLibraries where other versions are there than here."""
        self._node, theirs, self.seconds = self._cluster.ray.get(self.arrival)
        self._address = self._cluster.node_address(self._node) or "?"
        here = versions()
        different = [f"{name} {theirs[name]} (here {here[name]})" for name in here if theirs[name] != here[name]]
        if different:
            raise OtherLibraries(f"node {self._address} has {', '.join(different)}")

    def send(self, message: Message) -> None:
        """Send a message, with the files that it needs."""
        files: Files = {}
        examples = None
        if message["do"] == "open":
            self._engines = message["engines"]
            examples = self._cluster.examples(Source(**message["source"]))
            recipe = Recipe.model_validate(message["recipe"])
            files = {path: text.encode() for path, text in recipe.family.source_files().items()}
        if message["do"] == "load":
            paths = [Path(message["folder"], f"engine-{engine}.safetensors") for engine in self._engines]
            files = {str(path): path.read_bytes() for path in paths}
        self._reply = self._actor.answer.remote(message, files, examples)

    def receive(self) -> Message:
        """Wait for the answer, and write the files that came with it."""
        ray = self._cluster.ray
        try:
            signs: int | None = None
            silent = 0.0
            while not self._cluster.ready([self._reply], look := min(_ANSWER_SECONDS, self._patience)):
                if self._cluster.node_address(self._node) is None:
                    raise self._died("its node does not answer")
                now = self._cluster.signs_of_life(self._number)
                silent = silent + look if now is not None and now == signs else 0.0
                signs = now
                if silent >= self._patience:
                    self.close()
                    raise silent_host(self._name, self._patience)
            self._patience = self._cluster.timeout
            answer, files = ray.get(self._reply)
        except ray.exceptions.RayError as error:
            raise self._died(type(error).__name__) from error
        for name, content in files.items():
            _write(Path(name), content)
        return checked(dict(answer))

    def _died(self, how: str) -> EngineError:
        self.dead = True
        lost = self._cluster.node_address(self._node) is None
        return EngineError(f"{self._name} died: {how}", died=True, lost=lost)

    @property
    def _name(self) -> str:
        return f"the engine host on node {self._address}"

    def close(self) -> None:
        """Kill the actor."""
        self.dead = True
        self._cluster.ray.kill(self._actor)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".partial")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
