"""Kills over hours: `python -m tests.benchmarks.kills --log kills.jsonl [--kills 1000] [--seed 0] [--only NAME]`.

Every round takes one of `KINDS`, kills its commands with `kill -9`, up to 24 times, lets them come to their end, and
compares what is recorded with an undisturbed run: trials and all their curves, and of an export finalists, models and
what the ledger says was shown. Meanwhile the dashboard is browsed, or Optuna's own API reads the database.

Commands are forked from a process that has imported everything, so that a kill costs little more than the work that it
undoes. Each comes soon after a command has begun something that the seed and the round's number draw, such as its
fifth write; the kernel makes it, after so much more work. In half of the commands a snapshot is taken after every tick,
so that they get on however soon they are killed. Only kills that struck a command at work count, not those that came
before it had opened its database.

A round is one line of JSON in the log, failed or not; the same command goes on after the last line, and ends once so
many kills were made. It wants a temporary folder in memory (`TMPDIR=/dev/shm`): a kill loses no page that was written.
"""

import argparse
import json
import os
import random
import shutil
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import optuna

from tests.benchmarks.kill_rounds import KINDS, Dashboard, Round, marked, polled
from tests.benchmarks.work import print_table
from tests.support.runs import within
from tests.support.servers import Server, binaries
from tests.support.warm_start import preload

MARK = "STUDYHALL_KILLS"  # an environment variable that tells the processes of these rounds
WITH_DASHBOARD = 1 / 3  # of rounds


class Benchmark:
    """Rounds in a folder, after the lines of a log."""

    def __init__(self, folder: Path, log: Path, seed: int, server: Server | None) -> None:
        self._folder, self._log, self._seed, self._server = folder, log, seed, server
        self.lines: list[dict[str, Any]] = (
            [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        )
        self._calm: dict[str, tuple[Round, object]] = {}
        os.environ |= {MARK: str(folder), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
        preload("tests.benchmarks.preloaded")
        self._always = {*marked(f"{MARK}={folder}")}

    @property
    def kills(self) -> int:
        """Kills so far."""
        return sum(line["kills"] for line in self.lines)

    def play(self, name: str) -> None:
        """Play one round, and write its line."""
        if name not in self._calm:
            calm = Round(KINDS[name], self._folder / f"calm-{name}", random.Random(0), self._server)
            calm.calm()
            self._calm[name] = calm, calm.outcome()
        number, began = len(self.lines), time.monotonic()
        calm, expected = self._calm[name]
        draw = random.Random(f"{self._seed} {number} {name}")
        this = Round(KINDS[name], self._folder / f"round-{number}", draw, self._server)
        this.dashboard = Dashboard() if draw.random() < WITH_DASHBOARD else None
        line: dict[str, Any] = {"round": number, "name": name, "seed": self._seed, "same": False, "error": None}
        polls = Counter[str]()
        try:
            with polled(this) as polls:
                this.disturbed(calm)
            outcome = this.outcome()
            line["same"] = outcome == expected
            line["different"] = [key for key in outcome if outcome[key] != expected[key]]  # type: ignore[index]
            line |= {"pauses": this.pauses(), "cut off": this.looks_cut_off()}
        except Exception:  # noqa: BLE001 - whatever it is, it is written down
            line["error"] = traceback.format_exc()[-4000:]
        within(60.0, lambda: not self._left())
        line |= {"kills": this.kills, "of workers": this.workers, "fates": dict(this.fates), "left": len(self._left())}
        line |= {"polls": dict(polls), "seconds": round(time.monotonic() - began), "cpu": round(this.cpu_seconds, 1)}
        self.lines.append(line)
        with self._log.open("a") as log:
            log.write(json.dumps(line) + "\n")
        if not line["same"] or line["left"]:
            shutil.copytree(this.folder, self._log.with_suffix("") / this.folder.name)
        shutil.rmtree(this.folder)

    def _left(self) -> set[int]:
        return {*marked(f"{MARK}={self._folder}")} - self._always


def summary(lines: list[dict[str, Any]]) -> None:
    """Print what the log says: by kind of round, and what the commands did that were killed."""
    rows: list[list[object]] = []
    for name, kind in KINDS.items():
        mine = [line for line in lines if line["name"] == name]
        told = [kind.title, len(mine), *(sum(line.get(key, 0) for line in mine) for key in ("kills", "of workers"))]
        rows.append([*told, *(sum(line.get(key, 0) for line in mine) for key in ("pauses", "same", "left"))])
    all_of_them = [sum(int(str(row[column])) for row in rows) for column in range(1, len(rows[0]))]
    head = ["round", "rounds", "kills", "with workers", "trials that came back", "the same", "processes left"]
    print_table(head, [*rows, ["all", *all_of_them]])
    fates, polls = Counter[str](), Counter[str]()
    for line in lines:
        fates.update(line["fates"])
        polls.update(line["polls"])
    print_table(["the command", "kills"], [[fate, count] for fate, count in fates.most_common()])
    print_table(["others", "times"], [[what, count] for what, count in polls.most_common()])
    looks, seconds = (sum(line.get(key, 0) for line in lines) for key in ("cut off", "cpu"))
    print_table(["openings of the test set cut off", "processor seconds"], [[looks, float(seconds)]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=KINDS, action="append")
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    installed = binaries()
    server = None if installed is None else Server(installed)
    names = [name for name in given.only or KINDS if server is not None or not KINDS[name].on_server]
    try:
        with tempfile.TemporaryDirectory() as folder:
            benchmark = Benchmark(Path(folder), given.log, given.seed, server)
            while benchmark.kills < given.kills:
                benchmark.play(names[len(benchmark.lines) % len(names)])
    finally:
        if server is not None:
            server.close()
    summary(benchmark.lines)


if __name__ == "__main__":
    main()
