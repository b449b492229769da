"""Commands that begin at once: each is forked from one process that has imported the libraries.

To start Python with torch, Optuna and the rest takes seconds of a core, and tests start hundreds of commands. A fork
of a process that has them imports our own modules alone, or not even these: see `preload`. It is a child like another:
killed, signalled, waited for. Workers begin so as well, of these commands and of the tests' own process. What a cold
start does, imports nothing heavy say, is tested by `subprocess` itself.
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
from pathlib import Path
from typing import IO, Any

LIBRARIES = """
torch torch.func optuna.storages._rdb.models sqlalchemy.dialects.sqlite alembic.command pandas
scipy.optimize scipy.stats sklearn.metrics sklearn.ensemble matplotlib.pyplot matplotlib.backends.backend_svg
pydantic.main pydantic.dataclasses typer rich.progress jinja2 safetensors.torch filelock optuna_dashboard PIL.Image
torch.utils.flop_counter torch._dynamo
"""  # the last two are what a module of the user's own needs, and take as long as torch itself
WORKER = [sys.executable, "-P", "-m", "studyhall.worker"]
RENDERED = "TESTS_RENDER_FIGURES"  # an environment variable
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
        request["group"] = ends[-1]
        files = [end if end != -1 else number for number, end in enumerate((ends[0], ends[3], ends[5]))]
        server, libc = _server(), ctypes.CDLL(None)
        libc.prctl(ADOPT_ORPHANS, 1)
        socket.send_fds(server, [json.dumps(request).encode()], files)
        self.pid = int(server.recv(LONGEST))  # a child of this process by now
        libc.prctl(ADOPT_ORPHANS, 0)
        self._child_created = True
        self._close_pipe_fds(*ends[:6])  # type: ignore[attr-defined]


class PopenOfWarmWorkers(WarmPopen):
    """`subprocess.Popen` itself, but for workers of ours: these begin warm."""

    def _execute_child(self, args: Any, *options: Any) -> None:
        (super() if args == WORKER else super(WarmPopen, self))._execute_child(args, *options)  # type: ignore[misc]


def run(words: Sequence[object], **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, as `subprocess.run` with `capture_output` and `text` does.

    Figures are drawn and not rendered, which is most of what a small export takes, unless `env` has `RENDERED`.
    """
    with WarmPopen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def unrendered_figure(figure: object, file: Path | IO[str], **options: object) -> None:
    """In the place of matplotlib's `Figure.savefig`: leave an empty file."""
    if isinstance(file, Path):
        file.touch()
    else:
        file.write('<svg viewBox="0 0 9 9"></svg>')


def _begins_otherwise(environment: dict[str, str]) -> bool:
    """Whether a test has put something into Python's start."""
    folders = environment.get("PYTHONPATH", "").split(os.pathsep)
    return any((Path(folder) / "sitecustomize.py").exists() for folder in folders if folder)


_channels: list[socket.socket] = []  # to the process that has the libraries, once there is one


def _server() -> socket.socket:
    if not _channels:
        preload()
    return _channels[0]


def preload(*modules: str) -> None:
    """Start the process that has the libraries, and modules of ours if any are named; it ends with this one."""
    assert not _channels, "it has been started"
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", __file__, str(its.fileno()), *modules]
    process = subprocess.Popen(command, pass_fds=[its.fileno()], env=environment)
    its.close()
    _channels.append(mine)
    atexit.register(process.wait)
    atexit.register(mine.close)  # the last to be registered is the first to be called


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


def _become(words: list[str], folder: str, environment: dict[str, str], group: int) -> None:
    """Be `python WORDS...` in a folder and an environment."""
    if "--workers" in words and words[words.index("--workers") + 1] != "0":
        _keep_a_server()
    if group != -1:
        os.setpgid(0, group)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout.reconfigure(line_buffering="PYTHONUNBUFFERED" in environment)  # type: ignore[union-attr]
    if RENDERED not in environment:
        importlib.import_module("matplotlib.figure").Figure.savefig = unrendered_figure
    importlib.import_module("numpy").random.seed()  # another in every process; Python's `random` sees to that itself
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.orig_argv = [sys.executable, *words]
    if words[0] == "-P":
        words = words[1:]
    else:
        sys.path.insert(0, folder if words[0] in ("-m", "-c") else str(Path(words[0]).resolve().parent))
    sys.argv = words[words[0] in ("-m", "-c") :]
    if words[0] == "-m":
        Path("/proc/self/comm").write_text(words[1].rpartition(".")[2])  # by which `workers_of` knows it
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words[0] == "-c":
        exec(words[1], {"__name__": "__main__"})
    else:
        runpy.run_path(words[0], run_name="__main__")


def _keep_a_server() -> None:
    """Fork a server of this command's own, before it has done anything: its workers are to be its children."""
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork():
        its.close()
        _channels.append(mine)
        subprocess.Popen = PopenOfWarmWorkers  # type: ignore[misc]
    else:
        mine.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _become(**_next_request(its))
        sys.exit()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the tests
    sys.modules["triton"] = None  # type: ignore[assignment] - its bindings complain, at the end, of what is frozen
    for library in LIBRARIES.split():
        importlib.import_module(library)
    del sys.modules["triton"]
    sys.path.insert(0, str(Path(__file__).parents[2]))
    for module in sys.argv[2:]:
        importlib.import_module(module)
    sys.path.pop(0)
    gc.collect()
    gc.freeze()  # what no collection looks at stays shared with the forks
    _become(**_next_request(socket.socket(fileno=int(sys.argv[1]))))
