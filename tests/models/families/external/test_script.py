"""A program as trials of an engine: its command, its lines, its ends."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from models.config.messages import EpochMetrics, LaneSpec
from models.config.recipe import Recipe
from models.engine.external_engine import ExternalEngine
from models.errors import UserError
from models.families.external.base import ExternalRun
from models.families.external.script import Script
from models.families.external.script_trial import command, metrics_in
from tests.support.runs import ROOT, is_gone, within
from tests.support.warm_start import ADOPT_ORPHANS

PRINTING = """
import argparse
import os
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--batch-size", type=int, default=1)
options = parser.parse_args()
pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
for epoch in range(3):
    print(f"epoch {epoch}: train loss: {options.lr}")
    print(f"  score={options.lr * (epoch + 1)}")
"""


def _engine(folder: Path, text: str, *, epochs: int = 3, **fields: Any) -> ExternalEngine:
    file = folder / "train.py"
    file.write_text(text)
    recipe = Recipe(family=Script(str(file), **fields), epochs=epochs, metrics=("score", "loss"))
    return ExternalEngine(recipe, folder / "logs", 1)


def _spec(lane: int = 0, *, resumed: bool = False, **parameters: float) -> LaneSpec:
    return LaneSpec(lane=lane, parameters=parameters or {"lr": 0.5}, seed=7, resumed=resumed)


def _only(scores: list[EpochMetrics]) -> EpochMetrics:
    (score,) = scores
    return score


def test_a_line_with_the_objective_ends_an_epoch(tmp_path: Path) -> None:
    engine = _engine(tmp_path, PRINTING)
    engine.add(_spec())
    scores = [_only(engine.tick(tick)).validation for tick in (1, 2, 3)]
    assert scores == [{"score": 0.5, "loss": 0.5}, {"score": 1.0, "loss": 0.5}, {"score": 1.5, "loss": 0.5}]
    assert (tmp_path / "logs" / "trial-0.log").read_text().count("score=") == 3


SLOW = """#!/bin/sh
echo $$ > "$(dirname "$0")/pid"
echo score=1
echo score=2
sleep 1000
echo score=3
"""


@pytest.mark.slow
def test_a_program_that_takes_too_long_over_an_epoch_fails(tmp_path: Path) -> None:
    file = tmp_path / "train.sh"
    file.write_text(SLOW)
    file.chmod(0o755)
    recipe = Recipe(family=Script(str(file), epoch_seconds=3.0), epochs=3, metrics=("score",))
    engine = ExternalEngine(recipe, None, 1)
    engine.add(_spec())
    assert _only(engine.tick(1)).failed is None
    time.sleep(3.5)  # while it stands still its time does not run
    assert _only(engine.tick(2)).failed is None
    assert _only(engine.tick(3)).failed == "an epoch took longer than epoch_seconds=3"
    assert is_gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    ("line", "pattern", "told"),
    [
        ("loss=0.25", "", {"loss": 0.25}),
        ("Test set: Average loss: 1.5e-3, Accuracy: 9907/10000 (99%)", "", {"loss": 0.0015, "accuracy": 0.9907}),
        ("{'accuracy': 0.5}", "", {}),
        ("weight_loss=3 val-loss=4", "", {}),
        ("loss: nan", "", {"loss": float("nan")}),
        ("Train Loss: 3", r"Test loss: (?P<loss>\S+)", {}),
        ("Test loss: 3", r"Test loss: (?P<loss>\S+)", {"loss": 3.0}),
    ],
)
def test_metrics_are_found_in_a_line(line: str, pattern: str, told: dict[str, float]) -> None:
    assert metrics_in(line, pattern, ("loss", "accuracy")) == pytest.approx(told, nan_ok=True)


def test_a_parameter_is_an_option_as_the_program_spells_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(PRINTING)
    config = Script(str(tmp_path / "train.py"), arguments=("--quick",), seed_option="--seed")
    run = ExternalRun(3, {"lr": 0.1, "batch_size": 32}, 7, 3, ("score",))
    words = ["--quick", "--lr", "0.1", "--batch-size", "32", "--seed", "7"]
    assert command(config, run) == [sys.executable, config.file, *words]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("print('score=1')\nraise RuntimeError('out of memory')", "RuntimeError: out of memory [exit status 1]"),
        ("import sys\nsys.exit(4)", "exit status 4"),
        ("print('done')", "it ended without a line like score=0.123"),
        ("import os\nos.abort()", "killed by SIGABRT"),
    ],
)
def test_a_program_that_fails_fails_its_trial_with_its_last_line(tmp_path: Path, text: str, reason: str) -> None:
    engine = _engine(tmp_path, text, epochs=1)
    engine.add(_spec())
    failed = _only(engine.tick(1)).failed
    assert failed is not None
    assert failed.strip().splitlines()[-1] == reason


ENDLESS = PRINTING.replace("range(3)", "__import__('itertools').count()").replace("options.lr *", "0.1 *")
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + ENDLESS


@pytest.mark.parametrize("text", [ENDLESS, STUBBORN], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("paused", [False, True])
def test_a_program_that_is_pruned_is_gone(tmp_path: Path, text: str, paused: bool) -> None:
    engine = _engine(tmp_path, text, stop_seconds=0.3)
    engine.add(_spec())
    engine.tick(1)
    if paused:
        engine.pause(0)
    pid = int((tmp_path / "pid").read_text())
    assert not is_gone(pid)
    engine.drop(0)
    assert is_gone(pid)


def test_a_program_stands_still_between_its_turns(tmp_path: Path) -> None:
    engine = _engine(tmp_path, ENDLESS, epochs=10_000)
    engine.add(_spec())
    engine.tick(1)
    pid = int((tmp_path / "pid").read_text())
    assert within(5.0, lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    assert _only(engine.tick(2)).epoch == 2
    engine.drop(0)


BUSY = PRINTING.partition("for epoch")[0] + "while True:\n    pass\n"
# A worker that has come to one epoch of a program.
WORKER = """
import sys, threading, time
from pathlib import Path
from models.config.messages import LaneSpec
from models.config.recipe import Recipe
from models.engine.external_engine import ExternalEngine
from models.families.external.script import Script

