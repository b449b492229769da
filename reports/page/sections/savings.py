"""What pruning saved, and what it may have cost: the regret audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.page.data import ReportData
from reports.page.sections.base import Column, Part, Section, Table, Text, fixed, yes_or_no
from reports.page.wording import counted, metric_title
from reports.statistics import LEVEL, share


@dataclass(frozen=True)
class SavedEpochs:
    """The epochs of all trials that trained and are over."""

    trained: int  # those that were trained
    unpruned: int  # those that there would have been, had each trained to its end

    @property
    def share(self) -> float:
        """The share that pruning saved."""
        return 1 - self.trained / self.unpruned if self.unpruned else 0.0


def saved_epochs(report: ReportData) -> SavedEpochs:
    """Return the epochs trained, and those that there would have been without pruning."""
    trials = report.trials
    over = trials[(trials["fate"].isin(["complete", "pruned"])) & (trials["epochs"] > 0)]
    return SavedEpochs(int(over["epochs"].sum()), report.study.epochs * len(over))


class Savings(Section):
    """A sentence on both, and the table of audited trials."""

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return them, or that there is no trial."""
        if report.trials.empty:
            return [Text("There is no trial yet.")]
        saved, sentence = saved_epochs(report), _regret(report)
        if saved.unpruned:
            sentence = (
                f"{saved.trained:,} epochs were trained by trials that are over, of {saved.unpruned:,} without "
                f"pruning: {saved.share:.0%} saved. {sentence}"
            )
        if report.audit.empty:
            return [Text(sentence)]
        metric = metric_title(report.objective.metric)
        columns = [
            Column("trial", "trial"),
            Column("cut after epoch", "pruned_at"),
            Column(f"{metric} then", "then", fixed(4)),
            Column("at its end", "end", fixed(4)),
            Column("as recorded", "same", yes_or_no, "whether its first epochs came out as they did in the search"),
            Column("beats the best", "regret", yes_or_no),
        ]
        return [Text(sentence), Table("audited trials", columns, report.audit)]


def _regret(report: ReportData) -> str:
    """Return what the audit says, in a sentence."""
    pruned = int((report.trials["fate"] == "pruned").sum())
    if not pruned:
        return "No trial was pruned."
    if report.audit.empty:
        return "What that may have cost is not known: --audit N runs N pruned trials, drawn at random, to their end."
    audited, regretted = len(report.audit), int(report.audit["regret"].sum())
    low, high = share(regretted, audited)
    return (
        f"Regret audit: of {counted(audited, 'pruned trial')} drawn at random and run to the end, {regretted} would "
        f"have beaten the search's best. Of all {pruned:,} pruned trials that is {low:.0%} to {high:.0%} "
        f"({LEVEL:.0%}, Clopper and Pearson 1934)."
    )
