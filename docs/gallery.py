"""The gallery of the site: reports of small studies, made by the commands that the pages show.

Where STUDYHALL_GALLERY names a folder of runs, its reports are taken, and nothing is searched.
"""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import unescape
from pathlib import Path

STUDIES = {  # each is searched with these arguments, and exported
    "mlp@digits": ("mlp", "--dataset", "digits", "--trials", "24", "--epochs", "6"),
    "linear@digits": ("linear", "--dataset", "digits", "--trials", "16", "--epochs", "6"),
}


@dataclass(frozen=True)
class Report:
    """A report of the gallery."""

    name: str  # the study's
    headline: str  # the verdict in a sentence
    html: str  # the page, which needs no other file


def reports() -> list[Report]:
    """Return the reports, which are made first unless there are some."""
    if given := os.environ.get("STUDYHALL_GALLERY"):
        return _reports_in(Path(given))
    with tempfile.TemporaryDirectory() as folder:
        for name, search in STUDIES.items():
            for words in (("search", *search, "--quiet"), ("export", name, "--top", "1", "--seeds", "3")):
                command = [sys.executable, "-m", "studyhall", *words]
                subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return _reports_in(Path(folder) / "runs")


def page(reports: list[Report]) -> str:
    """Return the gallery's page."""
    entries = [f"## {each.name}\n\n{each.headline} [Open the report](gallery/{each.name}.html)\n" for each in reports]
    picture = "![A report: verdict, finalists, checks](report.png)\n\n[How to read one](report.md)\n"
    preface = "Each is one file, as `studyhall export` writes it. These were searched on digits, in seconds.\n"
    return "\n".join(["# Reports\n", preface, *entries, "## What one looks like\n", picture])


def _reports_in(runs: Path) -> list[Report]:
    found = []
    for file in sorted(runs.glob("studies/*/report.html")):
        html = file.read_text(encoding="utf-8")
        headline = re.search(r'class="headline">(.*?)</p>', html, re.S)
        assert headline is not None, file
        found.append(Report(file.parent.name, unescape(headline[1]).strip(), html))
    return found
