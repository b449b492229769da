"""The report: one page that needs nothing else, and beside it every figure as CSV, PNG and SVG.

The page is what its sections return, in the order of their registry, within the frame of page.html. Jinja2 escapes
whatever a study brings in; only our own drawings are put in as they are. The same record makes the same page, to the
letter: it bears no time of its own. Must not query the record: it is given `ReportData`.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.page import provenance
from reports.page.checks.registry import run_checks
from reports.page.data import ReportData
from reports.page.drawing_files import save_drawing
from reports.page.sections.base import Part, Section
from reports.page.style import style
from reports.page.verdict import verdict
from reports.page.wording import counted

TEMPLATES = Path(__file__).parent / "templates"


def write_page(report: ReportData, sections: Sequence[Section], folder: Path, export_command: str) -> Path:
    """Write the page, its sections in their order within each chapter, and its figures; return the page.

    Args:
        report: What it says.
        sections: What it shows.
        folder: Where to.
        export_command: What writes it again.
    """
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    chapters: dict[str, list[Part]] = {"finalists": [], "search": [], "winner": []}
    for section in sections:
        chapters[section.chapter] += section.parts(report)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"options_as_code": _options_as_code, "saved": lambda of: save_drawing(of, figures)}
    with style():
        text = environment.get_template("page.html").render(
            report=report,
            verdict=verdict(report),
            checks=run_checks(report),
            chapters=chapters,
            data=provenance.data_text(report),
            commands=[provenance.search_command(report), export_command],
            machine=provenance.machine(report),
            wall_time=provenance.wall_time(report),
            counted=counted,
        )
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    return file


def _options_as_code(text: str) -> Markup:
    """Return a sentence with its command-line options set as code, and everything else escaped."""
    return Markup(re.sub(r"(--[a-z][a-z-]*(?: \d+| N\b)?)", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped
