"""Whose module a name means: the user's wherever he has one, under the command and after `import studyhall`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.installed import shadowing_folder
from tests.support.runs import ROOT


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def program(folder: Path, text: str) -> str:
    """Run a program that lies in a folder to its good end; returns what it printed."""
    (folder / "program.py").write_text(text)
    done = python(folder, "program.py")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("first", ["import studyhall", "from search import TRIALS"])
def test_a_program_has_its_own_modules_beside_studyhall(tmp_path: Path, first: str) -> None:
    text = f"""{first}
from reports import EPOCHS
from search import TRIALS
from studies import DATA
from studyhall import Random, Study, export_study
from studyhall.models.metrics.base import Metric
print(EPOCHS, TRIALS, DATA, Study.__module__, export_study.__module__, Metric.__module__, Random().name)
"""
    assert program(shadowing_folder(tmp_path), text).split() == [
        "2",
        "4",
        "digits",
        "studyhall.search.config.study",
        "studyhall.reports.exports.export_study",
        "studyhall.models.metrics.base",
        "random",
    ]


@pytest.mark.parametrize(("first", "then"), [("search", "studyhall"), ("studyhall", "search")])
def test_both_names_mean_the_same_objects(tmp_path: Path, first: str, then: str) -> None:
    text = f"""import importlib, sys
one, other = importlib.import_module({first!r}), importlib.import_module({then!r})
assert one.Study is other.Study
short = importlib.import_module("models.config.families")
assert short is importlib.import_module("studyhall.models.config.families")
assert short.Mlp is one.Mlp
assert len({{id(it.Study) for name, it in sys.modules.items() if name.endswith("search.config.study")}}) == 1
"""
    program(tmp_path, text)


def test_a_folder_without_python_files_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "weights.bin").touch()
    assert program(tmp_path, "import studyhall, models; print(models.__name__)") == "studyhall.models\n"


def test_a_folder_of_python_files_needs_no_init_file(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.py").write_text("WIDTH = 7")
    assert program(tmp_path, "import studyhall; from models.net import WIDTH; print(WIDTH)") == "7\n"


def test_import_studyhall_imports_nothing_of_ours_yet(tmp_path: Path) -> None:
    text = "import sys, studyhall; print(sorted(it for it in sys.modules if it.startswith('studyhall')))"
    assert program(tmp_path, text) == "['studyhall', 'studyhall.importing']\n"


@pytest.mark.slow
def test_everything_public_is_in_the_one_name(tmp_path: Path) -> None:
    text = "from studyhall import *; print(Study.__name__, run_study.__name__, Export.__name__, UserError.__name__)"
    assert program(tmp_path, text).split() == ["Study", "run_study", "Export", "UserError"]


# --- what is said where a name cannot be had --------------------------------------------------------------------------


def test_python_m_says_what_hides_it_and_which_command_to_give(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("raise RuntimeError('nobody may run this')")
    done = python(tmp_path, "-m", "search.run", "--study", "mine.py")
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        [
            f"error: {tmp_path / 'models.py'} hides Studyhall's own package `models`",
            "  give: studyhall search --study mine.py",
        ],
    )


def test_a_program_is_told_which_name_to_import(tmp_path: Path) -> None:
    (tmp_path / "models.py").touch()
    (tmp_path / "program.py").write_text("from search import Study")
    done = python(tmp_path, "program.py")
    assert "import studyhall instead of search, models and reports" in done.stderr.splitlines()[-1]


def test_a_study_file_is_told_whose_module_it_met(tmp_path: Path) -> None:
    shadowing_folder(tmp_path)
    (tmp_path / "mine.py").write_text("from search import Study")
    done = python(tmp_path, "-m", "studyhall", "search", "mine.py")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)
    assert f"`search` is {tmp_path / 'search.py'}; what is Studyhall's is imported from studyhall" in done.stderr


def test_a_study_file_under_python_m_is_told_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    shadowing_folder(tmp_path / "deeper")
    done = python(tmp_path, "-m", "search.run", "--study", "deeper/mine.py")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)
    assert "the command studyhall leaves the name to your own module" in done.stderr
