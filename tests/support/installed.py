"""Studyhall as a stranger has it: a wheel, installed into an environment of its own, outside any clone."""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.support.runs import ROOT

SHIPPED = ("studyhall", "models", "search", "studies", "reports", "pyproject.toml", "README.md", "LICENSE")

NET = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, inputs, classes, hidden):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.last = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.last(torch.relu(self.first(x.flatten(1))))
"""
STUDY = """\
from models import Net
from reports import EPOCHS
from search import TRIALS
from studies import DATA
from studyhall import Baseline, Float, Int, Study

study = Study(
    family=Net,
    data=DATA,
    epochs=EPOCHS,
    trials=TRIALS,
    engines=2,
    lanes=2,
    space={"learning_rate": Float(0.01, 1.0, log=True), "hidden": Int(8, 32, log=True), "weight_decay": 0.0},
    baselines=[Baseline("known", learning_rate=0.1, hidden=16)],
)
"""


def shadowing_folder(folder: Path) -> Path:
    """Fill a folder with modules of the user's that have the names of our packages, and a study that imports all."""
    (folder / "models.py").write_text(NET)
    (folder / "search.py").write_text("TRIALS = 4\n")
    for package, text in (("reports", "EPOCHS = 2\n"), ("studies", "DATA = 'digits'\n")):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text(text)
    (folder / "mine.py").write_text(STUDY)
    return folder


@dataclass(frozen=True)
class Installation:
    """An environment with Studyhall in it; the libraries are those of the running one."""

    folder: Path

    def run(self, program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, on a machine without data sets."""
        known = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "STUDYHALL_DATA")}
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=cwd,
            env={**known, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )


def install(folder: Path) -> Installation:
    """Build the wheel, and install it."""
    source = folder / "source"
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source]
    subprocess.run([*pip, *build], check=True, cwd=folder, env={**os.environ, "PYTHONPATH": ""})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "--python", python, "install", "--no-deps", wheel], check=True, cwd=folder)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installation(folder / "venv")
