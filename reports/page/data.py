"""`ReportData`: everything that a report says, read from the record once and in bulk.

Sections, checks and the verdict are given it and query nothing themselves. Must not train, open a test set, draw or
write.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from models.config.messages import EpochMetrics
from reports.figures.figure import Figure, figure_of
from reports.figures.statistics import Interval
from reports.finalists.audit import audit_frame, curves
from reports.finalists.audit_sample import AuditedBand, band_of, can_be_audited
from reports.finalists.choose import as_retrained
from reports.finalists.ensemble import Selection, TestedEnsemble, answered_together
from reports.finalists.measured import CONSTANT, Measured, constant_value, measured_of
from reports.finalists.predictions import ModelKey, TestPredictions
from reports.finalists.ranked import RankedFinalists
from reports.finalists.rivals import rivals_frame
from reports.finalists.table import ensemble_frame, results_frame
from reports.finalists.validated import ValidatedFinalists, validated_finalists
from reports.page.prospect import prospect_of
from reports.page.recorded_search import RecordedSearch
from search.config.columns import ENSEMBLE_OF
from search.config.study import Study
from search.objective import Objective
from search.record.record import Record
from search.record.rows import FinalistRow, LedgerRow
from search.record.trials_frame import trials_frame
from search.trial import TrialRow

FATES = ("complete", "pruned", "diverged", "failed", "running")  # how a trial ended, and one that has not
PASSED_OVER = "passed over"  # the fate of a trial that another program added and the search did not take up


@dataclass(frozen=True, eq=False)
class FinalistData(RankedFinalists):
    """The finalists, ranked, retrained and tested."""

    seeds: int  # how many each was trained under
    predictions: TestPredictions  # those of their models for the test set
    measured: Measured  # what they are compared by: the objective, or what results are told in
    rows: Mapping[ModelKey, FinalistRow]  # what is recorded of each, by trial and seed
    results: pd.DataFrame  # the table of `results.csv`
    curves: pd.DataFrame  # of the ranking, with columns trial, seed, epoch and those of `epochs_frame`
    ensemble: TestedEnsemble | None = None  # of complete trials, where it was asked for
    ensemble_results: pd.DataFrame | None = None  # its row of `results.csv`

    @property
    def figure(self) -> Figure:
        """What they are compared by, as sentences write it."""
        return self.measured.figure

    def tested(self, trial: int) -> Interval:
        """Return a finalist's test figure over seeds and test examples."""
        return self.measured.interval(trial)

    def model_file(self) -> Interval:
        """Return the test figure of the winner's model of seed 0, the one to take, over test examples alone."""
        return self.measured.first_seed(self.winner.number)

    def against(self, rival: int) -> Mapping[Any, Any]:
        """Return the winner's comparison with another finalist: a row of `rivals`."""
        row: Mapping[Any, Any] = self.rivals[self.rivals["trial"] == rival].to_dict("records")[0]
        return row

    def narrowed_by_seeds(self, rival: int | None = None) -> float:
        """Return by which share endless seeds would narrow the winner's interval, or that of its gap to a rival."""
        return self.measured.narrowed_by_seeds(self.winner.number, rival)

    @cached_property
    def constant(self) -> float | None:
        """The test figure of always giving one answer; None where it is not defined."""
        return constant_value(self.measured)

    @cached_property
    def above_constant(self) -> Interval | None:
        """How much better the winner is than that."""
        return None if self.constant is None else self.measured.compare(self.winner.number, CONSTANT).gap

    @cached_property
    def rivals(self) -> pd.DataFrame:
        """`rivals_frame` of them."""
        return rivals_frame([row.number for row in self.ranked], self.measured, self.predictions.costs)


