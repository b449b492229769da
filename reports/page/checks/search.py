"""Checks of the search: its budget, its failures, its epochs, its pruning."""

import statistics

import numpy as np
import pandas as pd

from models.config.task import EVERY_TASK
from reports.figures.statistics import LEVEL
from reports.finalists.audit_sample import share_of_all
from reports.page.checks.base import Check, Finding
from reports.page.data import PASSED_OVER, ReportData
from reports.page.sections.savings import saved_epochs
from reports.page.wording import counted
from search.curves.settling import seed_deviation

MAX_FAILED = 0.2  # the share of trials that may diverge or fail
SHOWN = 3  # trials that a finding names
AUDITED = 10  # pruned trials that are proposed for an audit
MAX_REGRET = 0.1  # the share of pruned trials that may, at most, have beaten the best


class SearchFinished(Check):
    """Whether the budget is spent."""

    tasks = EVERY_TASK
    name, question = "search finished", "Are all trials of the budget over?"
    remedy = "The command that began the search goes on with it."

    def judge(self, report: ReportData) -> Finding:
        """Compare the trials with the budget."""
        running = int((report.trials["fate"] == "running").sum())
        number = sum(row.is_planned for row in report.rows)  # suggestions come on top of the budget
        if reason := report.study.sampler.exhausted_reason(report.study, report.rows):
            return self.passed(f"{counted(number, 'trial')}, and no more: {reason}.")
        if running or number < report.study.trials:
            also = f", {running} of them still running" if running else ""
            budget = counted(report.study.trials, "trial")
            return self.look(f"{number:,} of {budget} are there{also}: the search is unfinished.")
        return self.passed(f"All {counted(number, 'trial')} of the budget are over.")


class TrialsThatFailed(Check):
    """Whether too many trials diverged or failed."""

    tasks = EVERY_TASK
    name, question = "trials that failed", "Did most trials train?"
    remedy = "Narrow the ranges, the learning rate's upper bound first."

    def judge(self, report: ReportData) -> Finding:
        """Count the trials that diverged or failed."""
        ended = report.trials[~report.trials["fate"].isin(["running", PASSED_OVER])]
        if ended.empty:
            return self.not_applicable("No trial is over.")
        failed = ended[ended["fate"].isin(["diverged", "failed"])]
        text = f"{len(failed):,} of {counted(len(ended), 'trial')} diverged or failed"
        if len(failed) <= MAX_FAILED * len(ended):
            return self.passed(f"{text}.")
        if "learning_rate" in report.study.space and len(failed) < len(ended):
            text += f", half of them with learning rates above {float(failed['learning_rate'].median()):.2g}"
            return self.look(f"{text}.", "Lower that bound, or spend more trials.")
        return self.look(f"{text}.")


class StillLearning(Check):
    """Whether the shown trial was best in its last epoch."""

    name, question = "still learning at the end", "Was the winner trained to its end?"
    remedy = "Try more --epochs, under another --name."

    def judge(self, report: ReportData) -> Finding:
        """Look at the best epoch under every seed."""
        shown, finalists = report.shown, report.finalists
        if shown is None:
            return self.not_applicable("No trial is complete.")
        if report.study.epochs < 2:
            return self.not_applicable("One epoch has no course.")
        if report.study.keep == "last":  # then the epoch that counts says nothing
            curves = report.curves if finalists is None else finalists.curves
            runs = curves[curves["trial"] == shown].groupby("trial" if finalists is None else "seed")
            best = [self._best_epoch(report, run) for _, run in runs]
        elif finalists is None:
            best = report.trials.loc[[shown], "best_epoch"].tolist()
        else:
            best = [finalists.rows[shown, seed].best_epoch or 0 for seed in range(finalists.seeds)]
        last = sum(epoch == report.study.epochs for epoch in best)
        if 2 * last > len(best):
            text = f"Trial {shown} was best in its last epoch, {report.study.epochs}, in {last} of "
            return self.look(f"{text}{counted(len(best), 'run')}: it may not be trained to its end.")
        earlier = f"{len(best) - last} of {len(best)} runs"
        return self.passed(f"Trial {shown} was best before its last epoch in {earlier}.")

    def _best_epoch(self, report: ReportData, curve: pd.DataFrame) -> int:
        costs = [report.objective.cost(value) for value in curve[report.score]]
        return int(curve["epoch"].iloc[int(np.nanargmin(costs))])


