"""Checks of the space: whether its bounds are wide enough, and its trials many enough to tell what matters."""

import math

from models.config.task import EVERY_TASK
from reports.page.checks.base import Check, Finding
from reports.page.data import ReportData
from reports.page.sections.importance import MIN_TRIALS, compared_trials
from reports.page.wording import counted, listed
from search.config.space import Choice, Float, Range

EDGE = 0.05  # the share of a range that counts as its bound


class BestValueAtABound(Check):
    """Whether the best configuration lies at the edge of what was searched."""

    tasks = EVERY_TASK
    name, question = "best value at a bound", "Does the best configuration lie inside the ranges?"
    remedy = "Better values may lie beyond."

    def judge(self, report: ReportData) -> Finding:
        """Compare the shown trial's parameters with their ranges."""
        if report.shown is None:
            return self.not_applicable("No trial is complete.")
        values = report.study.to_external(report.rows[report.shown].params)
        at_bounds = []
        for name, searched in report.study.space.items():
            side = bound_near(searched, values[name]) if name in values else None
            if side is not None:
                value = float(values[name])
                at_bounds.append(f"{name} ({value:.3g} of {searched}: move the {side} bound outwards)")
        if at_bounds:
            return self.look(f"Trial {report.shown} lies in the outermost twentieth of {listed(at_bounds)}.")
        return self.passed(f"No parameter of trial {report.shown} lies in the outermost twentieth of its range.")


def bound_near(searched: Range, value: object) -> str | None:
    """Return "low" or "high" where a value lies in the outermost twentieth of its range, as the range is searched.

    A choice has no bounds, and nothing lies below a low end that stands for zero.
    """
    if isinstance(searched, Choice):
        return None
    low, high, number = float(searched.low), float(searched.high), float(str(value))
    zero = isinstance(searched, Float) and searched.low_is_zero
    if zero and number == 0.0:
        return None
    if searched.log:
        low, high, number = math.log(low), math.log(high), math.log(number)
    if high == low:
        return None
    share = (number - low) / (high - low)
    if share > 1 - EDGE:
        return "high"
    return "low" if share < EDGE and not zero else None


class EnoughTrials(Check):
    """Whether parameter importance can be told."""

    tasks = EVERY_TASK
    name, question = "enough trials for an importance", "Are there trials enough to tell which parameter matters?"
    remedy = "To know that, and only for that, search on with more --trials."

    def judge(self, report: ReportData) -> Finding:
        """Count the trials whose scores can be compared."""
        number = compared_trials(report)
        text = f"{counted(number, 'trial')} with a score after the same epoch"
        if number < MIN_TRIALS:
            return self.look(f"{text} are too few to tell which parameter matters ({MIN_TRIALS} are needed).")
        return self.passed(f"{text} are enough.")
