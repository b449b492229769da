"""Commands that begin at once: each is forked from one process that has imported the libraries.

To start Python with torch, Optuna and the rest takes seconds of a core, and tests start hundreds of commands. A fork
of a process that has them imports our own modules alone. It is a child like another: killed, signalled, waited for.
What a cold start does, imports nothing heavy say, is tested by `subprocess` itself; workers begin cold as well.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

LIBRARIES = (
    *("torch", "torch.func", "optuna.storages._rdb.models", "sqlalchemy.dialects.sqlite", "alembic.command", "pandas"),
    *("scipy.optimize", "scipy.stats", "sklearn.metrics", "matplotlib.pyplot", "matplotlib.backends.backend_svg"),
    *("pydantic", "typer", "rich.progress", "jinja2", "safetensors.torch", "filelock"),
)
ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of <linux/prctl.h>
LONGEST = 1 << 18  # bytes of a request, most of which are the environment


class WarmPopen(subprocess.Popen):  # type: ignore[type-arg]
    """`python -m MODULE ...`, `python -c CODE` or `python FILE ...`, as `subprocess.Popen` starts it, but warm."""

    def _execute_child(self, args: Any, *options: Any) -> None:
        _, _, _, _, folder, environment, _, _, _, *ends = options  # in the order of subprocess.Popen._execute_child
        environment = dict(os.environ if environment is None else environment)
        if sys.platform != "linux" or _begins_otherwise(environment):
            super()._execute_child(args, *options)  # type: ignore[misc]
            return
        request = {"words": [*map(str, args[1:])], "folder": str(folder or Path.cwd()), "environment": environment}
        files = [end if end != -1 else number for number, end in enumerate((ends[0], ends[3], ends[5]))]
        server, libc = _server(), ctypes.CDLL(None)
        libc.prctl(ADOPT_ORPHANS, 1)
        socket.send_fds(server, [json.dumps(request).encode()], files)
        self.pid = int(server.recv(LONGEST))  # a child of this process by now
        libc.prctl(ADOPT_ORPHANS, 0)
        self._child_created = True
        self._close_pipe_fds(*ends[:6])  # type: ignore[attr-defined]


def run(words: Sequence[object], **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, as `subprocess.run` with `capture_output` and `text` does."""
    with WarmPopen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def _begins_otherwise(environment: dict[str, str]) -> bool:
    """Whether a test has put something into Python's start."""
    folders = environment.get("PYTHONPATH", "").split(os.pathsep)
    return any((Path(folder) / "sitecustomize.py").exists() for folder in folders if folder)


@cache
def _server() -> socket.socket:
    """Start the process that has the libraries; it ends with this one."""
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", __file__, str(its.fileno())]
    process = subprocess.Popen(command, pass_fds=[its.fileno()], env=environment)
    its.close()
    atexit.register(process.wait)
    atexit.register(mine.close)  # the last to be registered is the first to be called
    return mine


# --- in the other process ---------------------------------------------------------------------------------------------


def _next_request(channel: socket.socket) -> Any:
    """Fork for each request; returns in the forks, with what each is to be."""
    while True:
        message, files, _, _ = socket.recv_fds(channel, LONGEST, 3)
        if not message:
            sys.exit()
        told, tells = os.pipe()
        if between := os.fork():
            os.waitpid(between, 0)  # which makes its child an orphan, and whoever asked the orphan's parent
            channel.send(os.read(told, 20))
        elif child := os.fork():
            os.write(tells, b"%d" % child)
            os._exit(0)
        else:
            for number, file in enumerate(files):
                os.dup2(file, number)
            channel.close()
        for file in (told, tells, *files):
            os.close(file)
        if not between:
            return json.loads(message)


def _become(words: list[str], folder: str, environment: dict[str, str]) -> None:
    """Be `python WORDS...` in a folder and an environment."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout.reconfigure(line_buffering="PYTHONUNBUFFERED" in environment)  # type: ignore[union-attr]
    importlib.import_module("numpy").random.seed()  # another in every process; Python's `random` sees to that itself
    script = words[0] not in ("-m", "-c")
    first = str(Path(words[0]).resolve().parent) if script else folder
    sys.path[:0] = [first, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.orig_argv, sys.argv = [sys.executable, *words], words[not script :]
    if words[0] == "-m":
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words[0] == "-c":
        exec(words[1], {"__name__": "__main__"})
    else:
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the tests
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()  # what no collection looks at stays shared with the forks
    _become(**_next_request(socket.socket(fileno=int(sys.argv[1]))))
