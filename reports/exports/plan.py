"""What an export would train, and about how long it takes: judged by the epochs that the search has trained.

Trains nothing, writes nothing, and opens no test set.
"""

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from reports.finalists.choose import choose, retrained_for
from reports.finalists.ensemble import Selection, select
from reports.finalists.training import finalist_rows, is_retrained
from reports.finalists.wave import Job
from reports.page.wording import counted, metric_title
from search.cli.wording import duration
from search.objective import Objective
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
    members: tuple[int, ...] = ()  # trials of the ensemble, where one is asked for
    candidates: int = 0  # that it was chosen among
    members_cost: str | None = None  # together, where the second objective is a cost: `4,810 parameters`

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
            f"finalists   trials {finalists}; {counted(self.seeds, 'seed')} each",
            f"training    {self.rank_models} models for their rank, {retrained}, up to {self.epochs} epochs each",
            *self._ensemble,
            f"time        about {duration(self.seconds)} at most, by what the search's epochs took"
            if self.rank_models + self.retrain_models
            else "time        nothing to train: all models are there",
        ]

    @property
    def _ensemble(self) -> list[str]:
        if not self.members:
            return []
        more = len(set(self.members) - set(self.finalists))
        trained = f"{more} of them retrained beside the finalists" if more else "all of them finalists"
        cost = f", {self.members_cost} together" if self.members_cost else ""
        members = ", ".join(map(str, self.members))
        return [f"ensemble    trials {members}{cost}, chosen among {self.candidates}; {trained}"]


def export_plan(record: Record, top: int, seeds: int, processes: int, *, ensemble: bool = False) -> ExportPlan:
    """Return what an export would do.

    Args:
        record: The study.
        top: How many of the best trials are finalists.
        seeds: How many each is trained under.
        processes: That host the engines at the same time.
        ensemble: Whether trials are tested together as well.

    Raises:
        UserError: No trial is complete, or no ensemble can be chosen.
    """
    study, curves, done = record.study, record.curves(), finalist_rows(record)
    trials = record.trials()
    chosen = choose(record, trials, curves, top)
    selection = select(record, trials, curves) if ensemble else None
    members = () if selection is None else tuple(selection.weights)
    numbers = [row.number for row in chosen]
    share = 1 / (1 - study.held_out)  # of examples more, where nothing is held out
    rank_models, retrain_models, seconds = 0, 0, 0.0
    for row in (*chosen, *(row for row in trials if row.number in set(members) - set(numbers))):
        epoch = statistics.fmean(each.seconds for each in curves[row.number]) / study.members  # of a lane
        epochs = retrained_for(study, row, seeds, done, curves[row.number])
        under = [done.get((row.number, seed)) for seed in range(seeds)]
        unranked = [row.number in numbers and (known is None or known.best_epoch is None) for known in under]
        for seed, (known, is_unranked) in enumerate(zip(under, unranked, strict=True)):
            if is_unranked:
                rank_models += study.folds
                seconds += epoch * study.folds * study.epochs
            # Of external trials nothing is kept.
            if not study.family.external and not is_retrained(record, Job(row, seed, epochs), known):
                retrain_models += 1
                seconds += epoch * share * (study.epochs if is_unranked else epochs)
    parallel = max(1, min(processes, study.engines))
    return ExportPlan(
        study=record.name,
        finalists=numbers,
        seeds=seeds,
        rank_models=rank_models,
        retrain_models=retrain_models,
        epochs=study.epochs,
        seconds=seconds / parallel,
        members=members,
        candidates=0 if selection is None else selection.candidates,
        members_cost=None if selection is None else _cost_of(study.objective.beside, selection),
    )


def _cost_of(second: Objective | None, selection: Selection) -> str | None:
    if second is None or not second.is_known or selection.second is None:
        return None
    return f"{second.text(selection.second)} {metric_title(second.metric)}"
