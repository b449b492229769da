"""The fleet's places on a Ray cluster: one actor around an engine host for every engine, wherever Ray finds room.

The coordinator speaks to them as to workers of its own machine, with the same messages. What differs is here: the
training set goes into Ray's object store once, files travel as bytes, and our own packages by Ray's runtime
environment. An actor, its process or its node that dies is a dead host; the coordinator brings its lanes back. Hosts
that find no room yet stay asked for, so that Ray's autoscaler knows of them, and are taken in when they come. Made by
launch.py, and by reports where it trains, and only where a cluster is asked for: nothing else imports Ray.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np

from models.config.recipe import Recipe
from models.datasets.source import Source, training_examples
from models.errors import UserError
from search.fleet.base import EngineError, HostHandle
from search.fleet.node import LIBRARIES, Files, NodeHost, versions
from search.fleet.ray_address import OtherLibraries, _cannot_start, _joined
from search.fleet.worker import Message

_GRACE = 15.0  # seconds without another host that came, until a fleet makes do with those it has
_PATIENCE = 30.0  # seconds without an answer after which it is asked whether the node is still there
_STILLBORN = 5  # hosts in a row that died on their way


class Cluster:
    """A Ray cluster as a site. A context manager: leaving it ends every host and the connection."""

    def __init__(
        self, address: str, *, cpus: float, gpus: float, unequal: bool = False, say: Callable[[str], None]
    ) -> None:
        """Join the cluster at `auto`, `HOST:PORT` or `ray://HOST:PORT`; a host takes so many CPUs and GPUs.

        With `unequal` the fastest machine's host comes first. `say` is told what the user should know. Raises UserError
        where the cluster cannot be joined.
        """
        self._cpus, self._gpus, self._unequal, self._say = cpus, gpus, unequal, say
        self._coming: list[_NodePlace] = []
        self._stillborn, self._begun = 0, False
        self._put: tuple[Source, Any] | None = None
        self.ray = _joined(address)
        # SPREAD: engines compete for their machine's memory, so few on each of many nodes are faster.
        self._actors = self.ray.remote(NodeHost).options(num_cpus=cpus, num_gpus=gpus, scheduling_strategy="SPREAD")

    # --- as a site of the fleet

    def ensure_hosts(self, places: list[HostHandle], engines: int) -> None:
        """Put hosts in for those that are dead or missing, as far as there is room; waits for the first one."""
        for place in places:
            if place.dead:
                place.close()
        places[:] = [place for place in places if not place.dead]
        self._coming += [self._asked_for() for _ in range(engines - len(places) - len(self._coming))]
        waited, told = time.monotonic(), False
        while self._coming:
            if came := self._came(seconds=1.0):
                places += came
                waited = time.monotonic()
            overdue = time.monotonic() - waited > _GRACE
            if places and (overdue or len(places) >= self._room()):
                break
            if not places and overdue and not told:
                self._say(f"waiting for the cluster: no engine has found room yet; each takes {self._wanted}")
                told = True
        if not places:
            raise UserError(
                "no node of the cluster can host an engine any more", "mend it; the same command goes on from here"
            )
        self._begun = True
        if self._unequal:
            places.sort(key=lambda place: place.seconds if isinstance(place, _NodePlace) else 0.0)
        if self._coming:
            self._say(
                f"the cluster has room for {len(places)} of {engines} engines at a time: they share what there is, and "
                "spread when nodes join"
            )

    @property
    def can_expand(self) -> bool:
        """Whether a host that had found no room has come."""
        return bool(self._coming and self.ready([place.arrival for place in self._coming], seconds=0))

    def _asked_for(self) -> "_NodePlace":
        actor = self._actors.remote()
        return _NodePlace(self, actor, actor.arrive.remote(self._unequal))

    def _came(self, seconds: float) -> "list[_NodePlace]":
        """Wait for hosts on their way until all have come, or for so long; returns those that have.

        Raises UserError where one cannot be used, unless a fleet has others already: then it is told, and left out.
        """
        asked = {place.arrival: place for place in self._coming}
        came = []
        for arrival in self.ready(list(asked), seconds):
            place = asked[arrival]
            self._coming.remove(place)
            try:
                place.arrive()
                came.append(place)
                self._stillborn = 0
            except self.ray.exceptions.RayError as error:
                place.close()
                self._stillborn += 1
                if self._stillborn < _STILLBORN and not _cannot_start(self.ray, error):
                    self._coming.append(self._asked_for())
                else:
                    self._leave_out(str(error).strip().splitlines()[-1].strip())
            except OtherLibraries as other:
                place.close()
                self._leave_out(str(other))
        return came

    def _leave_out(self, reason: str) -> None:
        if not self._begun:
            raise UserError(
                f"an engine cannot be started on the cluster: {reason}",
                f"install the same versions of Python, {', '.join(LIBRARIES)} on every node and here",
            )
        self._say(f"an engine could not be started on the cluster, and is not asked for again: {reason}")

    def _room(self) -> int:
        """How many hosts the nodes that are there could have, if nobody else used them."""
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        wanted = {"CPU": self._cpus, "GPU": self._gpus}
        each = [[node.get(kind, 0.0) / many for kind, many in wanted.items() if many] for node in nodes]
        return sum(math.floor(min(fits)) if fits else 1 for fits in each)

    @property
    def _wanted(self) -> str:
        wanted = {"CPU": self._cpus, "GPU": self._gpus}
        return " and ".join(f"{many:g} {kind}" for kind, many in wanted.items() if many)

    # --- what its places ask

    def ready(self, asked: list[Any], seconds: float) -> list[Any]:
        """Wait until everything asked for is there, or for so long; returns what is."""
        try:
            return list(self.ray.wait(asked, num_returns=len(asked), timeout=seconds)[0])
        except SystemError as error:  # what a signal's handler raised comes out of Ray's C++ so
            raise error.__cause__ or error from None

    def address(self, node: str) -> str | None:
        """Return the network address of a node that is alive, else None."""
        alive = {it["NodeID"]: str(it["NodeManagerAddress"]) for it in self.ray.nodes() if it["Alive"]}
        return alive.get(node)

    def examples(self, source: Source) -> Any:
        """Return a reference to the training examples of a source, which lie in the object store from then on.

        Read and hashed here, once; nodes map the arrays without a copy.
        """
        if self._put is None or self._put[0] != source:
            examples = training_examples(source)
            # Of a subclass, like a file's map, pickle would copy the content.
            inputs, labels = np.asarray(examples.inputs), np.asarray(examples.labels)
            self._put = source, self.ray.put(replace(examples, inputs=cast(Any, inputs), labels=labels))
        return self._put[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for place in self._coming:
            place.close()
        self.ray.shutdown()


class _NodePlace:
    """A host in an actor."""

    def __init__(self, cluster: Cluster, actor: Any, arrival: Any) -> None:
        self._cluster, self._actor, self.arrival = cluster, actor, arrival
        self._node, self._engines, self._waiting = "", [0], None
        self.dead, self.seconds, self.at = False, 0.0, "?"

    def arrive(self) -> None:
        """Take note of where the host has come to. Raises OtherLibraries where others are there than here."""
        self._node, there, self.seconds = self._cluster.ray.get(self.arrival)
        self.at = self._cluster.address(self._node) or "?"
        different = [f"{name} {there[name]} (here {here})" for name, here in versions().items() if there[name] != here]
        if different:
            raise OtherLibraries(f"node {self.at} has {', '.join(different)}")

    def send(self, message: Message) -> None:
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
        self._waiting = self._actor.obey.remote(message, files, examples)

    def receive(self) -> Message:
        ray = self._cluster.ray
        try:
            while not self._cluster.ready([self._waiting], _PATIENCE):
                if self._cluster.address(self._node) is None:
                    raise self._died("its node does not answer")
            answer, files = ray.get(self._waiting)
        except ray.exceptions.RayError as error:
            raise self._died(type(error).__name__) from error
        for name, content in files.items():
            _write(Path(name), content)
        if "refused" in answer:
            raise UserError(*answer["refused"])
        if "failed" in answer:
            raise EngineError(answer["failed"])
        return dict(answer)

    def _died(self, how: str) -> EngineError:
        self.dead = True
        lost = self._cluster.address(self._node) is None
        return EngineError(f"the engine host on node {self.at} died: {how}", died=True, lost=lost)

    def close(self) -> None:
        self.dead = True
        self._cluster.ray.kill(self._actor)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".partial")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
