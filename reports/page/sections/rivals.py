"""The winner against each other finalist: how far apart, how sure, and what the other would cost."""

from collections.abc import Sequence

from reports.page.data import ReportData
from reports.page.sections.base import Column, Part, Section, Table, fixed, yes_or_no
from reports.page.wording import p_value
from reports.statistics import LEVEL

NOTE = (
    f"Intervals ({LEVEL:.0%}) treat seeds and test images as crossed random effects: the variance of a mean is the sum "
    "of both parts (Owen 2007, arXiv 0712.1111), whose half widths add as squares (Zou and Donner 2008); images are "
    "added at both bounds, so that they hold near 1 as well (Agresti and Coull 1998, Bonett and Price 2012). Gaps are "
    "paired, under each seed on each image, since finalists under one seed see the same minibatches. Intervals and p "
    "values of this table are adjusted for the number of its rows by Bonferroni: they hold together. They are of these "
    "configurations and this split into training and test set; another search would find others."
)


class Rivals(Section):
    """The table of comparisons, and how they were made."""

    chapter = "finalists"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the table, where there are finalists to compare."""
        if report.finalists is None or len(report.finalists.ranked) == 1:
            return []
        columns = [
            Column("against trial", "trial"),
            Column("gap", "gap", fixed(4, "+"), "test accuracy of the winner less that of the other"),
            Column("from", "low", fixed(4, "+")),
            Column("to: at most so much worse", "high", fixed(4, "+")),
            Column("p", "p", lambda value: p_value(value).removeprefix("p = ").removeprefix("p ")),
            Column("told apart", "apart", yes_or_no),
            Column("its multiply-adds", "multiply_adds", lambda value: f"{value:.3g} ×", "of the winner's"),
        ]
        return [Table("the winner and its rivals", columns, report.finalists.rivals, "The winner and its rivals", NOTE)]
