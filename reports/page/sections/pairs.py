"""Which finalists can be told apart: every two of them compared."""

from collections.abc import Sequence
from typing import Any

from reports.page.data import ReportData
from reports.page.sections.base import Column, Part, Section, Table, fixed, yes_or_no
from reports.page.wording import p_value
from reports.statistics import LEVEL

NOTE = (
    f"Intervals ({LEVEL:.0%}) treat seeds and test images as crossed random effects: the variance of a mean is the sum "
    "of both parts (Owen 2007, arXiv 0712.1111), whose half widths add as squares (Zou and Donner 2008). Gaps are "
    "paired, under each seed on each image, since finalists under one seed see the same minibatches; p values are "
    "adjusted for the number of pairs by Holm (1979). McNemar's exact test (1947; Dietterich 1998) compares the two "
    "models of one seed, image by image."
)


class Pairs(Section):
    """The table of pairs, and how they were compared."""

    chapter = "finalists"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the table, where there are finalists."""
        if report.finalists is None:
            return []
        seeds = report.finalists.seeds
        columns = [
            Column("trial", "first"),
            Column("against", "second"),
            Column("gap", "gap", fixed(4, "+"), "test accuracy of the first less that of the second"),
            Column("from", "low", fixed(4, "+")),
            Column("to", "high", fixed(4, "+")),
            Column("p", "p", _p),
            Column("p, Holm", "p_holm", _p, "adjusted for the number of pairs"),
            Column("told apart", "apart", yes_or_no),
            Column(
                "McNemar",
                "mcnemar",
                lambda value: f"{value} of {seeds}",
                "seeds whose two models McNemar's test tells apart",
            ),
        ]
        return [Table("pairs of finalists", columns, report.finalists.pairs, "Which can be told apart", NOTE)]


def _p(value: Any) -> str:
    return p_value(value).removeprefix("p = ").removeprefix("p ")
