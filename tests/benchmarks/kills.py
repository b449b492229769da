"""Kills over hours: `python -m tests.benchmarks.kills --log kills.jsonl [--kills 1000] [--seed 0] [--only NAME]`.

Every round takes one of `ROUNDS`, kills its commands with `kill -9` at random moments, the whole tree at once, lets
them come to their end, and compares what is recorded with an undisturbed run: trials and all their curves, or the table
of finalists and the number of lines of the ledger. All the while Optuna's own API reads the database twice a second, as
a dashboard does. A round is one line of JSON in the log, failed or not; the same command goes on after the last line,
and ends once so many kills were made. Which moments are drawn follows from the seed and the round's number.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pandas as pd

from search.record.store import Store
from search.record.trials_frame import trials_frame
from tests.benchmarks.work import print_table
from tests.support.runs import (
    LONGER,
    ROOT,
    TOO_LATE,
    WAITING,
    assert_sound,
    end_started,
    finish,
    is_gone,
    kill_somewhere,
    kill_tree,
    search,
    start,
    started,
    study_file,
    table,
    trials,
)

Changes = tuple[tuple[str, str], ...]

SHORTER: Changes = (("trials=20", "trials=24"), ("epochs=4", "epochs=8"))  # as the default policy pauses at a tenth
STAGED: Changes = (
    ("Study\n", "Staged, Study\n"),
    ("lanes=3,", "lanes=3,\n    sampler=Staged(start={'hidden': 8, 'weight_decay': 0.0}, stages=STAGES),"),
    (
        "\nstudy =",
        "\nSTAGES = {'learning_rate': (0.1, 0.2, 0.4), 'hidden': (8, 12, 16), 'weight_decay': (0.0, 1e-3)}\nstudy =",
    ),
    ("trials=20", "trials=9"),
    ("epochs=4", "epochs=8"),
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
    ("epochs=4", "epochs=12"),  # as many ticks as kills may fall in
)
ROUNDS: dict[str, Changes] = {
    "default": SHORTER,
    "promotion": WAITING,
    "longer": LONGER,
    "staged": STAGED,
    "module": MODULE,
    "export": (("trials=20", "trials=8"),),
    "two": SHORTER,  # studies on one database, which are searched, and killed, at the same time
}
KILLS = 4  # of a round
EXPORT_SECONDS = 30.0  # in which an export is killed
MARK = "STUDYHALL_KILLS"  # an environment variable that tells the processes of a round


@dataclass
class Round:
    """One round: its folder, its study, and how it is disturbed."""

    name: str
    folder: Path
    draw: random.Random

    def __post_init__(self) -> None:
        self.fates = Counter[str]()
        self.folder.mkdir(exist_ok=True)
        self.study = study_file(self.folder, *ROUNDS[self.name])
        self.url = f"sqlite:///{self.folder}/runs.db"
        self._environment = {MARK: str(self.folder)}

    def searches(self) -> list[tuple[str, ...]]:
        """The options of the searches that go on at the same time."""
        return (
            [("--name", "small"), ("--name", "other", "--seed", "1")] if self.name == "two" else [("--name", "small")]
        )

    def calm(self) -> None:
        """Do everything once, undisturbed."""
        for options in self.searches():
            search(self.study, self.url, *options, "--workers", "0")
        if self.name == "export":
            self._finish_export("0")

    def disturbed(self) -> None:
        """Do everything, killed now and then."""
        if self.name == "export":
            search(self.study, self.url, *self.searches()[0], "--workers", "0")
            for _ in range(KILLS):
                self._kill_export()
            self._finish_export(self._workers())
            return
        for _ in range(KILLS // len(self.searches())):
            processes = [self._start(*options) for options in self.searches()]
            self.fates.update([kill_somewhere(process, self.draw) for process in processes])
        for process in [self._start(*options) for options in self.searches()]:
            _finish(process)

    def outcome(self) -> object:
        """What is to be the same."""
        names = [options[1] for options in self.searches()]
        assert_sound(self.url)
        assert not [*self.folder.rglob("tick-*"), *self.folder.rglob(".tmp*"), *self.folder.rglob("partial-*")]
        for name in names:
            assert {row.state for row in trials(self.url, name)} <= {"complete", "pruned", "failed"}
        searched = [table(self.url, name) for name in names]
        if self.name != "export":
            return searched
        (results,) = self.folder.rglob("results.csv")
        frame = pd.read_csv(results).drop(columns=["train_seconds", "milliseconds"])
        record = Store(self.url, create=False).find("small")
        assert record is not None
        return searched, frame.to_csv(), len(record.ledger())

    def pauses(self) -> int:
        """How often a trial left its lane and came back."""
        record = Store(self.url, create=False).find("small")
        assert record is not None
        frame = trials_frame(record, record.trials(), record.curves())
        return int(frame["pauses"].sum()) if "pauses" in frame else 0

    def left(self) -> list[int]:
        """The processes of this round that still run."""
        wanted = f"{MARK}={self.folder}".encode()
        found = []
        for process in Path("/proc").iterdir():
            with contextlib.suppress(OSError):  # it has ended, or belongs to somebody else
                if process.name.isdigit() and wanted in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
        return [pid for pid in found if not is_gone(pid)]

    def _workers(self) -> str:
        return str(self.draw.choice([0, 1, 1, 2]))

    def _start(self, *options: str) -> "subprocess.Popen[str]":
        return start(self.study, self.url, *options, "--workers", self._workers(), **self._environment)

    def _start_export(self, workers: str) -> "subprocess.Popen[str]":
        options = ("--study", "small", "--storage", self.url, "--top", "1", "--seeds", "2", "--workers", workers)
        return started(
            subprocess.Popen(
                [sys.executable, "-m", "reports.export", *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self._environment},
            )
        )

    def _finish_export(self, workers: str) -> None:
        _finish(self._start_export(workers))

    def _kill_export(self) -> None:
        process = self._start_export(self._workers())
        end = time.monotonic() + self.draw.uniform(2.0, EXPORT_SECONDS)
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        self.fates["in an export" if process.poll() is None else TOO_LATE] += 1
        kill_tree(process)


def _finish(process: "subprocess.Popen[str]") -> None:
    said = finish(process)
    assert process.returncode == 0, said
    assert "Traceback" not in said, said


@contextlib.contextmanager
def polled(file: Path) -> Iterator[Counter[str]]:
    """Read a database by Optuna's own API, twice a second; gives the number of times, and of those that failed."""
    counts, end = Counter[str](), threading.Event()

    def poll() -> None:
        while not end.wait(0.5):
            if not file.exists():
                continue
            try:
                storage = optuna.storages.RDBStorage(f"sqlite:///{file}", skip_table_creation=True)
                for study in storage.get_all_studies():
                    storage.get_all_trials(study._study_id, deepcopy=False)
                storage.engine.dispose()
            except Exception:  # noqa: BLE001 - before there are tables
                counts["failed"] += 1
            counts["polls"] += 1

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield counts
    finally:
        end.set()
        thread.join()


