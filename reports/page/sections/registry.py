"""The sections there are, in the order of the page."""

from models.config.task import CLASSIFICATION, Task
from models.registry import Registry
from reports.page.sections.base import Section

SECTIONS = Registry(
    "report_sections",
    "report section",
    {
        "front": "reports.page.sections.front:Front",
        "finalists": "reports.page.sections.finalists:Finalists",
        "validated": "reports.page.sections.validated:Validated",
        "rivals": "reports.page.sections.rivals:Rivals",
        "ensemble": "reports.page.sections.ensemble:Ensemble",
        "searched_front": "reports.page.sections.front:SearchedFront",
        "savings": "reports.page.sections.savings:Savings",
        "history": "reports.page.sections.history:History",
        "curves": "reports.page.sections.curves:Curves",
        "times": "reports.page.sections.times:Times",
        "parameters": "reports.page.sections.parameters:Parameters",
        "importance": "reports.page.sections.importance:Importance",
        "trials": "reports.page.sections.trials:Trials",
        "configuration": "reports.page.sections.configuration:Configuration",
        "epochs": "reports.page.sections.epochs:Epochs",
        "confusion": "reports.page.sections.confusion:Confusion",
        "classes": "reports.page.sections.classes:Classes",
        "mistakes": "reports.page.sections.mistakes:Mistakes",
        "residuals": "reports.page.sections.residuals:Residuals",
        "weights": "reports.page.sections.weights:Weights",
    },
)


def all_sections(task: Task = CLASSIFICATION) -> list[Section]:
    """Return the sections of a task, in the order of the page; those of other packages come last in their chapter."""
    sections = [SECTIONS.load(name)() for name in SECTIONS.names()]
    return [section for section in sections if task.name in section.tasks]
