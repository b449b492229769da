"""The fleet: where engines live. In this process, in worker processes that each host some of them, or on a cluster.

The coordinator speaks to all engines at once, in plain data, and cannot tell where they are: a `HostProvider` finds places for
hosts, here this machine, in cluster.py the nodes of a cluster. Engines are dealt to hosts in turn; what their lanes
learn does not depend on it. A worker is `python -m search.fleet.worker`, never a re-import of the caller's __main__, so a
fleet can be started from a notebook as well. A host that dies or raises is an `EngineError`; `rebuild` then gives a
fleet without lanes, and what they had learned is the coordinator's to bring back.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self

from models.errors import UserError
from search.fleet.base import EngineError, HostHandle
from search.fleet.worker import EngineWorker, Message

# glibc gives large blocks back to the system as soon as they are free, and takes them anew, page by page, at the next
# step. Kept, a step of the convolutional family takes 13.8 ms instead of 14.9.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32)}


class _Inline:
    """A host in this process."""

    dead = False

    def __init__(self) -> None:
        self._host = EngineWorker()
        self._waiting = ""

    def send(self, message: Message) -> None:
        self._waiting = json.dumps(message)  # exactly what a worker would be told

    def receive(self) -> Message:
        try:
            return self._host.handle(json.loads(self._waiting))
        except UserError:
            raise
        except Exception as error:  # whatever a model raises
            raise EngineError(traceback.format_exc()) from error

    def close(self) -> None:
        self._host = EngineWorker()


class _Worker:
    """A host in a process of its own, which ends when its standard input does."""

    def __init__(self, number: int) -> None:
        self._number = number
        # Our own packages may be importable only because of where this process was started.
        paths = os.pathsep.join(path for path in [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")] if path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "search.fleet.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**ALLOCATOR, **os.environ, "PYTHONPATH": paths},
            process_group=0,  # a terminal's Ctrl-C is for the coordinator, which says what becomes of it
        )

    @property
    def dead(self) -> bool:
        return self._process.poll() is not None

    def send(self, message: Message) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `receive` tells
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def receive(self) -> Message:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith("\n"):  # nothing, or what a dying process had got out
            raise EngineError(f"worker {self._number} died: {_manner(self._process.wait())}", died=True)
        answer: Message = json.loads(line)
        if "refused" in answer:
            raise UserError(*answer["refused"])
        if "failed" in answer:
            raise EngineError(answer["failed"])
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # a message that it never read
            self._process.stdin.close()


class Machine:
    """The machine at hand: worker processes on it, or this one where there are to be none.

    A context manager: leaving it ends the workers that began early and that no fleet has taken.
    """

    can_expand = False

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._early: list[_Worker] = []

    def begin(self, engines: int) -> None:
        """Start workers before there is a fleet: they import torch, which takes seconds, while the caller goes on."""
        for number in range(min(self._workers, engines)):
            self._early.append(_Worker(number))

    def ensure_hosts(self, places: list[HostHandle], engines: int) -> None:
        """Put workers in for those that are dead or missing."""
        for number in range(max(1, min(self._workers, engines))):
            if number == len(places):
                places.append(self._start(number))
            elif places[number].dead:
                places[number].close()
                places[number] = self._start(number)

    def _start(self, number: int) -> HostHandle:
        if not self._workers:
            return _Inline()
        return self._early.pop(0) if self._early else _Worker(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._early:
            worker.close()


def worker_count(asked: int | None, engines: int) -> int:
    """Return how many processes host the engines."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(engines, cores) if asked is None else asked


def _manner(status: int) -> str:
    """How a process ended, in words."""
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
