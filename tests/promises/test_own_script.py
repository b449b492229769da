"""A program of one's own, searched as a user does: an unchanged training script, kills, failures."""

import shutil
from pathlib import Path

import pytest

from reports import export_study
from search.run_study import run_study
from tests.support.runs import ROOT, is_gone, kill_tree, search, start, table, trials, wait_for_tick, within

pytestmark = pytest.mark.usefixtures("unrendered")

STUDY = """
from studyhall import Float, Int, Script, Study

study = Study(family=Script("digits.py"), objective="accuracy", epochs=4, trials=3,
              space={"lr": Float(0.05, 2.0, log=True), "batch_size": Int(32, 128, factor=2)})
"""
LIGHT = """
import argparse
import os
import pathlib
import time

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--width", type=int)
options = parser.parse_args()
pathlib.Path(__file__).with_name(f"pid-{os.getpid()}").touch()
for epoch in range(5):
    time.sleep(0.05)
    print(f"epoch {epoch} loss: {abs(options.lr - 0.1) + 8 / options.width / (epoch + 1):.6f}")
    if options.width == 32:
        raise SystemExit("no gradient")
"""
LIGHT_STUDY = """
from studyhall import Float, Int, Script, Study

study = Study(family=Script("light.py"), objective="loss", epochs=5, trials=12, paused=3,
              space={"lr": Float(0.001, 1.0, log=True), "width": Int(16, 64, factor=2)})
"""


def _light(folder: Path) -> Path:
    (folder / "light.py").write_text(LIGHT)
    file = folder / "small.py"
    file.write_text(LIGHT_STUDY)
    return file


def _programs(folder: Path) -> list[int]:
    return [int(file.name.removeprefix("pid-")) for file in folder.glob("pid-*")]


@pytest.mark.slow
def test_an_unchanged_training_script_is_searched_by_a_study_of_five_lines(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "support" / "digits_script.py", tmp_path / "digits.py")
    (tmp_path / "small.py").write_text(STUDY)
    assert len(STUDY.strip().splitlines()) <= 5
    result = run_study(tmp_path / "small.py", storage=f"sqlite:///{tmp_path}/runs.db", workers=2, quiet=True)
    assert set(result.trials["state"]) <= {"complete", "pruned"}
    assert result.best is not None
    assert result.best.score > 0.8  # 4 epochs of a small network on digits; chance is 0.1
    log = (result.folder / "logs" / f"trial-{result.best.number}.log").read_text()
    assert log.count("Test set: Average loss") == 4
    export = export_study(result, top=1, seeds=2, workers=2, quiet=True)
    assert export.results is not None
    assert not [column for column in export.results if "test" in column]
    assert "All 2 seeds came out the same" in export.page.read_text()  # its own --seed is 1


@pytest.mark.slow
def test_a_search_of_a_program_that_is_killed_ends_the_same_and_leaves_none_running(tmp_path: Path) -> None:
    file = _light(tmp_path)
    search(file, f"sqlite:///{tmp_path}/calm.db", "--workers", "0")
    for workers in ("2", "0"):
        process = start(file, f"sqlite:///{tmp_path}/killed.db", "--workers", workers)
        wait_for_tick(process, 2)
        kill_tree(process)
        assert _programs(tmp_path)
        assert within(30.0, lambda: all(map(is_gone, _programs(tmp_path))))
    search(file, f"sqlite:///{tmp_path}/killed.db", "--workers", "2")
    assert table(f"sqlite:///{tmp_path}/killed.db") == table(f"sqlite:///{tmp_path}/calm.db")
    rows = trials(f"sqlite:///{tmp_path}/calm.db")
    assert {row.state for row in rows} == {"complete", "pruned", "failed"}
    assert {row.params["width"] for row in rows if row.state == "failed"} == {32}
    assert not [row for row in rows if row.params["width"] == 32 and row.state == "complete"]
    reasons = {(row.reason or "").partition(" (failures")[0] for row in rows if row.state == "failed"}
    assert reasons == {"no gradient [exit status 1]"}
    assert within(30.0, lambda: all(map(is_gone, _programs(tmp_path))))


def test_how_long_an_epoch_may_take_can_change_while_a_study_goes_on(tmp_path: Path) -> None:
    file, url = _light(tmp_path), f"sqlite:///{tmp_path}/runs.db"
    assert len(run_study(file, storage=url, trials=2, workers=0, quiet=True).trials) == 2
    file.write_text(LIGHT_STUDY.replace('"light.py"', '"light.py", epoch_seconds=600'))
    assert len(run_study(file, storage=url, trials=4, workers=0, quiet=True).trials) == 4
