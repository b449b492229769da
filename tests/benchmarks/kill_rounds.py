"""The rounds of tests/benchmarks/kills.py: what is searched or exported, where it is killed, and what must come out."""

import contextlib
import dataclasses
import http.client
import json
import os
import random
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import optuna
import pandas as pd

from models.errors import UserError
from search.record.record import Record
from search.record.store import Store
from search.record.trials_frame import trials_frame
from tests.benchmarks.forked import STARTS, WRITES, Aim, Command
from tests.support.runs import (
    WAITING,
    assert_over,
    assert_sound,
    is_gone,
    kill_with_children,
    study_file,
    table,
    within,
    workers_of,
)
from tests.support.servers import Server

Changes = tuple[tuple[str, str], ...]
Aims = dict[str, tuple[float, int]]  # what a command does -> how often it is aimed at, and how many times it did it

SHORTER: Changes = (("trials=20", "trials=24"), ("epochs=4", "epochs=8"))  # as the default policy pauses at a tenth
STAGED: Changes = (
    ("Study\n", "Staged, Study\n"),
    ("lanes=3,", "lanes=3,\n    sampler=Staged(start={'hidden': 8, 'weight_decay': 0.0}, stages=STAGES),"),
    (
        "\nstudy =",
        "\nSTAGES = {'learning_rate': (0.1, 0.2, 0.4), 'hidden': (8, 12, 16), 'weight_decay': (0.0, 1e-3)}\nstudy =",
    ),
    ("trials=20", "trials=9"),
    ("epochs=4", "epochs=16"),
)
MODULE: Changes = (
    ("Mlp, Study\n", "Study\nfrom torch import nn\n"),
    ("family=Mlp()", "family=net"),
    (
        "\nstudy =",
        "\ndef net(inputs, classes, hidden):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))\n\n"
        "study =",
    ),
    ("epochs=4", "epochs=8"),
)
FOLDS: Changes = (("epochs=4", "epochs=8,\n    folds=3"),)
REPEATS: Changes = (("epochs=4", "epochs=8,\n    repeats=2"),)
FEW: Changes = (("trials=20", "trials=8"),)
FUNCTION = """
import optuna


def objective(trial):
    lr = trial.suggest_float("lr", 1e-3, 1.0, log=True)
    width = trial.suggest_categorical("width", [16, 32, 64])
    if lr > 0.8:
        raise ValueError("no gradient")
    for epoch in range(8):
        trial.report(loss := abs(lr - 0.1) + 8 / width / (epoch + 1), epoch)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return loss
"""
FUNCTION_STUDY = """
from search import ObjectiveFunction, Study

study = Study(
    family=ObjectiveFunction("train.py:objective"), objective="loss", epochs=8, trials=24, paused=6, lanes=2
)
"""

SEARCHING: Aims = {
    STARTS: (2, 1),  # any moment of its first work
    "opens the database": (1, 1),
    "resumes": (1, 1),
    "admits": (2, 5),
    "promotes": (3, 4),
    "trains": (2, 6),
    "records": (2, 6),
    "judges": (3, 6),
    "keeps a snapshot": (4, 4),
    "removes snapshots": (0.5, 1),
    WRITES: (5, 12),
}
TRAINING: Aims = {
    STARTS: (1, 1),
    "resumes": (1, 2),
    "trains": (2, 8),
    "records": (2, 8),
    "judges": (2, 8),
    "keeps a snapshot": (3, 6),
    "writes models": (3, 1),
    WRITES: (3, 12),
}
TESTING: Aims = {
    STARTS: (1, 1),
    "tests": (4, 1),
    "signs the ledger": (3, 1),
    "ledger's figures": (3, 1),
    WRITES: (2, 4),
    "writes the page": (2, 1),
    "puts artifacts": (2, 1),
}
SECONDS = {STARTS: 0.6, "tests": 0.2, "writes the page": 0.5, "puts artifacts": 0.1, "writes models": 0.05}
SOON = 0.012  # seconds of work until a kill, unless `SECONDS` says otherwise: a write takes about three thousandths
AT_MOST = (0.25, 0.75)  # seconds of work after which a command is killed in any case; its first tick comes at about 0.4
KILLS = 24  # of a round, at most
WITH_WORKERS = 0.06  # of commands: each worker imports torch, which costs as much as five kills
TOO_LATE = "too late, counted as none"
POLL_SECONDS = 20.0


