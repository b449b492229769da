"""Commands that begin at once: each is forked from a process that has imported the libraries, and our modules.

To start Python with torch, Optuna and the rest takes seconds of a core, our own modules most of another, and tests
start hundreds of commands. One process has the libraries; from it two are forked that have our modules as well, under
the names that `studyhall` and its workers give them, `studyhall.search`, and under those of `python -m search.run`. A
fork of these is a child like another: killed, signalled, waited for. Workers begin so as well, of these commands and of
the tests' own process. What a cold start does, imports nothing heavy say, is tested by `subprocess` itself.
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
import sysconfig
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

LIBRARIES = """
torch torch.func optuna.storages._rdb.models sqlalchemy.dialects.sqlite alembic.command pandas
scipy.optimize scipy.stats sklearn.metrics sklearn.ensemble matplotlib.pyplot matplotlib.backends.backend_svg
pydantic.main pydantic.dataclasses typer rich.progress jinja2 safetensors.torch filelock optuna_dashboard PIL.Image
torch.utils.flop_counter torch._dynamo
"""  # the last two are what a module of the user's own needs, and take as long as torch itself
MORE = """
alembic.config alembic.migration pygments.lexers pygments.lexers.python rich._emoji_codes sqlalchemy.ext.compiler
encodings.utf_8_sig waitress.server
"""  # what commands import of libraries as they run
OURS = """
models.engine.engine models.engine.external_engine models.families.custom.factory models.families.custom.flops
models.families.custom.module_family models.families.fused_mlp models.families.mlp models.datasets.digits
models.ops.optimizers.sgd models.ops.output_layers
search.cli.listing search.cli.live search.cli.session search.run search.curves.plan search.curves.settling
search.samplers.gp search.samplers.random search.samplers.staged search.samplers.tpe search.fleet.worker_process
reports.dashboard reports.export reports.compare reports.exports.exporting reports.exports.progress
reports.finalists.audit reports.finalists.testing reports.finalists.training reports.page.notes reports.page.page
reports.page.sections.registry reports.served.artifacts
"""  # what commands and workers import of ours as they run: this list may lag behind, and costs time alone
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
        server, libc = _server(_prefix(request["words"])), ctypes.CDLL(None)
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
    """Whether a test has put something into Python's start, before what a system's own Python may have there."""
    folders = environment.get("PYTHONPATH", "").split(os.pathsep)
    first = next((folder for folder in folders if folder and (Path(folder) / "sitecustomize.py").exists()), None)
    return first not in (None, sysconfig.get_path("stdlib"))


# To the process that has the libraries, and by the prefix of their names to those that have our modules as well. Where
# only workers are started, inside of a command, there is one for all.
_channels: dict[str | None, socket.socket] = {}


def _prefix(words: list[str]) -> str | None:
    """Return what the names of our modules begin with in a command that imports them; None where nobody knows.

    None as well where `python -m search.run` has workers, whose server is forked from it: they have other names.
    """
    if words[:2] == ["-m", "studyhall"] or words[0] == "-P":
        return "studyhall."
    if words[0] == "-m" and words[1].startswith(("search.", "reports.", "models.")) and not _has_workers(words):
        return ""
    return None


def _has_workers(words: list[str]) -> bool:
    return "--workers" in words and words[words.index("--workers") + 1] != "0"


def _server(prefix: str | None) -> socket.socket:
    if None not in _channels:
        preload()
    if prefix not in _channels:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        socket.send_fds(_channels[None], [json.dumps({"prefix": prefix}).encode()], [its.fileno()])
        its.close()
        _channels[prefix] = mine
        atexit.register(mine.close)
    return _channels[prefix]


def preload(*modules: str) -> None:
    """Start the process that has the libraries, and modules if any are named; it ends with this one.

    With modules of ours among them, all commands are forked from it, whatever names they give our modules.
    """
    assert not _channels, "it has been started"
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", __file__, str(its.fileno()), *modules]
    process = subprocess.Popen(command, pass_fds=[its.fileno()], env=environment)
    its.close()
    _channels.update(dict.fromkeys((None, "", "studyhall.") if modules else (None,), mine))
    atexit.register(process.wait)
    atexit.register(mine.close)  # the last to be registered is the first to be called


# --- in the other process ---------------------------------------------------------------------------------------------


def _next_request(channel: socket.socket) -> Any:
    """Fork for each request; returns in the forks, with what each is to be."""
    while True:
        message, files, _, _ = socket.recv_fds(channel, LONGEST, 3)
        if not message:
            os._exit(0)
        if len(files) == 1:  # a request for a server with our modules
            if os.fork():
                os.close(files[0])
            else:
                channel.close()
                channel = socket.socket(fileno=files[0])
                prefix = json.loads(message)["prefix"]
                ours = [prefix + name for name in OURS.split()]
                _import(*MORE.split(), *ours, *(["studyhall.command"] if prefix else []))
            continue
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


def _import(*modules: str) -> None:
    """Import modules for all forks that follow."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    for module in modules:
        importlib.import_module(module)
    sys.path.pop(0)
    gc.collect()
    gc.freeze()  # what no collection looks at stays shared with the forks


def _become(words: list[str], folder: str, environment: dict[str, str], group: int) -> None:
    """Be `python WORDS...` in a folder and an environment."""
    if _has_workers(words):
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
    for name in ("models.console", "studyhall.models.console"):  # which look at the environment when they are made
        if name in sys.modules:
            sys.modules[name].out.__init__(highlight=False, soft_wrap=True)
            sys.modules[name].err.__init__(highlight=False, soft_wrap=True, stderr=True)
    sys.orig_argv = [sys.executable, *words]
    if words[0] == "-P":
        words = words[1:]
    else:
        sys.path.insert(0, folder if words[0] in ("-m", "-c") else str(Path(words[0]).resolve().parent))
    sys.argv = words[words[0] in ("-m", "-c") :]
    try:
        if words[0] == "-m":
            sys.modules.pop(words[1], None)  # it is to be __main__, and Python warns where it has been imported
            Path("/proc/self/comm").write_text(words[1].rpartition(".")[2])  # by which `workers_of` knows it
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        elif words[0] == "-c":
            exec(words[1], {"__name__": "__main__"})
        else:
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        _end(ended.code or 0)
        raise
    _end(0)


def _end(code: int) -> None:
    """End as Python does, but without clearing its modules: that writes to all that is shared, half a second of a core.

    Returns where Python has something to say about the output's end.
    """
    threading._shutdown()  # type: ignore[attr-defined] - waits for threads, as Python does
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads it any more, or it is closed
        return
    os._exit(code)


def _keep_a_server() -> None:
    """Fork a server of this command's own, before it has done anything: its workers are to be its children."""
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork():
        its.close()
        _channels.update(dict.fromkeys((None, "", "studyhall."), mine))
        subprocess.Popen = PopenOfWarmWorkers  # type: ignore[misc]
    else:
        mine.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _become(**_next_request(its))
        sys.exit()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the tests
    sys.modules["triton"] = None  # type: ignore[assignment] - its bindings complain, at the end, of what is frozen
    _import(*LIBRARIES.split())
    del sys.modules["triton"]
    if sys.argv[2:]:
        _import(*sys.argv[2:])
    _become(**_next_request(socket.socket(fileno=int(sys.argv[1]))))
