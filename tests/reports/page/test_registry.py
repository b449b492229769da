"""Sections and checks come in by name, from this house and from other people's packages."""

import os
import sys
from pathlib import Path

import pytest

from reports.page.checks.registry import CHECKS
from reports.page.sections.registry import SECTIONS, all_sections
from tests.support import warm_start
from tests.support.reports import PageReader

ROOT = Path(__file__).parents[3]

VISITOR = """
from reports.page.checks.base import FinalistsCheck
from reports.page.sections.base import FigureSection
from reports.page.style import new_figure


class BestEpochs(FigureSection):
    key, title = "best-epochs", "When trials were best"

    def frame(self, report):
        return report.trials[["number", "best_epoch"]].dropna()

    def draw(self, report, frame, width):
        figure, axes = new_figure(width, 2.5)
        axes.hist(frame["best_epoch"].astype(int))
        return figure

    def alt(self, report, frame):
        return f"The best epoch of {len(frame)} trials."


class Noisy(FinalistsCheck):
    name, question = "noisy seeds", "Do the seeds of the winner agree?"
    remedy = "Give more --seeds."

    def judge_finalists(self, report, finalists):
        std = finalists.results["test_accuracy_std"].iloc[0]
        return self.look("The seeds do not agree.") if std > 0.0 else self.passed("They agree.")
"""

WRITE = """
from pathlib import Path
from tests.support.reports import every_fate, report_of, write_report

here = Path(".").resolve()
write_report(report_of(every_fate(here), {2: 0.9, 0: 0.6}), here)
"""


def test_every_name_leads_to_a_section_or_a_check() -> None:
    assert all(section.chapter in ("finalists", "search", "winner") for section in all_sections())
    assert [CHECKS.load(name)().name for name in CHECKS.names()] == CHECKS.names()


def test_a_slip_is_answered_with_the_name_that_was_meant() -> None:
    with pytest.raises(ValueError, match=r'did you mean "history"\?'):
        SECTIONS.load("histroy")


@pytest.mark.slow
def test_a_package_of_somebody_elses_adds_a_section_and_a_check(tmp_path: Path) -> None:
    (tmp_path / "visitor.py").write_text(VISITOR)
    metadata = tmp_path / "visitor-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: visitor\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[studyhall.report_sections]\nbest-epochs = visitor:BestEpochs\n"
        "[studyhall.report_checks]\nnoisy = visitor:Noisy\n"
    )
    done = warm_start.run(
        [sys.executable, "-c", WRITE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
    )
    assert done.returncode == 0, done.stderr
    page = PageReader((tmp_path / "report.html").read_text())
    assert "When trials were best" in page.text
    assert "noisy seeds" in page.text
    assert "The seeds do not agree. Give more --seeds." in page.text
    assert {file.suffix for file in (tmp_path / "figures").glob("best-epochs.*")} == {".csv", ".png", ".svg"}
