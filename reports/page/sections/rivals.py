"""The winner against each other finalist: how far apart, how sure, and what the other would cost."""

from collections.abc import Sequence

from reports.figures.figure import RMSE_FIGURE
from reports.figures.statistics import LEVEL
from reports.page.data import ReportData
from reports.page.sections.base import Column, Part, Section, Table, yes_or_no
from reports.page.wording import p_value

AT_BOUNDS = (
    "{noun}s are added at both bounds, so that they hold near 1 as well (Agresti and Coull 1998, Bonett and Price 2012)"
)
OF_ROOTS = (
    "an interval of a root mean square error is taken around its reciprocal, which holds the truth more often where "
    "few rows have large errors, and gaps of it by the delta method"
)
OF_DRAWS = (
    "the {noun}s' part is Student's, of what the gap varies by on {noun}s drawn anew with replacement, {draws} times, "
    "the same ones for every finalist (Efron 1979){more}"
)
OF_ANSWERS = ", and of one {noun} more that only one of both answers rightly, either way (Bonett and Price 2012)"
NOTE = (
    f"Intervals ({LEVEL:.0%}) treat seeds and test {{noun}}s as crossed random effects: the variance of a mean is the "
    "sum of both parts (Owen 2007, arXiv 0712.1111), whose half widths add as squares (Zou and Donner 2008){how}. "
    "Gaps are paired, under each seed on each {noun}, since finalists under one seed see the same minibatches. "
    "Intervals and p values of this table are adjusted for the number of its rows by Bonferroni: they hold together. "
    "They are of these configurations and this split into training and test set; another search would find others."
)


class Rivals(Section):
    """The table of comparisons, and how they were made."""

    chapter = "finalists"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the table, where there are finalists to compare."""
        if report.finalists is None or len(report.finalists.ranked) == 1:
            return []
        figure, measured = report.finalists.figure, report.finalists.measured
        gap = f"test {figure.title} of the winner less"
        if not figure.greater_is_better:
            gap = f"how far the winner's test {figure.title} lies below"
        columns = [
            Column("against trial", "trial"),
            Column("gap", "gap", figure.signed, f"{gap} that of the other"),
            Column("from", "low", figure.signed),
            Column("to: at most so much worse", "high", figure.signed),
            Column("p", "p", lambda value: p_value(value).removeprefix("p = ").removeprefix("p ")),
            Column("told apart", "apart", yes_or_no),
            Column("its multiply-adds", "multiply_adds", lambda value: f"{value:.3g} ×", "of the winner's"),
        ]
        noun = report.finalists.predictions.noun
        how = OF_DRAWS if measured.draws else AT_BOUNDS if figure.bounds else OF_ROOTS if figure == RMSE_FIGURE else ""
        more = OF_ANSWERS.format(noun=noun) if figure.is_share else ""
        said = how.format(noun=noun, draws=measured.draws, more=more)
        note = NOTE.format(noun=noun, how=f"; {said}" if said else "")
        return [Table("the winner and its rivals", columns, report.finalists.rivals, "The winner and its rivals", note)]
