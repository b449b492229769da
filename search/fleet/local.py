"""The fleet of this machine: worker processes that each host some engines, or this process where there are to be none.

A worker is `python -m studyhall.worker`, never a re-import of the caller's __main__, so that a fleet can be started
from a notebook as well. Knows no lanes and no studies.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import IO

from models.child_process import OWN_GROUP, import_paths
from models.errors import UserError
from search.fleet.base import EngineError, HostHandle, HostOptions, Message, checked
from search.fleet.signs_of_life import SignsOfLife, Watchdog, silent_host
from search.fleet.worker import EngineWorker
from search.machine.device import visible_gpu
from search.options import WORKER_TIMEOUT

# glibc gives large blocks back to the system as soon as they are free, and takes them anew, page by page, at the next
# step. Kept, a step of the convolutional family takes 13.8 ms instead of 14.9.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32)}

_LOOK_SECONDS = 1.0  # between two looks whether a worker that says nothing has ended
_END_SECONDS = 10.0  # for a killed process to end


class InProcessHost:
    """A host in this process.

    Args:
        timeout: Seconds without a sign of life after which it is told that the work hangs.
        note: Called with that.
    """

    dead = False

    def __init__(self, timeout: float = WORKER_TIMEOUT, note: Callable[[str], None] = lambda line: None) -> None:
        self._watchdog, self._message = Watchdog(timeout, note), ""
        self.close()

    def send(self, message: Message) -> None:
        """Keep the message until `receive`, as the JSON that a worker would get."""
        self._message = json.dumps(message)

    def receive(self) -> Message:
        """Do what the message says."""
        try:
            with self._watchdog.watching():
                return self._worker.handle(json.loads(self._message))
        except UserError:
            raise
        except Exception as error:  # whatever a model raises
            raise EngineError(traceback.format_exc()) from error

    def close(self) -> None:
        """Forget the engines."""
        self._worker = EngineWorker(SignsOfLife(self._watchdog.sign))


class WorkerProcess:
    """A host in a process of its own, which ends when its standard input does.

    Args:
        number: Names it.
        timeout: Seconds without a sign of life after which it is ended.
        gpus: How many GPUs the machine has; of several, each process has one.
    """

    def __init__(self, number: int, timeout: float = WORKER_TIMEOUT, gpus: int = 0) -> None:
        self._number, self._timeout, self._given_up = number, timeout, False
        self._patience = max(timeout, WORKER_TIMEOUT)  # of its first answer, before which it imports torch
        own_gpu = {}
        if gpus > 1:
            own_gpu["CUDA_VISIBLE_DEVICES"] = visible_gpu(number, gpus, os.environ.get("CUDA_VISIBLE_DEVICES"))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "studyhall.worker"],  # -P: it imports from no other folders
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**ALLOCATOR, **os.environ, "PYTHONPATH": import_paths(), **own_gpu},
            **OWN_GROUP,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._messages = self._process.stdin
        self._lines = SimpleQueue[str]()
        self._reader = threading.Thread(target=_read, args=(self._process.stdout, self._lines), daemon=True)
        self._reader.start()

    @property
    def dead(self) -> bool:
        """Whether the process has ended."""
        return self._given_up or self._process.poll() is not None

    def send(self, message: Message) -> None:
        """Write the message to the process."""
        with contextlib.suppress(BrokenPipeError):  # `receive` raises
            self._messages.write(json.dumps(message) + "\n")
            self._messages.flush()

    def receive(self) -> Message:
        """Read the answer of the process; kill it if it gives no sign of life for too long."""
        silent = 0.0  # seconds, but for those in which this process was stopped as well
        while silent < self._patience:
            ended = self._process.poll() is not None
            try:
                line = self._lines.get(timeout=_LOOK_SECONDS)
            except Empty:
                if ended:  # and what it has forked holds its end of the pipe
                    break
                silent += _LOOK_SECONDS
                continue
            if not line.endswith("\n"):  # nothing, or what a dying process has still written
                break
            if line != "\n":
                self._patience = self._timeout
                return checked(json.loads(line))
            silent = 0.0
        else:
            self._kill()
            raise silent_host(f"worker {self._number}", self._patience)
        raise EngineError(f"worker {self._number} died: {_how_it_ended(self._process.wait())}", died=True)

    def close(self) -> None:
        """Kill the process."""
        self._kill()
        self._reader.join(_LOOK_SECONDS)
        with contextlib.suppress(BrokenPipeError):  # a message that it never read
            self._messages.close()

    def _kill(self) -> None:
        self._given_up = True
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it waits for a disk that does not answer
            self._process.wait(_END_SECONDS)


def _read(answers: IO[str], lines: "SimpleQueue[str]") -> None:
    """Put all lines that a process writes into a queue; the last one is empty."""
    with answers:
        for line in answers:
            lines.put(line)
    lines.put("")


class Machine(contextlib.AbstractContextManager["Machine"]):
    """The machine at hand as a `HostProvider`. A context manager: leaving it ends workers that no fleet has taken.

    Args:
        workers: Worker processes; 0 is none, so that this process hosts the engines.
        timeout: Seconds without a sign of life after which a worker is ended and replaced, or this process's work told.
        gpus: How many GPUs engines train on.
        note: Called with each message for the user.
    """

    can_expand = False

    def __init__(
        self,
        workers: int,
        timeout: float = WORKER_TIMEOUT,
        gpus: int = 0,
        note: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._workers, self._timeout, self._gpus, self._note = workers, timeout, gpus, note
        self._early: list[WorkerProcess] = []

    def begin(self, engines: int) -> None:
        """Start workers before there is a fleet: they import torch, which takes seconds, while the caller goes on."""
        for number in range(min(self._workers, engines)):
            self._early.append(WorkerProcess(number, self._timeout))

    def host(self, workers: int | None, engines: int, gpus: int, note: Callable[[str], None]) -> None:
        """Have as many workers as suit some engines, now that it is known what they train on; see `worker_count`."""
        self._workers, self._gpus, self._note = worker_count(workers, engines, gpus), gpus, note

    def ensure_hosts(self, hosts: list[HostHandle], engines: int) -> None:
        """Start a worker for each that is dead or missing."""
        for number in range(max(1, min(self._workers, engines))):
            if number == len(hosts):
                hosts.append(self._start(number))
            elif hosts[number].dead:
                hosts[number].close()
                hosts[number] = self._start(number)

    def peak_memory(self) -> int:
        """Return the most bytes that a worker has taken, or this process where it hosts the engines."""
        return peak_memory(children=self._workers > 0)

    def _start(self, number: int) -> HostHandle:
        if not self._workers:
            return InProcessHost(self._timeout, self._note)
        return self._early.pop(0) if self._early else WorkerProcess(number, self._timeout, self._gpus)

    def __exit__(self, *error: object) -> None:
        for worker in self._early:
            worker.close()


def local_hosts(options: HostOptions) -> Machine:
    """Return this machine: the registry's entry "local"."""
    workers = worker_count(options.workers, options.engines, options.gpus)
    return Machine(workers, options.worker_timeout, options.gpus, options.note)


def peak_memory(*, children: bool, platform: str = sys.platform) -> int:
    """Return the most bytes that one child process of this one has taken, or this process itself; 0 on Windows."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    usage = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF)
    return usage.ru_maxrss * (1 if platform == "darwin" else 1024)  # macOS counts bytes, Linux kilobytes


def worker_count(workers: int | None, engines: int, gpus: int = 0) -> int:
    """Return how many processes host the engines.

    As many as asked for; else one per engine while there are cores, or GPUs: engines on one GPU share a process.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(engines, gpus or cores) if workers is None else workers


def _how_it_ended(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
