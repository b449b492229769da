"""Checks of the finalists: who can be told apart, what was published, how the test set was used, how many seeds."""

from reports.finalists.looks import looks
from reports.finalists.published import published_of
from reports.page.checks.base import FinalistsCheck, Finding
from reports.page.data import FinalistData, ReportData
from reports.page.finalist_sentences import always, inseparable
from reports.page.wording import counted, listed

ENOUGH_SEEDS = 5
LOOK_AT_FEATURES = (
    "Look whether the features say anything of the {}: a plot of each against it tells more than a search."
)
MUCH = 1 / 3  # of an interval, by which endless seeds would narrow it


def _remedy(finalists: FinalistData, rival: int) -> str:
    """Return what would tell the winner from a rival: more seeds, where they are what is scarce."""
    if finalists.seeds < ENOUGH_SEEDS or (share := finalists.narrowed_by_seeds(rival)) > MUCH:
        return "More --seeds narrow what is between them."
    number = counted(len(finalists.predictions.labels), f"test {finalists.predictions.noun}")
    return f"{number} are few for such a gap: endless seeds would narrow its interval by {share:.0%} only."


class FinalistsInseparable(FinalistsCheck):
    """Whether the winner stands out."""

    name, question = "finalists inseparable", "Can the winner be told apart from the other finalists?"

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Compare the winner with the others."""
        if len(finalists.ranked) == 1:
            return self.not_applicable("There is one finalist.")
        if alike := inseparable(finalists):
            names = f"trial{'s' if len(alike) > 1 else ''} {listed(alike)}"
            return self.look(f"The winner and {names} cannot be told apart.", _remedy(finalists, alike[0]))
        return self.passed("The winner can be told apart from all other finalists.")


class BaselineBeaten(FinalistsCheck):
    """Whether the search was worth its while."""

    name, question = "baseline beaten", "Is the winner better than what was known before?"
    remedy = "Accept it, or search on; where it lies at a bound of the ranges, widen them."

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
            return self.look("The baseline comes first.")
        against, figure = finalists.against(baseline.number), finalists.figure
        bounds = f"{figure.signed(against['low'])} to {figure.signed(against['high'])}"
        if against["apart"] and against["gap"] > 0:
            return self.passed(f"“{baseline.baseline}” is beaten by {figure.text(against['gap'])} ({bounds}).")
        if against["gap"] > 0:
            said = f"“{baseline.baseline}” is not beaten for certain: {figure.signed(against['gap'])} ({bounds})."
            return self.look(said, _remedy(finalists, baseline.number))
        return self.look(f"“{baseline.baseline}” is not beaten: {figure.signed(against['gap'])} ({bounds}).")


class BetterThanTheCommonestClass(FinalistsCheck):
    """Whether the winner has learned more than which class is commonest."""

    tasks = ("classification",)
    name, question = "better than the commonest class", "Is the winner better than always answering one class?"
    remedy = (
        'Accuracy tells little where one class is so common: objective="balanced_accuracy", "roc_auc" or '
        '"average_precision" tells more.'
    )

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Compare the winner with always answering the commonest class, or the shares of the classes."""
        by_accuracy = finalists.figure.metric == report.figure.metric
        return _against_constant(self, finalists, self.remedy if by_accuracy else LOOK_AT_FEATURES.format("classes"))


class BetterThanTheMean(FinalistsCheck):
    """Whether the winner has learned more than the mean of its target."""

    tasks = ("regression",)
    name, question = "better than the mean", "Is the winner better than always answering the mean?"
    remedy = LOOK_AT_FEATURES.format("target")

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Compare the winner with always answering the mean of the training part."""
        return _against_constant(self, finalists, self.remedy)


def _against_constant(check: FinalistsCheck, finalists: FinalistData, remedy: str) -> Finding:
    """Return how the winner compares with always giving the same answer, and whether it is better for certain."""
    value, gap, figure = finalists.constant, finalists.above_constant, finalists.figure
    if value is None or gap is None:
        return check.not_applicable(f"The {figure.title} of always giving one answer is not defined.")
    bounds = f"{figure.signed(gap.low)} to {figure.signed(gap.high)}"
    side = "above" if (gap.mean >= 0) == figure.greater_is_better else "below"
    text = (
        f"Always answering {always(finalists)} has {figure.text(value)}; the winner is {figure.text(abs(gap.mean))} "
        f"{side} that (better by {bounds})."
    )
    return check.passed(text) if gap.low > 0 else check.look(text, remedy)


class PublishedReproduced(FinalistsCheck):
    """Whether the baselines come to what their authors reported."""

    name, question = "published figure reproduced", "Do the baselines come to what was published of them?"
    remedy = "Look for what the author left unsaid: batch size, weights, epochs."

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Compare each published test accuracy with what one more run of ours would come to."""
        predictions, seeds = finalists.predictions, finalists.seeds
        of = {row.baseline: published_of(report.study, predictions, seeds, row) for row in finalists.ranked}
        published = {name: figure for name, figure in of.items() if figure is not None}
        if not published:
            on = f"test {report.figure.title} on {report.study.dataset}"
            return self.not_applicable(f"No baseline among the finalists has a published {on}.")
        if seeds == 1:
            return self.not_applicable("One seed cannot say how far a single run may lie from another.")
        missed = [
            f"“{name}” (published {figure.figure:g}, one run here {report.figure.within(figure.run)})"
            for name, figure in published.items()
            if figure.side != "inside"
        ]
        if missed:
            return self.look(f"Not reproduced: {listed(missed)}.")
        return self.passed(
            f"Every published test {report.figure.title} is one that another run of the same configuration could have."
        )


class OpenedBefore(FinalistsCheck):
    """Whether the test set was opened more than once."""

    name, question = "test set opened before", "Was the test set looked at only once?"
    remedy = "If anything was changed after looking, these figures are optimistic; a fresh test set would tell."

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Count the lines of the ledger."""
        if len(report.ledger) > 1:
            return self.look(f"The test set was {looks(report.ledger)} (see the ledger).")
        return self.passed("In this database the test set was opened once, after the ranking was fixed.")


class EnoughSeeds(FinalistsCheck):
    """Whether the scatter between seeds is known."""

    name, question = "enough seeds", "Are there seeds enough for a narrow interval?"
    remedy = f"--seeds {ENOUGH_SEEDS} or more narrow them."

    def judge_finalists(self, report: ReportData, finalists: FinalistData) -> Finding:
        """Count the seeds."""
        if finalists.seeds == 1:
            remedy = f"Export with --seeds {ENOUGH_SEEDS}."
            return self.look("One seed: how much of a figure is its luck is unknown.", remedy)
        if finalists.seeds < ENOUGH_SEEDS:
            return self.look(f"{finalists.seeds} seeds make wide intervals.")
        text = f"{finalists.seeds} seeds: endless ones would narrow the winner's interval by"
        share = finalists.narrowed_by_seeds()
        return (
            self.look(f"{text} {share:.0%}.", "More --seeds.") if share > MUCH else self.passed(f"{text} {share:.0%}.")
        )
