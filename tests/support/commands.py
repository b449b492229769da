"""Commands run inside the test's own process: for what they say and write, where no property of a process is tested."""

import contextlib
import importlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from models.console import start


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and all it wrote to standard output and error."""

    exit_code: int
    output: str

    @property
    def lines(self) -> list[str]:
        return self.output.splitlines()


def invoke(module: str, *arguments: str | Path, folder: Path | None = None) -> Outcome:
    """Run `python -m <module> <arguments>` in this process, in a folder if one is given."""
    app, output = importlib.import_module(module).app, io.StringIO()
    argv = [module, *map(str, arguments)]
    with (
        mock.patch.object(sys, "argv", argv),
        mock.patch.dict(os.environ, {"COLUMNS": "200", "NO_COLOR": "1"}),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        contextlib.chdir(folder or "."),
    ):
        try:
            start(app)
        except SystemExit as ended:
            return Outcome(int(ended.code or 0), output.getvalue())
    return Outcome(0, output.getvalue())


def search_here(study: Path, url: str, *options: str) -> str:
    """Search a study file to its good end in this process, in the file's folder; returns what the command said."""
    command = ("--study", study, "--storage", url, "--workers", "0", *options)
    done = invoke("search.run", *command, folder=study.parent)
    assert done.exit_code == 0, done.output
    return done.output


def refused(study: Path | str, url: str, *options: str) -> str:
    """Assert that a search is refused in two lines with exit code 2; returns them without "error: "."""
    done = invoke("search.run", "--study", study, "--storage", url, *options, folder=Path(study).parent)
    assert done.exit_code == 2, done.output
    assert done.output.startswith("error: "), done.output
    assert len(done.lines) == 2, done.output
    assert done.lines[1].strip()
    return done.output.removeprefix("error: ")
