"""The package of docs/extending.md, installed as it is printed: every door is used by a search and its report."""

import json
import os
import sys
import tomllib
from pathlib import Path

import pytest

from models.config.registry import ACTIVATIONS, FAMILIES, OPTIMIZERS, SCHEDULES
from models.datasets.registry import FORMATS
from models.metrics.registry import METRICS
from reports.page.checks.registry import CHECKS
from reports.page.sections.registry import SECTIONS
from search.fleet.registry import FLEETS
from search.loggers.registry import LOGGERS
from search.pruners.registry import PRUNERS
from search.samplers.registry import SAMPLERS
from tests.support import warm_start
from tests.support.pages import ROOT, blocks

PAGE = ROOT / "docs" / "extending.md"
FILES = {block.file: block.text for block in blocks(PAGE) if block.language == "python"}
(PYPROJECT,) = (tomllib.loads(block.text) for block in blocks(PAGE) if block.language == "toml")
ENTRY_POINTS: dict[str, dict[str, str]] = PYPROJECT["project"]["entry-points"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a package manager would have put the page's package into."""
    folder = tmp_path_factory.mktemp("installed")
    for name, text in FILES.items():
        assert name is not None, "every block of the page says which file it is"
        (folder / name).write_text(text)
    info = folder / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in of.items()) for group, of in ENTRY_POINTS.items()
    ]
    (info / "entry_points.txt").write_text("".join(lines))
    return folder


def run(installed: Path, folder: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(installed))), "NO_COLOR": "1"}
    done = warm_start.run([sys.executable, "-m", *words], cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_door_is_used_by_a_file_of_twenty_lines() -> None:
    parts = {name: text for name, text in FILES.items() if name != "stripes.py"}
    code = {name: [line for line in text.splitlines()[1:] if line.strip()] for name, text in parts.items()}
    assert {name: len(lines) for name, lines in code.items() if len(lines) > 20} == {}


def test_the_page_has_an_example_for_every_door() -> None:
    doors = (
        ACTIVATIONS,
        FAMILIES,
        OPTIMIZERS,
        SCHEDULES,
        FORMATS,
        METRICS,
        CHECKS,
        SECTIONS,
        FLEETS,
        LOGGERS,
        PRUNERS,
        SAMPLERS,
    )
    assert {f"studyhall.{door.group}" for door in doors} == ENTRY_POINTS.keys()


@pytest.mark.slow
def test_the_package_searches_and_reports(installed: Path, tmp_path: Path) -> None:
    study = str(installed / "stripes.py")
    shown = run(installed, tmp_path, "search.run", "--study", study, "--cluster", "inline://here", "--log", "ends")
    assert "best validation top2" in shown
    assert "ends: " in shown
    run(installed, tmp_path, "reports.export", "--study", "stripes", "--top", "1", "--seeds", "2", "--workers", "0")
    made = tmp_path / "runs" / "studies" / "stripes"
    page = (made / "report.html").read_text()
    ends = [json.loads(line) for line in (made / "ends.jsonl").read_text().splitlines()]
    assert len(ends) == 6
    assert {"state", "value", "hidden", "weight_decay"} <= ends[0].keys()
    assert "6 trials are few" in page
    assert "When trials were best" in page
    assert (made / "figures" / "best-epochs.csv").read_text().startswith("number,best_epoch")
    assert "validation_top2" in (made / "trials.csv").read_text().splitlines()[0]


@pytest.mark.slow
def test_an_activation_of_the_package_is_used_by_its_name(installed: Path, tmp_path: Path) -> None:
    study = (installed / "stripes.py").read_text().replace("family=Shallow()", 'family=Mlp(activation="softsign")')
    (tmp_path / "other.py").write_text(study.replace("import Baseline,", "import Baseline, Mlp,"))
    assert "complete" in run(installed, tmp_path, "search.run", "--study", "other.py", "--workers", "0")
