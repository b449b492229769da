"""A Ray cluster of several nodes on this machine, for tests: nodes that join, and that are killed as machines die.

`python -m tests.support.nodes` hosts them, in a process of its own, so that Ray's threads and files are not pytest's.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from studyhall.node import Node
from tests.support.runs import ROOT, is_gone, within

ACTOR = f"ray::{Node.__name__}".encode()  # what Ray calls the process of an engine host
STORE = 128 << 20  # bytes of a node's object store
# A study whose model imports a module that lies beside it.
IMPORTING = """
from models import doubled
from studyhall import Float, Int, Study
from torch import nn

def net(inputs, classes, hidden):
    width = doubled(hidden)
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, classes))

study = Study(
    family=net, data="digits", epochs=2, trials=4, engines=2, lanes=2,
    space={"learning_rate": Float(0.05, 0.5, log=True), "hidden": Int(4, 24), "weight_decay": Float(0.0, 0.1)},
)
"""


# For a busy machine. Ray makes workers nice by 15, which would starve them, gives a client's server 30 seconds, starts
# workers that nobody has asked for, and misses a node that is gone only after 15 seconds.
SETTINGS = {
    "RAY_worker_niceness": "0",
    "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "180",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_enable_worker_prestart": "0",
    "RAY_health_check_period_ms": "1000",  # five are to fail, each by its own timeout
}


class Nodes:
    """A head with one CPU, and as many nodes with one CPU each as are added."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="nodes-")  # not pytest's own: the paths of sockets must be short
        (Path(self._folder) / "ray").mkdir()  # Ray writes the cluster's address there, and makes no folder for it
        with socket.create_server(("127.0.0.1", 0)) as free:
            clients = int(free.getsockname()[1])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.nodes", self._folder, str(clients)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **SETTINGS, "RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": self._folder},
        )
        head = self._answer()
        self.address, self._head = str(head["address"]), int(head["raylet"])
        self.client = f"ray://127.0.0.1:{clients}"
        self._others: list[int] = []  # their raylets' process ids

    def be(self, others: int) -> None:
        """Be a head and so many other nodes with one CPU, all alive."""
        for raylet in [raylet for raylet in self._others if is_gone(raylet)]:
            self._remove(raylet)
        while len(self._others) > others:
            self._remove(self._others[-1])
        while len(self._others) < others:
            self.add()

    def add(self, cpus: int = 1, **environment: str) -> None:
        """Let a node join."""
        self._others.append(int(self._ask(do="add", cpus=cpus, environment=environment)["raylet"]))

    def kill(self) -> None:
        """kill -9 the last node as a machine dies: its raylet and its processes at once.

        They would follow their raylet by themselves, but only once they notice, and a short search may be over by then.
        """
        raylet = self._others[-1]
        for pid in (raylet, *_children(raylet)):
            with contextlib.suppress(ProcessLookupError):  # it has followed already
                os.kill(pid, signal.SIGKILL)

    def hosts(self) -> list[int]:
        """The process ids of all engine hosts, those of the head first."""
        children = [pid for raylet in (self._head, *self._others) for pid in _children(raylet)]
        return [pid for pid in children if ACTOR in _command(pid)]

    def close(self) -> None:
        """End all processes."""
        self._ask(do="end")
        self._process.communicate()
        assert within(10.0, lambda: not self._left())
        shutil.rmtree(self._folder)

    def _remove(self, raylet: int) -> None:
        self._others.remove(raylet)
        self._ask(do="remove", raylet=raylet)

    def _ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # Ray prints among our lines
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise AssertionError("the process that hosts the nodes has ended")

    def _left(self) -> list[int]:
        folder = self._folder.encode()
        return [int(it.name) for it in Path("/proc").glob("[0-9]*") if folder in _command(int(it.name))]


def _children(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def main(folder: str, clients: str) -> None:
    """Host nodes until told to end; Ray Client is at port `clients` of the head."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False, "temp_dir": folder}
    cluster = Cluster(initialize_head=True, head_node_args={**head, "ray_client_server_port": int(clients)})

    def raylet(node: Any) -> int:
        return int(node.all_processes["raylet"][0].process.pid)

    answer = {"address": cluster.address, "raylet": raylet(cluster.head_node)}
    nodes = {}
    while True:
        print(json.dumps(answer), flush=True)  # noqa: T201 - an answer
        if not (line := sys.stdin.readline()):
            break
        asked, answer = json.loads(line), {}
        if asked["do"] == "end":
            break
        if asked["do"] == "remove":
            cluster.remove_node(nodes.pop(asked["raylet"]), allow_graceful=False)
        if asked["do"] == "add":
            environment = asked["environment"] or None
            node = cluster.add_node(num_cpus=asked["cpus"], object_store_memory=STORE, env_vars=environment)
            nodes[raylet(node)], answer = node, {"raylet": raylet(node)}
    cluster.shutdown()
    print("{}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
