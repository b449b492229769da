"""Checks of the finalists: who can be told apart, what was published, how the test set was used, how many seeds."""

from reports.finalists.table import published_accuracy
from reports.page.checks.base import FinalistsCheck, Finding
from reports.page.data import FinalistData, ReportData
from reports.page.verdict import inseparable
from reports.page.wording import counted, listed, signed
from reports.statistics import LEVEL

ENOUGH_SEEDS = 5


class FinalistsInseparable(FinalistsCheck):
    """Whether the winner stands out."""

    name, question = "finalists inseparable", "Can the winner be told apart from the other finalists?"
    remedy = "Call them equal, or give more --seeds."

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Compare the winner with the others."""
        if len(finalists.ranked) == 1:
            return self.not_applicable("There is one finalist.")
        if alike := inseparable(finalists):
            names = f"trial{'s' if len(alike) > 1 else ''} {listed(alike)}"
            seeds = counted(finalists.seeds, "seed")
            return self.look(f"The winner and {names} cannot be told apart at {seeds}.")
        return self.passed("The winner can be told apart from all other finalists.")


class BaselineBeaten(FinalistsCheck):
    """Whether the search was worth its while."""

    name, question = "baseline beaten", "Is the winner better than what was known before?"
    remedy = "Widen the ranges around the baseline, or accept it."

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Compare the winner with the best baseline."""
        baseline, winner = finalists.baseline, finalists.winner
        if not report.study.baselines:
            return self.not_applicable(
                "The study has no baseline; give it the configuration you would use without a search."
            )
        if baseline is None:
            remedy = "Correct it, so that there is something to beat."
            return self.look("No baseline finished: it diverged or failed.", remedy)
        if baseline == winner:
            return self.look("The baseline wins.")
        gap, p = finalists.gap(winner.number, baseline.number)
        if p < 1 - LEVEL and gap.mean > 0:
            beaten = f"“{baseline.baseline}” is beaten by {gap.mean:.4f} ({gap.low:.4f} to {gap.high:.4f})."
            return self.passed(beaten)
        text = f"“{baseline.baseline}” is not beaten for certain ({signed(gap.low)} to {signed(gap.high)})."
        return self.look(text, "Give more --seeds.")


class PublishedReproduced(FinalistsCheck):
    """Whether the baselines come to what their authors reported."""

    name, question = "published figure reproduced", "Do the baselines come to what was published of them?"
    remedy = "Look for what the author left unsaid: batch size, weights, epochs."

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Compare each published test accuracy with our interval."""
        ranked = [(row, published_accuracy(report.study, row)) for row in finalists.ranked]
        published = [(row, accuracy) for row, accuracy in ranked if accuracy is not None]
        if not published:
            return self.not_applicable("No baseline among the finalists has a published test accuracy.")
        missed = []
        for row, accuracy in published:
            ours = finalists.accuracy(row.number)
            if not ours.low <= accuracy <= ours.high:
                missed.append(f"“{row.baseline}” (published {accuracy:g}, here {ours.low:.4f} to {ours.high:.4f})")
        if missed:
            return self.look(f"Not reproduced: {listed(missed)}.")
        return self.passed("Every published test accuracy lies inside our interval of the same configuration.")


class OpenedBefore(FinalistsCheck):
    """Whether the test set was opened more than once."""

    name, question = "test set opened before", "Was the test set opened only once?"
    remedy = "If anything was changed after looking, these figures are optimistic; a fresh test set would tell."

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Count the lines of the ledger."""
        if (number := len(report.ledger)) > 1:
            return self.look(f"The test set was opened {number} times for this study (see the ledger).")
        return self.passed("The test set was opened once, after the ranking was fixed.")


class EnoughSeeds(FinalistsCheck):
    """Whether the scatter between seeds is known."""

    name, question = "enough seeds", "Are there seeds enough for a narrow interval?"
    remedy = f"--seeds {ENOUGH_SEEDS} or more narrows them."

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Count the seeds."""
        if finalists.seeds == 1:
            remedy = f"Export with --seeds {ENOUGH_SEEDS}."
            return self.look("One seed: how much of a figure is its luck is unknown.", remedy)
        if finalists.seeds < ENOUGH_SEEDS:
            return self.look(f"{finalists.seeds} seeds make wide intervals.")
        return self.passed(f"{finalists.seeds} seeds.")