def play(name: str, number: int, seed: int, folder: Path, expected: object) -> dict[str, object]:
    """Play one round, and return its line of the log."""
    began = time.monotonic()
    this = Round(name, folder, random.Random(f"{seed} {number} {name}"))
    told: dict[str, object] = {"round": number, "name": name, "seed": seed, "error": None}
    with polled(folder / "runs.db") as polls:
        try:
            this.disturbed()
            told["same"] = this.outcome() == expected
            told["pauses"] = this.pauses()
        except Exception:  # noqa: BLE001 - whatever it is, it is written down
            told["error"] = traceback.format_exc()[-2000:]
            told["same"] = False
            end_started()
    fates = dict(this.fates)
    kills = sum(count for fate, count in fates.items() if fate != TOO_LATE)
    return told | {
        "kills": kills,
        "fates": fates,
        "left": len(this.left()),
        "polls": dict(polls),
        "seconds": round(time.monotonic() - began),
    }


def summary(lines: list[dict[str, Any]]) -> None:
    """Print what the log says."""
    rows = []
    for name in ROUNDS:
        mine = [line for line in lines if line["name"] == name]
        kills = sum(line["kills"] for line in mine)
        left = sum(line["left"] for line in mine)
        rows.append(
            [
                name,
                len(mine),
                kills,
                sum(line["same"] for line in mine),
                left,
                sum(line.get("pauses", 0) for line in mine),
            ]
        )
    print_table(["round", "rounds", "kills", "same", "processes left", "pauses"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=ROUNDS)
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lines = [json.loads(line) for line in given.log.read_text().splitlines()] if given.log.exists() else []
    names = [given.only] if given.only else list(ROUNDS)
    calm: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        while sum(line["kills"] for line in lines) < given.kills:
            number = len(lines)
            name = names[number % len(names)]
            if name not in calm:
                undisturbed = Round(name, Path(folder) / f"calm-{name}", random.Random(0))
                undisturbed.calm()
                calm[name] = undisturbed.outcome()
            here = Path(folder) / f"round-{number}"
            lines.append(play(name, number, given.seed, here, calm[name]))
            with given.log.open("a") as log:
                log.write(json.dumps(lines[-1]) + "\n")
            if lines[-1]["same"] and not lines[-1]["left"]:
                shutil.rmtree(here)
            else:
                shutil.copytree(here, given.log.with_suffix("") / here.name)
    summary(lines)


if __name__ == "__main__":
    main()
