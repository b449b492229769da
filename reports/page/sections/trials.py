"""The best complete trials of the search, as a table."""

from collections.abc import Sequence

from models.config.task import EVERY_TASK
from reports.page.data import ReportData
from reports.page.sections.base import Column, Part, Section, Table, fixed, parameter_columns
from reports.page.wording import metric_title

MAX_ROWS = 50  # trials.csv has all


class Trials(Section):
    """The table of complete trials, best first."""

    tasks = EVERY_TASK

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the table, where a trial is complete."""
        complete = report.objective.sort(report.trials[report.trials["fate"] == "complete"]).head(MAX_ROWS)
        if complete.empty:
            return []
        epoch = "at its best epoch, or its last one"
        figure, standard = report.figure, report.study.task.metrics
        others = [metric for metric in (report.objective.metric,) if metric not in standard]
        told = [
            Column(figure.title, f"validation_{figure.metric}", figure.text, f"validation {figure.title} {epoch}"),
            Column("loss", "validation_loss", fixed(4), "validation loss at that epoch"),
        ]
        error = f"validation_{report.objective.metric}_standard_error"  # of the mean, where a trial is several lanes
        several = f"of {report.study.judged_by}"
        columns = [
            Column("trial", "number"),
            *parameter_columns(report),
            *(Column(metric_title(metric), f"validation_{metric}", report.objective.text) for metric in others),
            *(told if standard else ()),
            *([Column("±", error, report.objective.text, f"standard error {several}")] if error in complete else ()),
            Column("at epoch", "best_epoch"),
            Column("seconds", "seconds", fixed(1), "its share of the ticks it trained in, by its work"),
            Column("baseline", "baseline"),
        ]
        title = "The best complete trials" if len(complete) == MAX_ROWS else "All complete trials"
        note = f"trials.csv has all {len(report.trials):,} trials."
        return [Table("complete trials", columns, complete, title, note)]
