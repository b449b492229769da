"""Runs `reports.export` on a copy of an exported study, as a user does, and reads what it left."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from search.record.record import Record
from search.record.store import Store
from tests.support.runs import started

STUDY = "mlp@digits"


def start(runs: Path, *options: str) -> subprocess.Popen[str]:
    """Start an export, and return its process."""
    command = [sys.executable, "-m", "reports.export", "--study", STUDY, "--workers", "0", *options]
    return started(
        subprocess.Popen(
            command,
            cwd=runs.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
        )
    )


def export(runs: Path, *options: str) -> str:
    """Export, and return what was printed."""
    process = start(runs, *options)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def search_on(runs: Path, trials: int) -> None:
    """Let the search go on to more trials, of which some are then pruned."""
    options = ("--study", "mlp", "--dataset", "digits", "--trials", str(trials), "--epochs", "4", "--workers", "0")
    subprocess.run([sys.executable, "-m", "search.run", *options, "--quiet"], cwd=runs.parent, check=True)


def url(runs: Path) -> str:
    """Return the address of the database."""
    return f"sqlite:///{runs}/studies.db"


def record(runs: Path) -> Record:
    """Return the record of the study."""
    found = Store(url(runs), create=False).find(STUDY)
    assert found is not None
    return found


def timeless(file: Path) -> pd.DataFrame:
    """Return a table of finalists without the columns that differ between two runs."""
    return pd.read_csv(file).drop(columns=["train_seconds", "milliseconds"])
