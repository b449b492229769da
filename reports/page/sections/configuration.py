"""The parameters of the trial that the page shows in full."""

from collections.abc import Sequence

from models.config.task import EVERY_TASK
from reports.page.data import ReportData
from reports.page.sections.base import Facts, Part, Section


class Configuration(Section):
    """Names and values, as they were trained."""

    tasks = EVERY_TASK
    chapter = "winner"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return them, where a trial is complete."""
        if report.shown is None:
            return []
        return [Facts(report.study.to_external(report.rows[report.shown].params))]
