"""`--live`: a page in the browser while a search runs, by the command `live` in a process of its own.

That process reads the record, as it would of a search on another machine: the search does nothing for it, and loses
nothing where it fails. Knows nothing of the page.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from models.child_process import OWN_GROUP, import_paths
from search.fleet.base import DatasetInfo
from search.loop.scheduler import TrialScheduler

END_SECONDS = 5.0  # after which a page that does not end by itself is ended


class LivePage(AbstractContextManager["LivePage"]):
    """The page of one search. A context manager: leaving it ends the page, once it has shown how the search ended.

    Args:
        storage: The database's address.
        port: Where it listens; 0 takes a free one.
        say: Called with a line that has the page's address, when it is there.
    """

    def __init__(self, storage: str, port: int, say: Callable[[str], None]) -> None:
        self._storage, self._port, self._say = storage, port, say
        self._process: subprocess.Popen[str] | None = None

    def begin(self, scheduler: TrialScheduler, dataset_info: DatasetInfo) -> Callable[[], None]:
        """Start the page's process; returns what is to be called after every tick, which does nothing."""
        command = ["live", scheduler.name, "--port", str(self._port), "--until-eof"]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "studyhall", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": import_paths()},
            **OWN_GROUP,  # Ctrl-C is for the search: the page ends when its standard input does
        )
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, and says why
            # Not as an argument, which everybody on the machine can read: an address may hold a password.
            print(self._storage, file=self._process.stdin, flush=True)
        self._teller = threading.Thread(target=self._tell, args=(self._process,), daemon=True)
        self._teller.start()
        return lambda: None

    def _tell(self, process: "subprocess.Popen[str]") -> None:
        """Say each line of the process: its address, or why there is no page."""
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._say(line.rstrip())

    def __exit__(self, *error: object) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._teller.join()