@dataclass(frozen=True)
class Kind:
    """A kind of round."""

    title: str
    changes: Changes = ()  # of the small study
    files: Mapping[str, str] = field(default_factory=dict)  # of the folder, where it is another study
    names: tuple[str, ...] = ("small",)  # studies that are searched, and killed, at the same time
    export: tuple[str, ...] = ()  # the options of an export, where that is killed
    on_server: bool = False


EXPORT = ("--top", "1", "--seeds", "2")
KINDS = {
    "default": Kind("the default policy", SHORTER),
    "promotion": Kind("`Promotion`", WAITING),
    "staged": Kind("stages", STAGED),
    "module": Kind("a module of one's own", MODULE),
    "folds": Kind("three folds a trial", FOLDS),
    "repeats": Kind("two seeds a trial", REPEATS),
    "function": Kind("an objective function", files={"train.py": FUNCTION, "small.py": FUNCTION_STUDY}),
    "two": Kind("two studies in one database", SHORTER, names=("small", "other")),
    "export": Kind("an export", FEW, export=EXPORT),
    "ensemble": Kind(
        "an export with an ensemble and an audit", SHORTER, export=(*EXPORT, "--ensemble", "--audit", "2")
    ),
    "server": Kind("the default policy, on PostgreSQL", SHORTER, on_server=True),
}


