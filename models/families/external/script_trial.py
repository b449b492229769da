"""Runs a program as an external trial: a process, whose lines say when an epoch is over and what came of it.

From one of its turns to the next it is stopped (SIGSTOP), and so is one that is paused; where the system has no such
signal it runs ahead. It is pruned by SIGTERM, and by SIGKILL if it does not end in time. The worker's own end ends it,
whatever it is doing (guard.py).
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from models.child_process import OWN_GROUP
from models.errors import UserError
from models.families.external.base import ExternalRun, TrialFailed, digest, overdue
from models.families.external.guard import Guard

if TYPE_CHECKING:
    from models.families.external.script import Script

NUMBER = r"[-+]?(?:nan|inf(?:inity)?|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?:/\d+)?)"  # 9907/10000 is a share
LAST_LINES = 50  # of its output, that a failed trial is told with


def train(config: "Script", run: ExternalRun) -> Generator[Mapping[str, float], None, None]:
    """Yield the metrics of each epoch of a program; see `ExternalTrial`."""
    process = subprocess.Popen(
        command(config, run),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(run),
        **OWN_GROUP,
    )
    assert process.stdout is not None
    guard, limit = Guard(process.pid), _Limit(process, config.epoch_seconds)
    told: dict[str, float] = {}
    epochs, last = 0, deque[str](maxlen=LAST_LINES)
    try:
        for line in _logged(process.stdout, run.log):
            if line.strip():
                last.append(line)
            told |= (found := metrics_in(line, config.pattern, run.metrics))
            if run.metrics[0] not in found:
                continue
            epochs += 1
            if epochs > run.epochs:
                raise _prints_more(config, run.epochs)
            if epochs < run.epochs:  # after the last one it may go on to its end
                limit.lift()
                _signal(process, "SIGSTOP")
                yield dict(told)
                _signal(process, "SIGCONT")
                limit.set()
        status = process.wait()
        guard.lift()
        if limit.is_passed:
            raise overdue(config.epoch_seconds)
        if status:
            how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
            raise TrialFailed("".join([*last]).rstrip() + f" [{how}]" if last else how)
        if not epochs:
            raise TrialFailed(f"it ended without a line like {run.metrics[0]}=0.123")
        yield dict(told)
    finally:
        limit.lift()
        _end(process, config.stop_seconds)
        guard.lift()
        process.stdout.close()


class _Limit:
    """Kills a program that takes longer over an epoch than so many seconds; None is any time."""

    def __init__(self, process: subprocess.Popen[str], seconds: float | None) -> None:
        self._process, self._seconds, self.is_passed = process, seconds, False
        self._timer: threading.Timer | None = None
        self.set()

    def set(self) -> None:
        """Begin to count."""
        if self._seconds is not None:
            self._timer = threading.Timer(self._seconds, self._pass)
            self._timer.daemon = True
            self._timer.start()

    def lift(self) -> None:
        """End to count."""
        if self._timer is not None:
            self._timer.cancel()

    def _pass(self) -> None:
        self.is_passed = True
        _kill(self._process)


def command(config: "Script", run: ExternalRun) -> list[str]:
    """Return the command of a trial.

    Raises:
        UserError: The file has changed, or cannot be run.
    """
    path = Path(config.file)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "restore it") from error
    if digest(text) != config.sha256:
        raise UserError(
            f"{path} has changed since this search began", "restore it, or begin anew with --restart or another --name"
        )
    if path.suffix != ".py" and not os.access(path, os.X_OK):
        raise UserError(f"{path} is no program", f"let it be one: chmod +x {path}")
    words = [*([sys.executable] if path.suffix == ".py" else []), str(path), *config.arguments]
    for name, value in run.parameters.items():
        words += [_option(name, text), str(value)]
    return [*words, config.seed_option, str(run.seed)] if config.seed_option else words


def metrics_in(line: str, pattern: str, metrics: tuple[str, ...]) -> dict[str, float]:
    """Return the metrics that a line tells.

    Args:
        line: What was printed.
        pattern: A regular expression whose named groups are metrics; "" for `name=value` or `name: value`.
        metrics: The names that are wanted; capitals count as small letters.
    """
    if pattern:
        found = re.search(pattern, line)
        groups = found.groupdict() if found else {}
        return {name: _number(text) for name, text in groups.items() if text is not None and name in metrics}
    told = {}
    for name in metrics:
        spelled = re.escape(name).replace("_", "[_ ]")
        if found := re.search(rf"(?<![\w-]){spelled}\s*[=:]\s*({NUMBER})", line, re.IGNORECASE):
            told[name] = _number(found[1])
    return told


def _number(text: str) -> float:
    whole, _, of = text.partition("/")
    try:
        return float(whole) / float(of or 1)
    except (ValueError, ZeroDivisionError):
        return float("nan")


def _option(name: str, text: str) -> str:
    """Return the option of a parameter: `--batch-size` where the program has no `--batch_size`."""
    dashed = f"--{name.replace('_', '-')}"
    return dashed if dashed in text and f"--{name}" not in text else f"--{name}"


def _environment(run: ExternalRun) -> dict[str, str]:
    ours = {"PYTHONUNBUFFERED": "1", "STUDYHALL_SEED": str(run.seed), "STUDYHALL_TRIAL": str(run.number)}
    threads = {"OMP_NUM_THREADS": str(run.threads)}
    return threads | dict(os.environ) | ours


def _logged(output: IO[str], log: Path | None) -> Iterator[str]:
    """Yield the lines of a program, each when it is in its log."""
    with contextlib.ExitStack() as stack:
        file = None
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(log.open("w", encoding="utf-8"))
        for line in output:
            if file is not None:
                file.write(line)
                file.flush()
            yield line


def _signal(process: subprocess.Popen[str], name: str) -> None:
    """Send a signal to the program and to what it has started, where the system has such a signal."""
    if (number := getattr(signal, name, None)) is not None and hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _end(process: subprocess.Popen[str], seconds: float) -> None:
    """End a program that still runs."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        _signal(process, "SIGTERM")
        _signal(process, "SIGCONT")  # a process that is stopped takes no other signal
    else:
        process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()


def _kill(process: subprocess.Popen[str]) -> None:
    _signal(process, "SIGKILL")
    process.kill()


def _prints_more(config: "Script", epochs: int) -> UserError:
    return UserError(
        f"{config.program} prints more than the {epochs} epochs of epochs={epochs}",
        "write in the study file as many as it trains; or give Script(pattern=...), which finds one line an epoch",
    )
