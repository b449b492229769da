"""What an export would train, and about how long it takes: judged by the epochs that the search has trained.

Trains nothing, writes nothing, and opens no test set.
"""

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from reports.finalists.choose import choose
from reports.finalists.training import finalist_rows
from reports.finalists.wave import Job, ranking_model
from search.cli.wording import duration
from search.record.record import Record


@dataclass(frozen=True)
class ExportPlan:
    """What an export would train."""

    study: str
    finalists: list[int]  # numbers of trials, best first, then baselines
    seeds: int
    rank_models: int  # that are still to be trained for their rank
    retrain_models: int  # that are still to be retrained, on training and validation part together
    epochs: int  # of a model, at most
    seconds: float  # of all that training, at most; it is measured on the machine of the search
    kept_models: int = 0  # that rank the finalists, where an ensemble is chosen by them

    def as_data(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return asdict(self)

    @property
    def lines(self) -> list[str]:
        """The plan for people."""
        finalists = ", ".join(map(str, self.finalists))
        retrained = f"{self.retrain_models} to keep, on all examples" if self.retrain_models else "none to keep"
        return [
            f"study       {self.study}",
            f"finalists   trials {finalists}; {self.seeds} seeds each",
            f"training    {self.rank_models} models for their rank, {retrained}, up to {self.epochs} epochs each",
            *self._ensemble,
            f"time        about {duration(self.seconds)} at most, by what the search's epochs took"
            if self.rank_models + self.retrain_models
            else "time        nothing to train: all models are there",
        ]

    @property
    def _ensemble(self) -> list[str]:
        if not self.kept_models:
            return []
        kept = f"the {self.kept_models} models of the ranking, whose files are kept, as large as those of the finalists"
        return [f"ensemble    chosen by {kept}"]


def export_plan(record: Record, top: int, seeds: int, processes: int, *, ensemble: bool = False) -> ExportPlan:
    """Return what an export would do.

    Args:
        record: The study.
        top: How many of the best trials are finalists.
        seeds: How many each is trained under.
        processes: That host the engines at the same time.
        ensemble: Whether some of them are tested together as well.

    Raises:
        UserError: No trial is complete.
    """
    study, curves, done = record.study, record.curves(), finalist_rows(record)
    chosen = choose(record, record.trials(), curves, top)
    share = 1 / (1 - study.held_out)  # of examples more, where nothing is held out
    rank_models, retrain_models, seconds = 0, 0, 0.0
    for row in chosen:
        epoch = statistics.fmean(each.seconds for each in curves[row.number]) / study.members  # of a lane
        for seed in range(seeds):
            known = done.get((row.number, seed))
            job = Job(row, seed, study.epochs)
            is_missing = ensemble and not ranking_model(record, job).exists()
            if known is None or known.best_epoch is None or (is_missing and known.best_epoch):
                rank_models += study.folds
                seconds += epoch * study.folds * study.epochs
            if study.family.external:  # there is nothing to keep
                continue
            if known is None or known.model is None or not (record.folder / "finalists" / known.model).exists():
                retrain_models += 1
                seconds += epoch * share * (study.epochs if known is None else known.best_epoch or study.epochs)
    parallel = max(1, min(processes, study.engines))
    numbers = [row.number for row in chosen]
    kept = seeds * len(chosen) if ensemble else 0
    return ExportPlan(record.name, numbers, seeds, rank_models, retrain_models, study.epochs, seconds / parallel, kept)
