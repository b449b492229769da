"""What pruning saved, and what it may have cost: the regret audit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from models.config.task import EVERY_TASK
from reports.figures.figure import Figure
from reports.figures.statistics import LEVEL
from reports.finalists.audit_sample import mean_gain, share_of_all
from reports.page.data import ReportData
from reports.page.sections.base import Column, Part, Section, Table, Text, fixed, yes_or_no
from reports.page.wording import counted, metric_title


@dataclass(frozen=True)
class SavedEpochs:
    """The epochs of all trials that trained and are over."""

    trained: int  # those that were trained
    unpruned: int  # those that there would have been, had each pruned one trained to its end, at most

    @property
    def share(self) -> float:
        """The share that pruning saved."""
        return 1 - self.trained / self.unpruned if self.unpruned else 0.0


def saved_epochs(report: ReportData) -> SavedEpochs:
    """Return the epochs trained, and those that there would have been without pruning."""
    trials = report.trials
    over = trials[(trials["fate"].isin(["complete", "pruned"])) & (trials["epochs"] > 0)]
    unpruned = over["epochs"].where(over["fate"] == "complete", report.study.epochs)  # patience may end a complete one
    return SavedEpochs(int(over["epochs"].sum()), int(unpruned.sum()))


class Savings(Section):
    """A sentence on both, and the table of audited trials."""

    tasks = EVERY_TASK

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return them, or that there is no trial."""
        if report.trials.empty:
            return [Text("There is no trial yet.")]
        saved, sentence = saved_epochs(report), _regret(report)
        if saved.unpruned:
            at_most = "at most " if report.study.patience else ""
            sentence = (
                f"{saved.trained:,} epochs were trained by trials that are over, of {at_most}{saved.unpruned:,} "
                f"without pruning: {at_most}{saved.share:.0%} saved. {sentence}"
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
            Column("gain on the best", "gain", fixed(4, "+"), "0 is a tie"),
        ]
        by_band = [
            Column("cut after epoch", "cut"),
            Column("pruned", "pruned"),
            Column("audited", "audited"),
            Column("would have won", "regrets"),
            Column("tied", "ties"),
            Column("at most", "at_most", lambda value: f"{value:.0%}", f"of the pruned would have won, at {LEVEL:.0%}"),
        ]
        bands = Table("pruned trials by where they were cut", by_band, bands_frame(report))
        return [Text(sentence), bands, Table("audited trials", columns, report.audit)]


def _regret(report: ReportData) -> str:
    """Return what the audit says, in a sentence."""
    pruned = int((report.trials["fate"] == "pruned").sum())
    if not pruned:
        return "No trial was pruned."
    if report.audit.empty:
        return "What that may have cost is not known: --audit N runs N pruned trials, drawn at random, to their end."
    bands, audited = report.audited_bands, len(report.audit)
    regrets, ties = sum(band.regrets for band in bands), sum(band.ties for band in bands)
    (low, high), spoken_of = share_of_all(bands), sum(band.pruned for band in bands)
    share = f"{low:.0%} to {high:.0%}" if regrets else f"fewer than {high:.0%}" if high else "none"
    bound = f"So {share} of all {spoken_of:,} pruned trials would have ({LEVEL:.0%})."
    tied = f", {ties} would have tied with it" if ties else ""
    sentence = (
        f"Regret audit: of {counted(audited, 'pruned trial')} run to the end, drawn at random but more of those that "
        f"were cut late, {regrets} would have beaten the search's best{tied}. {bound}"
    )
    mean, half = mean_gain(bands)
    if math.isfinite(mean):
        signed = Figure(report.objective.metric).signed
        within = "" if math.isnan(half) else f" ({signed(mean - half)} to {signed(mean + half)}, {LEVEL:.0%})"
        best = report.audit.sort_values("gain").iloc[-1]
        sentence += (
            f" On average they would have gained {signed(mean)} on the best{within}, and the best of the audited "
            f"{signed(best['gain'])} (trial {best['trial']}): each by "
            f"{report.study.judged_by}, on the examples that chose the best."
        )
    return sentence


def bands_frame(report: ReportData) -> pd.DataFrame:
    """Return one row per band of epochs in which trials were cut."""
    rows = [
        {
            "cut": f"{band.first}" if band.first == band.last else f"{band.first} to {band.last}",
            "pruned": band.pruned,
            "audited": len(band.gains),
            "regrets": band.regrets,
            "ties": band.ties,
            "at_most": band.share[1],
        }
        for band in report.audited_bands
    ]
    return pd.DataFrame(rows)