@dataclass(frozen=True, eq=False)
class ReportData:
    """Everything that a report says of a study."""

    name: str  # the study's name in the database
    study: Study
    text: str  # the study file
    fingerprint: Mapping[str, Any]  # what the result depends on
    environment: Mapping[str, Any]  # where it was searched, and where the time went
    folder: Path  # the study's own
    rows: list[TrialRow]  # all trials, by number
    trials: pd.DataFrame  # the table of `trials.csv`, and the column `fate`: one of `FATES`, or `PASSED_OVER`
    curves: pd.DataFrame  # columns trial, epoch and those of `epochs_frame`, of all trials that trained
    audit: pd.DataFrame  # what `audit_frame` returned
    ledger: list[LedgerRow]  # every look at the test set, by any study of the database, oldest first
    prospect: float | None = None  # what one more training is expected to gain; None where nobody can say
    finalists: FinalistData | None = None  # None unless they are tested
    validated: ValidatedFinalists | None = None  # of trials that train by themselves: without a test

    @property
    def objective(self) -> Objective:
        """What was searched for."""
        return self.study.objective

    @property
    def figure(self) -> Figure:
        """What results of its task are told in."""
        return figure_of(self.study.task)

    @property
    def score(self) -> str:
        """The column of frames that holds the objective's value: `validation_accuracy`."""
        return f"validation_{self.objective.metric}"

    @property
    def best(self) -> int | None:
        """The number of the best complete trial of the search, by the objective; None where there is none."""
        complete = self.trials[self.trials["state"] == "complete"]
        return None if complete.empty else int(self.objective.sort(complete)["number"].iloc[0])

    @cached_property
    def audited_bands(self) -> list[AuditedBand]:
        """What the audit found, by where trials were cut; bands of which nobody was audited are left out."""
        cut = {row.number: int(self.trials["epochs"][row.number]) for row in self.rows if can_be_audited(row)}
        gains = dict(zip(self.audit["trial"], self.audit["gain"], strict=True))
        bands = []
        for band in sorted({band_of(epochs) for epochs in cut.values()}):
            epochs = {trial: at for trial, at in cut.items() if band_of(at) == band}
            if found := [float(gains[trial]) for trial in epochs if trial in gains]:
                bands.append(AuditedBand(min(epochs.values()), max(epochs.values()), len(epochs), found))
        return bands

    @property
    def tested_at(self) -> datetime | None:
        """When its test set was opened for its finalists last."""
        return max((line.signed for line in self.ledger if line.mine and line.kind == "export"), default=None)

    @property
    def results(self) -> pd.DataFrame | None:
        """The finalists' rows of `results.csv`; None without finalists."""
        return found.results if (found := self.finalists or self.validated) else None

    @property
    def table(self) -> pd.DataFrame | None:
        """The table of `results.csv`: the finalists, and below them the ensemble, where it was asked for."""
        row = None if self.finalists is None else self.finalists.ensemble_results
        if row is None or self.results is None:
            return self.results
        return pd.concat([self.results.assign(**{ENSEMBLE_OF: pd.Series(dtype="string")}), row], ignore_index=True)

    @property
    def shown(self) -> int | None:
        """The trial that the page shows in full: the first of the finalists, or the search's best."""
        return found.winner.number if (found := self.finalists or self.validated) else self.best


def read_report(
    record: Record,
    search: RecordedSearch,
    ranked: list[TrialRow] | None = None,
    seeds: int = 0,
    predictions: TestPredictions | None = None,
    ensemble: Selection | None = None,
) -> ReportData:
    """Read what else a report says of a study; without predictions finalists are validated at most."""
    study, rows = record.study, search.trials
    trials = trials_frame(record, rows, search.curves)
    diverged = [row.diverged_at is not None for row in rows]
    passed_over = [row.is_passed_over for row in rows]
    trials["fate"] = (
        trials["state"]
        .mask(pd.Series(diverged, dtype=bool), "diverged")
        .mask(pd.Series(passed_over, dtype=bool), PASSED_OVER)
    )
    trained = [epoch for row in rows if row.joined is not None for epoch in search.curves.get(row.number, [])]
    finalists = validated = None
    if ranked and predictions is not None:
        together = None if ensemble is None else answered_together(ensemble, predictions, seeds)
        finalists = _read_finalists(record, ranked, seeds, predictions, together)
    elif ranked:
        validated = validated_finalists(record, ranked, seeds, search.curves)
    return ReportData(
        name=record.name,
        study=study,
        text=record.text,
        fingerprint=record.fingerprint,
        environment=record.environment,
        folder=record.folder,
        rows=rows,
        trials=trials,
        curves=epochs_frame(study, trained),
        audit=audit_frame(study, trials, search.curves, curves(record)),
        ledger=record.ledger(),
        prospect=prospect_of(study, rows, search.scores),
        finalists=finalists,
        validated=validated,
    )


def _read_finalists(
    record: Record,
    ranked: list[TrialRow],
    seeds: int,
    predictions: TestPredictions,
    ensemble: TestedEnsemble | None,
) -> FinalistData:
    ranking = record.finalist_scores("rank")
    scores = [(trial, seed, epoch) for _, trial, seed, epoch in ranking if seed < seeds]
    curves = epochs_frame(record.study, [epoch for _, _, epoch in scores])
    curves["trial"] = [trial for trial, _, _ in scores]  # there a lane was a trial under a seed
    curves.insert(1, "seed", [seed for _, seed, _ in scores])
    rows = as_retrained(record.study, [row for row in record.finalists() if row.seed < seeds], ranking)
    measured = measured_of(record.study, predictions, seeds, [row.number for row in ranked], ensemble)
    results = results_frame(record.name, record.study, ranked, seeds, rows, predictions, measured)
    row = None if ensemble is None else ensemble_frame(record.name, record.study, ensemble, rows, measured)
    return FinalistData(ranked, seeds, predictions, measured, rows, results, curves, ensemble, row)


def epochs_frame(study: Study, epochs: Sequence[EpochMetrics]) -> pd.DataFrame:
    """Return one row per trial and epoch, in their order: train and validation metrics, and seconds."""
    columns: dict[str, list[Any]] = {"trial": [of.lane for of in epochs], "epoch": [of.epoch for of in epochs]}
    for split in ("train", "validation"):
        for metric in study.task.metrics:
            columns[f"{split}_{metric}"] = [getattr(of, split)[metric] for of in epochs]
    for metric in study.recorded:
        columns[f"validation_{metric}"] = [of.validation.get(metric, math.nan) for of in epochs]
    return pd.DataFrame(columns | {"seconds": [of.seconds for of in epochs]})
