"""A worker process, `python -m studyhall.worker`: it reads a line of JSON and writes a line of JSON.

It ends as soon as its standard input does, that is with its parent, however that ends. Knows no lanes and no studies.
"""

import gc
import json
import os
import signal
import sys
import threading
from queue import SimpleQueue
from typing import IO

from search.fleet.signs_of_life import SignsOfLife
from search.fleet.worker import EngineWorker


def main(lines: IO[str], answers: IO[str]) -> None:
    """Answer messages, a line of JSON each, until there are no more; an empty line is a sign of life."""
    lock = threading.Lock()

    def write(line: str) -> None:
        try:
            with lock:
                answers.write(line + "\n")
                answers.flush()
        except BrokenPipeError:  # the coordinator has just ended
            os._exit(0)

    worker = EngineWorker(SignsOfLife(lambda: write("")))
    for line in iter(_read_in_thread(lines).get, None):
        write(json.dumps(worker.answer(json.loads(line))))


def _read_in_thread(lines: IO[str]) -> "SimpleQueue[str]":
    """Read in a thread, so that this process ends with its parent in the middle of a tick as well."""
    queue: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        for line in lines:
            queue.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return queue


def serve() -> None:
    """Be a host in this process, which has been started for it, until its standard input ends."""
    # Ctrl-C reaches every process of a terminal; only the coordinator answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a model prints goes to standard error, not among the answers
    gc.disable()  # what an import makes stays: looking through it for garbage takes a tenth of its time
    import models.families.custom.module_family  # noqa: F401 - what `open` needs, while the coordinator is still busy with its own

    gc.freeze()
    gc.enable()
    main(sys.stdin, out)