class PruningRegret(Check):
    """Whether pruning may have cut the best trial."""

    name, question = "pruning regret", "Would a pruned trial have won?"
    remedy = "Prune less, with SuccessiveHalving(keep_fraction=...) nearer to 1 or a later first rung."

    def judge(self, report: ReportData) -> Finding:
        """Look at the trials that were run to their end."""
        pruned = int((report.trials["fate"] == "pruned").sum())
        if not report.study.pruner.prunes or not pruned:
            return self.not_applicable("No trial was pruned.")
        if report.audit.empty:
            saved = f"{counted(pruned, 'pruned trial')}, which saved {saved_epochs(report).share:.0%} of all epochs"
            few = min(pruned, AUDITED)
            return self.not_applicable(f"No audit of {saved}; --audit {few} trains {few} of them to their end.")
        audited = len(report.audit)
        if not report.audit["same"].all():
            return self.look(
                "Audited trials did not come out as they are recorded: the machine or its libraries are not those of "
                "the search, and what was audited are not the trials that were pruned.",
                "Audit on the machine of the search.",
            )
        bands = report.audited_bands
        low, high = share_of_all(bands)
        number, spoken_of = counted(audited, "audited trial"), sum(band.pruned for band in bands)
        text = f"{sum(band.regrets for band in bands) or 'None'} of {number} would have beaten the best"
        if any(band.regrets for band in bands):
            return self.look(f"{text}: {low:.0%} to {high:.0%} of {spoken_of:,} pruned ones, at {LEVEL:.0%}.")
        text += f", so fewer than {high:.0%} of {spoken_of:,} pruned ones would, at {LEVEL:.0%}"
        if high > MAX_REGRET:
            return self.not_applicable(
                f"{text}: too few to call it passed. --audit {min(pruned, 4 * audited)} tells more."
            )
        return self.passed(f"{text}.")


class CutWhileAhead(Check):
    """Whether a trial that was pruned had once scored better than the best complete one ended."""

    tasks = EVERY_TASK
    name, question = "cut while ahead", "Was a trial pruned that had stood above the search's best?"
    remedy = "Prune less or later, or train it alone: its parameters are in trials.csv."

    def judge(self, report: ReportData) -> Finding:
        """Look for pruned trials with an epoch above the best complete trial's score."""
        pruned = report.trials.loc[report.trials["fate"] == "pruned", "number"]
        if report.best is None or pruned.empty:
            return self.not_applicable("No trial was pruned." if pruned.empty else "No trial is complete.")
        cost, column = report.objective.cost, report.score
        score = float(report.trials[column][report.best])
        epochs = report.curves[report.curves["trial"].isin(pruned)].dropna(subset=[column])
        ahead = epochs[[cost(value) < cost(score) for value in epochs[column]]]
        if ahead.empty:
            number = counted(len(pruned), "pruned trial")
            return self.passed(f"None of {number} had an epoch above what trial {report.best}, the search's best, has.")
        trials = sorted(ahead["trial"].unique().tolist())
        epochs_ahead = zip(ahead["trial"], ahead["epoch"], ahead[column], strict=True)
        best, epoch, value = min(epochs_ahead, key=lambda each: cost(each[2]))
        text = report.objective.text
        named = f"Trial{'s' * (len(trials) > 1)} {', '.join(map(str, trials[:SHOWN]))}"
        more = f" and {len(trials) - SHOWN} more" if len(trials) > SHOWN else ""
        return self.look(
            f"{named}{more} had scored better than trial {report.best} ended with ({text(score)}), and "
            f"{'were' if len(trials) > 1 else 'was'} pruned: trial {best} had {text(value)} after epoch {epoch}."
        )


class Settled(Check):
    """Whether more trials would find anything that another seed would not."""

    tasks = EVERY_TASK
    name, question = "settled", "Is the search done, or would more trials find something better?"
    remedy = "Search on with more --trials, or with --until-settled."

    def judge(self, report: ReportData) -> Finding:
        """Hold what one more training is expected to gain against what another seed changes."""
        if report.objective.beside is not None:
            if reason := report.study.sampler.exhausted_reason(report.study, report.rows):
                return self.passed(f"The search has {reason}.")
            return self.not_applicable("How far a front still is from that, a search with --until-settled alone tells.")
        if report.prospect is None:
            return self.not_applicable("Too few trials have scores to expect anything of others.")
        turned = "lower" if report.objective.direction == "minimize" else "raise"
        gain = f"One more training is expected to {turned} the best validation score by {report.prospect:.2g}"
        found, deviation = report.finalists, seed_deviation(report.rows)
        if deviation is None and found is not None and found.seeds > 1:
            seeds = [found.rows[found.winner.number, seed] for seed in range(found.seeds)]
            scores = [row.validation[report.objective.metric] for row in seeds if row.validation]
            deviation = statistics.stdev(scores) if len(scores) > 1 else None
        if deviation is None and report.validated is not None and report.validated.seeds > 1:
            deviation = report.validated.interval(report.validated.winner.number).std
        if deviation is None:
            return self.not_applicable(f"{gain}; what another seed changes is not measured before an export.")
        text = f"{gain}, another seed changes {report.objective.metric} by {deviation:.2g} (standard deviation)."
        return self.passed(text) if report.prospect < deviation else self.look(text)
