"""The door for checks: what one is asked for, and what it returns.

A check says what may be wrong with a result, and what to do about it. It must not query the record or change anything:
it is given `ReportData`.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from reports.page.data import FinalistData, ReportData

Outcome = Literal["look", "passed", "not applicable"]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Args:
        outcome: "look" where something may be wrong, "passed" where not, "not applicable" where it cannot judge.
        text: What is so, or why it cannot judge; sentences.
        remedy: What to do about it, where that differs from the check's own `remedy`.
    """

    outcome: Outcome
    text: str
    remedy: str = ""


class Check(Protocol):
    """A question about a result, registered under `studyhall.report_checks` and made without arguments.

    Example:
        >>> class Noisy(FinalistsCheck):
        ...     name, question = "noisy seeds", "Do the seeds of the winner agree?"
        ...     remedy = "Give more --seeds."
        ...
        ...     def judge_finalists(self, report, finalists):
        ...         std = finalists.results["test_accuracy_std"].iloc[0]
        ...         return Finding("look" if std > 0.01 else "passed", f"The standard deviation is {std:.4f}.")
    """

    name: str  # as the page shows it
    question: str
    remedy: str  # a sentence, shown where something may be wrong

    def judge(self, report: ReportData) -> Finding:
        """Return what the check found."""


class FinalistsCheck:
    """The base of checks that judge finalists. A subclass says `name`, `question`, `remedy` and `judge_finalists`."""

    def judge(self, report: ReportData) -> Finding:
        """Return what the check found, or that there are no finalists."""
        if report.finalists is None:
            return Finding("not applicable", "No finalist is retrained; python -m reports.export does that.")
        return self.judge_finalists(report, report.finalists)

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Return what the check found."""
        raise NotImplementedError
