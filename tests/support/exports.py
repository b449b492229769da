"""Runs `reports.export` on a copy of an exported study, as a user does, and reads what it left.

In the test's own process, but for what is killed or made to fail: each process more takes four seconds of a core.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

import pandas as pd
from matplotlib.figure import Figure

from search.record.record import Record
from search.record.store import Store
from tests.support.commands import invoke
from tests.support.runs import started
from tests.support.warm_start import WarmPopen, unrendered_figure

STUDY = "mlp@digits"


def start(runs: Path, *options: str) -> subprocess.Popen[str]:
    """Start an export, and return its process."""
    command = [sys.executable, "-m", "reports.export", "--study", STUDY, "--workers", "0", *options]
    return started(
        WarmPopen(
            command,
            cwd=runs.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
        )
    )


def export(runs: Path, *options: str, rendered: bool = False) -> str:
    """Export in this process, with figures that nobody sees unless they are rendered; return what was printed."""
    with nullcontext() if rendered else unrendered():
        done = invoke("reports.export", "--study", STUDY, "--workers", "0", *options, folder=runs.parent)
    assert done.exit_code == 0, done.output
    return done.output


@contextmanager
def unrendered() -> Iterator[None]:
    """Let figures be drawn, and saved as empty files: to render those of a report takes five seconds of a core."""

    with mock.patch.object(Figure, "savefig", unrendered_figure):
        yield


def search_on(runs: Path, trials: int) -> None:
    """Let the search go on, in this process, to more trials, of which some are then pruned."""
    options = ("--study", "mlp", "--dataset", "digits", "--trials", str(trials), "--epochs", "4", "--workers", "0")
    done = invoke("search.run", *options, "--quiet", folder=runs.parent)
    assert done.exit_code == 0, done.output


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
