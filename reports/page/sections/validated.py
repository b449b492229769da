"""The table of finalists that have validation scores alone."""

from collections.abc import Sequence

from models.config.task import EVERY_TASK
from reports.figures.statistics import LEVEL
from reports.page.data import ReportData
from reports.page.sections.base import Column, Part, Section, Table, fixed, parameter_columns
from reports.page.wording import metric_title


class Validated(Section):
    """The finalists of trials that train by themselves, by the mean over seeds."""

    tasks = EVERY_TASK
    chapter = "finalists"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the table, where finalists have no test."""
        if report.validated is None:
            return []
        results, title = report.validated.results.copy(), metric_title(report.objective.metric)
        text = report.objective.text
        bounds = zip(results[f"{report.score}_low"], results[f"{report.score}_high"], strict=True)
        results["interval"] = [f"{text(low)}–{text(high)}" if low == low else "" for low, high in bounds]
        columns = [
            Column("rank", "rank"),
            Column("trial", "trial"),
            Column(f"validation {title}", f"{report.score}_mean", text, "mean over seeds; the rank is by this"),
            Column("interval", "interval", title=f"{LEVEL:.0%}, over seeds"),
            Column("std", f"{report.score}_std", text, "standard deviation between seeds"),
            Column("in the search", report.score, text, "under one seed"),
            *parameter_columns(report),
            Column("seconds", "train_seconds", fixed(1), "of training, mean over seeds"),
            Column("baseline", "baseline"),
        ]
        return [Table("finalists", columns, results)]
