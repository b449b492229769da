"""Chooses the finalists among the trials, and ranks them by what they come to over several seeds. Trains nothing."""

import math
import statistics
from collections.abc import Mapping, Sequence

from models.config.messages import EpochMetrics
from models.errors import UserError
from search.objective import Key, Objective, select_epoch
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow


def choose(
    record: Record, trials: Sequence[TrialRow], curves: Mapping[int, Sequence[EpochMetrics]], top: int
) -> list[TrialRow]:
    """Return the `top` best complete trials by the study's objective, then the baselines that are not among them.

    Repeats of other trials and baselines that diverged are left out.

    Raises:
        UserError: No trial is complete.
    """
    complete = [row for row in trials if row.state == "complete" and row.joined is not None]
    if not complete:
        raise UserError(
            f"no trial of `{record.name}` is complete, so there is nothing to retrain",
            "search on with more --trials, or with ranges in which training does not diverge",
        )

    study = record.study

    def order(row: TrialRow) -> Key:
        selected = select_epoch(curves[row.number], study.keep, study.objective)
        assert selected is not None
        return study.objective.key(selected.validation, row.number)

    ranked = sorted(complete, key=order)
    return ranked[:top] + [row for row in ranked[top:] if row.baseline is not None]


def rank(by_trial: Mapping[int, Sequence[FinalistRow]], objective: Objective) -> list[int]:
    """Return the finalists' trial numbers, best first, by their mean validation metrics over seeds.

    A finalist that diverged under a seed comes after all that did not.
    """

    def key(trial: int) -> Key:
        metrics = [row.validation or {} for row in by_trial[trial]]
        means = {name: statistics.fmean(seed.get(name, math.nan) for seed in metrics) for name in metrics[0]}
        return objective.key({"loss": math.nan, objective.metric: math.nan} | means, trial)

    return sorted(by_trial, key=key)