engine = ExternalEngine(Recipe(family=Script(sys.argv[1]), epochs=10_000, metrics=("score",)), Path("logs"), 1)
engine.add(LaneSpec(lane=0, parameters={"lr": 0.5}, seed=7))
{then}
print("ready", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def adopted() -> Iterator[None]:
    """Orphans become this process's children, as they become those of a container's first process."""
    libc = ctypes.CDLL(None)
    libc.prctl(ADOPT_ORPHANS, 1)
    yield
    libc.prctl(ADOPT_ORPHANS, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize(
    ("text", "then"),
    [(ENDLESS, "engine.tick(1)"), (BUSY, "threading.Thread(target=engine.tick, args=(1,)).start()")],
    ids=["standing still", "at work"],
)
def test_a_program_ends_with_its_worker(tmp_path: Path, text: str, then: str) -> None:
    (tmp_path / "train.py").write_text(text)
    command = [sys.executable, "-c", WORKER.replace("{then}", then), str(tmp_path / "train.py")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        assert within(10.0, (tmp_path / "pid").exists)
        pid = int((tmp_path / "pid").read_text())
        assert not is_gone(pid)
        worker.kill()
    try:
        assert within(10.0, lambda: is_gone(pid))
    finally:
        os.kill(pid, signal.SIGKILL)  # which a child that has ended does not mind
        os.waitpid(pid, 0)


def test_more_lines_than_epochs_are_refused(tmp_path: Path) -> None:
    engine = _engine(tmp_path, PRINTING, epochs=2)
    engine.add(_spec())
    engine.tick(1)
    with pytest.raises(UserError, match="prints more than the 2 epochs") as refused:
        engine.tick(2)
    assert "pattern" in refused.value.remedy


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.sh").write_text("echo score=1\n")
    recipe = Recipe(family=Script(str(tmp_path / "train.sh")), epochs=1, metrics=("score",))
    engine = ExternalEngine(recipe, None, 1)
    engine.add(_spec())
    with pytest.raises(UserError, match="is no program"):
        engine.tick(1)


@pytest.mark.parametrize("pattern", ["loss: (", "loss: [0-9]+"])
def test_a_pattern_without_use_is_refused(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "train.py").write_text(PRINTING)
    with pytest.raises(ValidationError, match="pattern: "):
        Script(str(tmp_path / "train.py"), pattern=pattern)
