"""The README's promises: its commands run, its study file is one, its tree is the tree."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.support.pages import ROOT, blocks, dead_links, run

README = ROOT / "README.md"
COMMANDS = [command for block in blocks(README) if block.language == "sh" for command in block.commands]


@pytest.mark.slow
def test_its_commands_run_on_a_machine_without_data_or_network(tmp_path: Path) -> None:
    first = next(command for command in COMMANDS if command.words[-3].endswith("/studyhall"))
    begun = run(["studyhall", *first.words[-2:]], tmp_path)
    assert begun.returncode == 0, begun.stderr
    assert "searching the embedded digits instead" in begun.stderr
    assert "next: studyhall export mlp@digits" in begun.stdout
    for command in COMMANDS:
        if command.words[0] == "studyhall" and not command.serves:
            words = list(command.words)
            if "export" in words:  # the study is called mlp@digits, as the first command has said
                words[words.index("mlp")] = "mlp@digits"
            done = run(words, tmp_path)
            assert done.returncode == 0, f"{command.line}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "runs" / "studies" / "mlp@digits" / "results.csv").exists()


def test_the_line_of_the_tests_is_what_ci_runs() -> None:
    (line,) = [command.line for command in COMMANDS if ".venv/bin/pytest" in command.words]
    found = re.search(r"\.\[(\w+)\].* \.venv/bin/(pytest.*)", line)
    assert found is not None
    extra, tests = found.groups()
    assert extra in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    ours = (ROOT / ".ci" / "run").read_text()
    assert f"install --quiet -e '.[{extra}]'" in ours
    assert ours.endswith('"$venv/bin/' + tests.replace("pytest", 'pytest"', 1) + "\n")


@pytest.mark.slow
def test_its_study_file_is_one(tmp_path: Path) -> None:
    (block,) = [block for block in blocks(README) if block.language == "python"]
    (tmp_path / "mine.py").write_text(block.text)
    line = "studyhall search mine.py --dataset digits --trials 2 --epochs 1 --workers 0"
    done = run(line.split(), tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", ["studyhall", "search", "models", "studies", "reports", "docs", "tests"])
def test_its_tree_names_every_folder(folder: str) -> None:
    assert re.search(rf"^{folder}/ +\S", README.read_text(), re.M)
    assert (ROOT / folder).is_dir()


def test_files_it_points_to_exist() -> None:
    assert not dead_links(README)
