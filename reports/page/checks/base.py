"""The door for checks: what one is asked for, and what it returns.

A check says what may be wrong with a result, and what to do about it. It must not query the record or change anything:
it is given `ReportData`.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from models.config.task import TaskName
from reports.page.data import FinalistData, ReportData

Outcome = Literal["look", "passed", "not applicable"]


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    name: str
    question: str
    outcome: Outcome  # "look" where something may be wrong, "passed" where not, "not applicable" where it cannot judge
    text: str  # what is so, with the remedy where something may be wrong, or why the check cannot judge


class Check:
    """A question about a result, registered under `studyhall.report_checks` and made without arguments.

    A subclass says `name`, `question`, `remedy` and `judge`.

    Example:
        >>> class FewTrials(Check):
        ...     name = "few trials"
        ...     question = "Has the search tried enough configurations?"
        ...     remedy = "Give more --trials."
        ...
        ...     def judge(self, report):
        ...         if len(report.trials) < 10:
        ...             return self.look(f"{len(report.trials)} trials are few.")
        ...         return self.passed(f"{len(report.trials)} trials.")
    """

    name: ClassVar[str]  # as the page shows it
    question: ClassVar[str]
    remedy: ClassVar[str]  # a sentence
    tasks: ClassVar[tuple[TaskName, ...]] = ("classification", "regression")  # of which studies it is asked

    def judge(self, report: ReportData) -> Finding:
        """Return what the check found."""
        raise NotImplementedError

    def look(self, text: str, remedy: str | None = None) -> Finding:
        """Return that something may be wrong, and what to do about it: the check's `remedy`, or this one."""
        return Finding(self.name, self.question, "look", f"{text} {remedy or self.remedy}")

    def passed(self, text: str) -> Finding:
        """Return that all is well, and what was seen."""
        return Finding(self.name, self.question, "passed", text)

    def not_applicable(self, text: str) -> Finding:
        """Return why the check cannot judge."""
        return Finding(self.name, self.question, "not applicable", text)


class FinalistsCheck(Check):
    """A check of finalists. A subclass says `judge_finalists` instead of `judge`."""

    def judge(self, report: ReportData) -> Finding:
        """Return what the check found, or that there are no finalists."""
        if report.finalists is None:
            return self.not_applicable("No finalist is retrained; python -m reports.export does that.")
        return self.judge_finalists(report, report.finalists)

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Return what the check found."""
        raise NotImplementedError
