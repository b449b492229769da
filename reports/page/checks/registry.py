"""The checks there are, and how all of them are run."""

from models.registry import Registry
from reports.page.checks.base import Finding, Outcome
from reports.page.data import ReportData

CHECKS = Registry(
    "report_checks",
    "report check",
    {
        "search finished": "reports.page.checks.search:SearchFinished",
        "settled": "reports.page.checks.search:Settled",
        "best value at a bound": "reports.page.checks.space:BestValueAtABound",
        "trials that failed": "reports.page.checks.search:TrialsThatFailed",
        "enough trials for an importance": "reports.page.checks.space:EnoughTrials",
        "still learning at the end": "reports.page.checks.search:StillLearning",
        "cut while ahead": "reports.page.checks.search:CutWhileAhead",
        "pruning regret": "reports.page.checks.search:PruningRegret",
        "finalists inseparable": "reports.page.checks.finalists:FinalistsInseparable",
        "baseline beaten": "reports.page.checks.finalists:BaselineBeaten",
        "better than the commonest class": "reports.page.checks.finalists:BetterThanTheCommonestClass",
        "better than the mean": "reports.page.checks.finalists:BetterThanTheMean",
        "published figure reproduced": "reports.page.checks.finalists:PublishedReproduced",
        "test set opened before": "reports.page.checks.finalists:OpenedBefore",
        "enough seeds": "reports.page.checks.finalists:EnoughSeeds",
    },
)


def run_checks(report: ReportData) -> list[Finding]:
    """Return what every check found; those that found something come first."""
    order: list[Outcome] = ["look", "passed", "not applicable"]
    checks = [CHECKS.load(name)() for name in CHECKS.names()]
    findings: list[Finding] = [check.judge(report) for check in checks if report.study.task.name in check.tasks]
    return sorted(findings, key=lambda finding: order.index(finding.outcome))
