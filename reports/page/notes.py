"""What optuna-dashboard shows of a report: notes in Markdown, and figures of each finalist."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import escape

from reports.figures.statistics import LEVEL
from reports.page.data import FinalistData, ReportData
from reports.page.drawing_files import save_png
from reports.page.sections.base import Section
from reports.page.style import WIDE, style
from reports.page.verdict import verdict
from reports.page.wording import counted, metric_title
from search.trial import TrialRow


def study_note(report: ReportData) -> str:
    """Return the verdict; whatever a study brings in stays text."""
    of = verdict(report)
    rows = "\n".join(f"| {escape(name)} | {escape(value)} | {escape(basis)} |" for name, value, basis in of.figures)
    sentences = "\n\n".join(str(escape(sentence)) for sentence in of.sentences)
    link = (
        f"[The whole report](/reports/{report.folder.name}?folder) where `python -m reports.dashboard` serves it; "
        "where `optuna-dashboard` does, `report.html` is among the artifacts, if it is given `--artifact-dir`."
    )
    return f"**{escape(of.headline)}**\n\n{sentences}\n\n| | | |\n|---|---|---|\n{rows}\n\n{link}\n"


def trial_note(report: ReportData, finalists: FinalistData, row: TrialRow) -> str:
    """Return a finalist's rank and metrics."""
    result = finalists.results[finalists.results["trial"] == row.number].iloc[0]
    figure, tested = finalists.figure, finalists.tested(row.number)
    mean, low, high = (figure.text(value) for value in (tested.mean, tested.low, tested.high))
    return (
        f"**Finalist, rank {result['rank']} of {len(finalists.ranked)}.** Test {figure.title} "
        f"{mean}, {LEVEL:.0%} interval {low} to {high}, test loss {result['test_loss_mean']:.4f}, validation "
        f"{metric_title(report.objective.metric)} {report.objective.text(result[report.score])}; means over "
        f"{counted(finalists.seeds, 'seed')}.\n"
    )


def save_trial_figures(report: ReportData, sections: Sequence[Section], trial: int, folder: Path) -> list[Path]:
    """Write a finalist's own figures as PNG, and return the files; those of the winner the page has written."""
    files = []
    with style():
        for section in sections:
            for drawing in section.trial_drawings(report, trial):
                files.append(folder / "figures" / f"{drawing.key}.png")
                if trial != report.shown:
                    save_png(drawing.draw(WIDE), files[-1])
    return files
