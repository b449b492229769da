"""The README's promises: its commands run, its study file is one, its tree is the tree."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SHELL = [
    line.partition("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.S)
    for line in block.splitlines()
]
SERVERS = ("reports.dashboard",)  # they run until they are stopped: tried in tests of their own


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a README line with this interpreter, where no data set and no network is to be had."""
    nowhere = "http://127.0.0.1:9"  # the discard port: a download is refused at once
    environment = {**os.environ, "HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere, "NO_COLOR": "1"}
    environment.pop("STUDYHALL_DATA", None)
    environment["PYTHONPATH"] = str(ROOT)
    words = shlex.split(line)
    assert words[0] == "python"
    return subprocess.run(
        [sys.executable, *words[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_its_commands_run_on_a_machine_without_data_or_network(tmp_path: Path) -> None:
    first = next(line for line in SHELL if "search.run --study mlp" in line)
    begun = run("python " + first.partition("/python ")[2], tmp_path)
    assert begun.returncode == 0, begun.stderr
    assert "searching the embedded digits instead" in begun.stderr
    assert "next: python -m reports.export --study mlp@digits" in begun.stdout
    for line in SHELL:
        if line.startswith("python -m") and not any(server in line for server in SERVERS):
            # Where there are no data the study is called mlp@digits, as the first command has said.
            line = line.replace("reports.export --study mlp", "reports.export --study mlp@digits --seeds 2 --top 1")
            done = run(line, tmp_path)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "runs" / "studies" / "mlp@digits" / "results.csv").exists()


def test_the_installation_line_of_the_tests_is_what_ci_runs() -> None:
    (line,) = [line for line in SHELL if line.endswith("pytest")]
    extra = re.search(r"-e '\.\[(\w+)\]'", line)
    assert extra is not None
    assert extra.group(1) in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert f"install --quiet -e '.[{extra.group(1)}]'" in (ROOT / ".ci" / "run").read_text()


def test_its_study_file_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", README, re.S)
    (tmp_path / "mine.py").write_text(text)
    line = f"python -m search.run --study {tmp_path}/mine.py --dataset digits --trials 2 --epochs 1 --workers 0"
    done = run(line, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", ["search", "models", "studies", "reports", "tests"])
def test_its_tree_names_every_folder(folder: str) -> None:
    assert re.search(rf"^{folder}/ +\S", README, re.M)
    assert (ROOT / folder).is_dir()


def test_files_it_points_to_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target
