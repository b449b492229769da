"""The checks there are, and how all of them are run."""

from dataclasses import dataclass

from models.registry import Registry
from reports.page.checks.base import Check, Outcome
from reports.page.data import ReportData

CHECKS = Registry(
    "report_checks",
    "report check",
    {
        "search finished": "reports.page.checks.search:SearchFinished",
        "best value at a bound": "reports.page.checks.space:BestValueAtABound",
        "trials that failed": "reports.page.checks.search:TrialsThatFailed",
        "enough trials for an importance": "reports.page.checks.space:EnoughTrials",
        "still learning at the end": "reports.page.checks.search:StillLearning",
        "pruning regret": "reports.page.checks.search:PruningRegret",
        "finalists inseparable": "reports.page.checks.finalists:FinalistsInseparable",
        "baseline beaten": "reports.page.checks.finalists:BaselineBeaten",
        "published figure reproduced": "reports.page.checks.finalists:PublishedReproduced",
        "test set opened before": "reports.page.checks.finalists:OpenedBefore",
        "enough seeds": "reports.page.checks.finalists:EnoughSeeds",
    },
)


@dataclass(frozen=True)
class CheckResult:
    """What the page shows of one check.

    Args:
        name: The check's.
        question: The check's.
        outcome: How it ended.
        text: What it found, with the remedy where something may be wrong.
    """

    name: str
    question: str
    outcome: Outcome
    text: str


def run_checks(report: ReportData) -> list[CheckResult]:
    """Return what every check found; those that found something come first."""
    results = []
    for name in CHECKS.names():
        check: Check = CHECKS.load(name)()
        finding = check.judge(report)
        results.append(CheckResult(check.name, check.question, finding.outcome, finding.text))
    order: list[Outcome] = ["look", "passed", "not applicable"]
    return sorted(results, key=lambda result: order.index(result.outcome))
