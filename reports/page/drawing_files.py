"""Writes drawings: each as CSV, PNG and SVG beside the page, and as SVG inside it. Knows nothing of a study."""

import io
import re
from pathlib import Path
from typing import Literal

from markupsafe import Markup
from matplotlib.figure import Figure

from reports.page.sections.base import Drawing
from reports.page.style import HALF, NARROW, PALETTE, WIDE

MAX_SCALE = 1.55  # pixels of the page to a point of a drawing: its letters are then as large as the page's own


def save_drawing(drawing: Drawing, folder: Path) -> Markup:
    """Write a drawing's three files, and return it as the page shows it, on a wide screen and on a narrow one."""
    stem = folder / drawing.key
    drawing.frame.to_csv(stem.with_suffix(".csv"), index=False)
    if drawing.half:
        figure = drawing.draw(HALF)
        svg = _svg(figure)
        inline = _inline(svg, drawing.alt, "")
    else:
        figure = drawing.draw(WIDE)
        svg = _svg(figure)
        inline = _inline(svg, drawing.alt, "wide") + _inline(_svg(drawing.draw(NARROW)), drawing.alt, "narrow")
    stem.with_suffix(".svg").write_text(svg, encoding="utf-8")
    save_png(figure, stem.with_suffix(".png"))
    return inline


def save_png(figure: Figure, file: Path) -> None:
    """Write a figure as a picture on white."""
    figure.patch.set(alpha=1.0, facecolor="white")
    figure.savefig(file, dpi=150, metadata={"Software": None})


def _svg(figure: Figure) -> str:
    """Return a figure as SVG, the same for the same figure."""
    text = io.StringIO()
    figure.savefig(text, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    figure.set_layout_engine("none")  # its parts have found their places
    return text.getvalue()


def _inline(svg: str, alt: str, screen: Literal["wide", "narrow", ""]) -> Markup:
    """Return a drawing as a part of the page: in the page's colours, scaled to its column, with its words."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[A-Za-z]+[\w.-]*">', "<g>", body)  # the same in every drawing, and a page wants each once
    for name, colour in PALETTE.items():
        body = body.replace(colour, f"var(--{name})")
    head = Markup('<svg class="drawing {}" role="img" aria-label="{}" ').format(screen, alt)

    def opening(match: re.Match[str]) -> str:
        return f'{head}style="max-width: {float(match[2]) * MAX_SCALE:.0f}px" {match[1]}>'

    body = re.sub(r'<svg [^>]*?(viewBox="0 0 ([\d.]+) [^"]*")[^>]*>', opening, body, count=1)
    return Markup(body)  # noqa: S704 - matplotlib's own drawing; it escapes the words in it
