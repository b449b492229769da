"""The fleet of a Ray cluster: one actor around a host for every engine, wherever Ray finds room.

Hosts get the same messages as workers of this machine. What differs is here: the training set goes into Ray's object
store once, files travel as bytes, and our own packages by Ray's runtime environment. An actor, a process or a node that
dies is a dead host. Hosts that find no room yet stay asked for, so that Ray's autoscaler knows of them, and join when
they come. Imported only where a cluster is asked for.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, cast

import numpy as np

from models.datasets.source import Source, training_examples
from models.errors import UserError
from search.fleet.base import HostHandle, HostOptions
from search.fleet.node import LIBRARIES
from search.fleet.ray_connection import OtherLibraries, cannot_start, join
from search.fleet.ray_host import NodeHandle
from search.options import WORKER_TIMEOUT
from studyhall.node import Node, Signs

_GRACE_SECONDS = 15.0  # without another host that came, until a fleet makes do with those it has
_SIGNS_SECONDS = 10.0  # to ask how many signs of life a host has given
_FAILED_STARTS = 5  # hosts in a row that died before they arrived


class Cluster(AbstractContextManager["Cluster"]):
    """A Ray cluster as a `HostProvider`. A context manager: leaving it ends every host and the connection.

    Args:
        address: `auto`, `HOST:PORT` or `ray://HOST:PORT`.
        cpus: CPUs that a host takes.
        gpus: GPUs that a host takes; may be a part of one.
        unequal: Put the fastest machine's host first.
        timeout: Seconds without a sign of life after which a host is ended and replaced.
        say: Called with each message for the user.

    Raises:
        UserError: The cluster cannot be joined.
    """

    def __init__(
        self,
        address: str,
        *,
        cpus: float,
        gpus: float,
        unequal: bool = False,
        timeout: float = WORKER_TIMEOUT,
        say: Callable[[str], None],
    ) -> None:
        self._cpus, self._gpus, self._unequal, self._say = cpus, gpus, unequal, say
        self.timeout = timeout
        self._coming: list[NodeHandle] = []
        self._failed_starts, self._begun = 0, False
        self._stored: tuple[Source, Any] | None = None
        self.ray = join(address)
        # SPREAD: engines compete for their machine's memory, so few on each of many nodes are faster.
        self._asked_for = 0  # hosts so far, which gives each a number
        self._signs = self.ray.remote(Signs).options(num_cpus=0, max_restarts=-1).remote()
        self._actors = self.ray.remote(Node).options(num_cpus=cpus, num_gpus=gpus, scheduling_strategy="SPREAD")

    # --- as a provider of hosts

    def peak_memory(self) -> int:
        """Return 0: the hosts are on other machines."""
        return 0

    def ensure_hosts(self, hosts: list[HostHandle], engines: int) -> None:
        """Replace dead hosts and add missing ones, as far as there is room; waits for the first one."""
        for host in hosts:
            if host.dead:
                host.close()
        living = [host for host in cast(list[NodeHandle], hosts) if not host.dead]
        self._coming += [self._ask_for_host() for _ in range(engines - len(living) - len(self._coming))]
        waited, noted = time.monotonic(), False
        while self._coming:
            if arrived := self._arrived(seconds=1.0):
                living += arrived
                waited = time.monotonic()
            overdue = time.monotonic() - waited > _GRACE_SECONDS
            if living and (overdue or len(living) >= self._room()):
                break
            if not living and overdue and not noted:
                self._say(f"waiting for the cluster: no engine has found room yet; each takes {self._resources}")
                noted = True
        if not living:
            raise UserError(
                "no node of the cluster can host an engine any more", "mend it; the same command goes on from here"
            )
        self._begun = True
        if self._unequal:
            living.sort(key=lambda host: host.seconds)
        hosts[:] = living
        if self._coming:
            self._say(
                f"the cluster has room for {len(hosts)} of {engines} engines at a time: they share what there is, and "
                "spread when nodes join"
            )

    @property
    def can_expand(self) -> bool:
        """Whether a host that had found no room has come."""
        return bool(self._coming and self.ready([host.arrival for host in self._coming], seconds=0))

    def _ask_for_host(self) -> NodeHandle:
        self._asked_for += 1
        actor = self._actors.remote()
        arrival = actor.arrive.remote(self._unequal, self._signs, self._asked_for)
        return NodeHandle(self, self._asked_for, actor, arrival)

    def _arrived(self, seconds: float) -> list[NodeHandle]:
        """Wait until all hosts that were asked for have arrived, or for so long; returns those that have.

        Raises UserError where one cannot be used and the fleet has no others; else it is left out, with a message.
        """
        asked = {host.arrival: host for host in self._coming}
        arrived = []
        for arrival in self.ready(list(asked), seconds):
            host = asked[arrival]
            self._coming.remove(host)
            try:
                host.arrive()
                arrived.append(host)
                self._failed_starts = 0
            except self.ray.exceptions.RayError as error:
                host.close()
                self._failed_starts += 1
                if self._failed_starts < _FAILED_STARTS and not cannot_start(self.ray, error):
                    self._coming.append(self._ask_for_host())
                else:
                    self._leave_out(str(error).strip().splitlines()[-1].strip())
            except OtherLibraries as other:
                host.close()
                self._leave_out(str(other))
        return arrived

    def _leave_out(self, reason: str) -> None:
        if not self._begun:
            raise UserError(
                f"an engine cannot be started on the cluster: {reason}",
                f"install the same versions of Python, {', '.join(LIBRARIES)} on every node and here",
            )
        self._say(f"an engine could not be started on the cluster, and is not asked for again: {reason}")

    def _room(self) -> int:
        """Return how many hosts the nodes that are there could have, if nobody else used them."""
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        wanted = {"CPU": self._cpus, "GPU": self._gpus}
        each = [[node.get(kind, 0.0) / many for kind, many in wanted.items() if many] for node in nodes]
        return sum(math.floor(min(fits)) if fits else 1 for fits in each)

    @property
    def _resources(self) -> str:
        wanted = {"CPU": self._cpus, "GPU": self._gpus}
        return " and ".join(f"{many:g} {kind}" for kind, many in wanted.items() if many)

    # --- for its hosts

    def ready(self, asked: list[Any], seconds: float) -> list[Any]:
        """Wait until all of these references are ready, or for so long; returns those that are."""
        try:
            return list(self.ray.wait(asked, num_returns=len(asked), timeout=seconds)[0])
        except SystemError as error:  # what a signal's handler raised comes out of Ray's C++ so
            raise error.__cause__ or error from None

    def node_address(self, node: str) -> str | None:
        """Return the network address of a node that is alive, else None."""
        alive = {it["NodeID"]: str(it["NodeManagerAddress"]) for it in self.ray.nodes() if it["Alive"]}
        return alive.get(node)

    def signs_of_life(self, host: int) -> int | None:
        """Return how many signs of life a host has given; None where nobody can say."""
        asked = self._signs.count.remote(host)
        try:
            return int(self.ray.get(asked)) if self.ready([asked], _SIGNS_SECONDS) else None
        except self.ray.exceptions.RayError:
            return None

    def examples(self, source: Source) -> Any:
        """Return a reference to the training examples of a source, which are put into the object store once.

        They are read and hashed here; nodes map the arrays without a copy.
        """
        if self._stored is None or self._stored[0] != source:
            examples = training_examples(source)
            # Of a subclass, like a file's map, pickle would copy the content.
            inputs, labels = np.asarray(examples.inputs), np.asarray(examples.labels)
            self._stored = source, self.ray.put(replace(examples, inputs=cast(Any, inputs), labels=cast(Any, labels)))
        return self._stored[1]

    def __exit__(self, *error: object) -> None:
        for host in self._coming:
            host.close()
        self.ray.shutdown()


def ray_hosts(options: HostOptions) -> Cluster:
    """Join a Ray cluster: the registry's entry "ray"."""
    assert options.address is not None
    return Cluster(
        options.address,
        cpus=options.threads if options.engine_cpus is None else options.engine_cpus,
        gpus=float(options.device == "cuda") if options.engine_gpus is None else options.engine_gpus,
        unequal=not options.equal,
        timeout=options.worker_timeout,
        say=options.note,
    )