@dataclass
class Round:
    """One round: its folder, its study, its database, and how it is disturbed."""

    kind: Kind
    folder: Path
    draw: random.Random
    server: Server | None
    fates: Counter[str] = field(default_factory=Counter)  # what the commands that were killed did
    workers: int = 0  # kills of commands that had worker processes, and of workers
    cpu_seconds: float = 0.0
    dashboard: "Dashboard | None" = None

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.study = study_file(self.folder, *self.kind.changes)
        for name, text in self.kind.files.items():
            (self.folder / name).write_text(text)
        self.url = f"sqlite:///{self.folder}/runs.db"
        if self.kind.on_server:
            assert self.server is not None
            self.url = self.server.new()

    def calm(self) -> None:
        """Do everything once, undisturbed; an export's search is kept, for rounds to begin from."""
        self._finish(self._searches())
        if self.kind.export:
            shutil.copytree(self.folder, self._searched)
            self._finish([self._export()])

    def disturbed(self, calm: "Round") -> None:
        """Do everything, killed again and again; an export is one of the study that was searched undisturbed."""
        if self.kind.export:
            shutil.copytree(calm._searched, self.folder, dirs_exist_ok=True)
            phases: list[tuple[Aims, list[tuple[str, ...]]]] = [
                (TRAINING, [self._export()]),
                (TESTING, [self._export()]),
            ]
        else:
            phases = [(SEARCHING, self._searches())]
        for aims, commands in phases:
            for _ in range(KILLS // len(phases) // len(commands)):
                if not self._kill(commands, aims):
                    break
        self._finish(commands)

    @property
    def _searched(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-searched")

    def _searches(self) -> list[tuple[str, ...]]:
        study = ("search.run", "--study", str(self.study), "--storage", self.url)
        return [(*study, "--name", name, "--seed", str(seed)) for seed, name in enumerate(self.kind.names)]

    def _export(self) -> tuple[str, ...]:
        return ("reports.export", "--study", "small", "--storage", self.url, *self.kind.export)

    # --- commands, and how they end

    def _begin(self, command: Sequence[str], workers: int, aim: Aim | None, snapshots: bool) -> Command:
        said = self.folder / f"said-{command[0]}-{len(list(self.folder.glob('said-*.txt')))}.txt"
        return Command((*command, "--workers", str(workers)), self.folder, said, aim, snapshots=snapshots)

    def _kill(self, commands: Sequence[Sequence[str]], aims: Aims) -> bool:
        """Begin commands and kill them; returns whether any was at work still, and so there is more to do."""
        workers = self.draw.choice([1, 1, 2]) if self.draw.random() < WITH_WORKERS else 0
        snapshots = self.draw.random() < 0.5
        begun = [self._begin(command, workers, self._aim(aims, workers), snapshots) for command in commands]
        killed = [self._wait(command, workers) for command in begun]
        if self.dashboard is not None:
            self.dashboard.begin(self.url, self.folder)
        return any(killed)

    def _aim(self, aims: Aims, workers: int) -> Aim:
        (doing,) = self.draw.choices(list(aims), [weight for weight, _ in aims.values()])
        seconds = self.draw.uniform(0.0, SECONDS.get(doing, SOON))
        at_most = self.draw.uniform(*AT_MOST)
        return Aim(doing, self.draw.randint(1, aims[doing][1]), seconds, at_most, by_itself=not workers)

    def _wait(self, command: Command, workers: int) -> bool:
        """Wait until a command was killed; returns whether it was."""
        if workers and command.wait_for_aim():
            self._strike(command)
        code = command.wait()
        self.cpu_seconds += command.cpu_seconds
        if code != -signal.SIGKILL:
            self.fates[TOO_LATE] += 1
            self._check_end(command, code)
            return False
        self.fates[command.doing] += 1
        self.workers += workers > 0
        return True

    def _strike(self, command: Command) -> None:
        """Kill a command that has workers: first one of them perhaps, then the command with them, or without."""
        how, found = self.draw.random(), workers_of(command.pid)
        time.sleep(self.draw.uniform(0.0, 0.2))
        if how < 0.3 and found:
            self.fates["a worker alone"] += 1
            with contextlib.suppress(ProcessLookupError):
                kill_with_children(self.draw.choice(found))
            time.sleep(self.draw.uniform(0.0, 5.0))
        if command.exit_code is None:
            if how < 0.7:
                kill_with_children(command.pid)
            else:
                command.kill()

    def _finish(self, commands: Sequence[Sequence[str]]) -> None:
        """Let commands come to their end, at the same time."""
        for command in [self._begin(command, 0, None, snapshots=False) for command in commands]:
            self._check_end(command, command.wait())
            self.cpu_seconds += command.cpu_seconds

    def _check_end(self, command: Command, code: int) -> None:
        said = command.said.read_text()
        assert code == 0, f"exit code {code}, while it {command.doing}:\n{said}"

    # --- what is left

    def outcome(self) -> dict[str, object]:
        """What is to be the same."""
        if not self.kind.on_server:
            assert_sound(self.url)
        for pattern in ("tick-*", ".tmp*", "partial-*", "*.partial"):
            assert not list(self.folder.rglob(pattern)), pattern
        said = [file.read_text() for file in self.folder.glob("said-*.txt")]
        assert not [text for text in said if "Traceback" in text], said
        if self.kind.on_server:
            assert_over(self.url)
        outcome: dict[str, object] = {}
        for name in self.kind.names:
            outcome[name] = rows, _ = table(self.url, name)
            assert {row.state for row in rows} <= {"complete", "pruned", "failed"}
        return outcome | self._exported() if self.kind.export else outcome

    def _exported(self) -> dict[str, object]:
        (results,) = self.folder.rglob("results.csv")
        frame = pd.read_csv(results).drop(columns=["train_seconds", "milliseconds"])
        finalists = [dataclasses.replace(row, train_seconds=None, ledger=None) for row in self._record().finalists()]
        # A look that was cut off before it had shown anything has a line of its own, without figures.
        shown = [
            (line.kind, line.purpose, line.figures) for line in self._record().ledger() if line.figures is not None
        ]
        return {"results": frame.to_csv(), "finalists": finalists, "ledger": shown}

    def looks_cut_off(self) -> int:
        """How many openings of the test set were cut off before they had shown anything."""
        return sum(line.figures is None for line in self._record().ledger())

    def pauses(self) -> int:
        """How often a trial left its lane and came back."""
        record = self._record()
        frame = trials_frame(record, record.trials(), record.curves())
        return int(frame["pauses"].sum()) if "pauses" in frame else 0

    def _record(self) -> Record:
        record = Store(self.url, create=False).find("small")
        assert record is not None
        return record

    @property
    def kills(self) -> int:
        """Kills that struck a command at work: after its start, and before its end."""
        return sum(count for fate, count in self.fates.items() if fate not in (TOO_LATE, STARTS))


# --- others who read meanwhile ----------------------------------------------------------------------------------------


class Dashboard:
    """`studyhall dashboard` on the database of a round."""

    def __init__(self) -> None:
        self._command: Command | None = None

    def begin(self, url: str, folder: Path) -> None:
        """Start it, if it has not been, and the database has a study."""
        with contextlib.suppress(UserError):  # there are no tables yet
            if self._command is None and Store(url, create=False).names():
                arguments = ("reports.dashboard", "--storage", url, "--port", "0")
                self._command = Command(arguments, folder, folder / "dashboard.txt")

    @property
    def port(self) -> int | None:
        """Where it listens, once it does."""
        said = self._command.said if self._command is not None else None
        found = (
            re.search(r"127\.0\.0\.1:(\d+)/reports", said.read_text()) if said is not None and said.exists() else None
        )
        return int(found[1]) if found else None

    def ask(self, path: str) -> bytes:
        """GET a page; raises RuntimeError unless it is there."""
        assert self.port is not None
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
            return body
        finally:
            connection.close()

    def end(self) -> None:
        """Ctrl-C."""
        if self._command is None:
            return
        within(60.0, lambda: self.port is not None)
        os.kill(self._command.pid, signal.SIGINT)
        code, said = self._command.wait(), self._command.said.read_text()
        assert code in (0, 128 + signal.SIGINT), f"{code}: {said}"  # the first where the server caught it
        assert "Traceback" not in said, said


@contextlib.contextmanager
def polled(this: Round) -> Iterator[Counter[str]]:
    """Read a round's database every few seconds: by its dashboard, or else by Optuna's own API; gives how often."""
    counts, end = Counter[str](), threading.Event()

    def poll() -> None:
        while not end.wait(POLL_SECONDS):
            try:
                if this.dashboard is None:
                    counts["by Optuna"] += _read(this.url)
                elif this.dashboard.port is not None:
                    counts["pages"] += _browse(this.dashboard)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is written down
                counts[f"failed: {error!r}"[:300]] += 1

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield counts
    finally:
        end.set()
        thread.join()
        if this.dashboard is not None:
            this.dashboard.end()


def _read(url: str) -> bool:
    """Read all trials; returns whether there are tables yet."""
    file = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite") or not file.exists() or not (file.with_suffix("") / "small").exists():
        return False
    storage = optuna.storages.RDBStorage(url, skip_table_creation=True)
    for study in storage.get_all_studies():
        storage.get_all_trials(study._study_id, deepcopy=False)
    storage.engine.dispose()
    return True


def _browse(dashboard: Dashboard) -> int:
    """Look at what a browser asks for; returns how many pages that are."""
    studies = json.loads(dashboard.ask("/api/studies"))["study_summaries"]
    for study in studies:
        dashboard.ask(f"/api/studies/{study['study_id']}?after=0")
    dashboard.ask("/reports")
    return len(studies) + 2


def marked(mark: str) -> list[int]:
    """The living processes whose environment has a line."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it has ended, or belongs to somebody else
            if process.name.isdigit() and mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return [pid for pid in found if not is_gone(pid)]
