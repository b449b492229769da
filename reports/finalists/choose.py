"""Chooses the finalists among the trials, and ranks them by what they come to over several seeds. Trains nothing."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from models.config.messages import EpochMetrics
from models.errors import UserError
from reports.finalists.predictions import ModelKey
from search.config.study import Study
from search.front import spread
from search.objective import Key, Objective, front_of, select_epoch
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow


def choose(
    record: Record, trials: Sequence[TrialRow], curves: Mapping[int, Sequence[EpochMetrics]], top: int
) -> list[TrialRow]:
    """Return the `top` best complete trials by the study's objective, then the baselines that are not among them.

    Of two objectives they are points of the front, spread over it: all of it where it has no more.

    Of trials of one configuration the first counts: the best of several seeds would be ahead by luck. Baselines that
    diverged are left out.

    Raises:
        UserError: No trial is complete.
    """
    complete: dict[frozenset[tuple[str, object]], TrialRow] = {}
    for row in trials:
        if row.state == "complete" and row.joined is not None:
            complete.setdefault(frozenset(row.params.items()), row)
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

    ranked = sorted(complete.values(), key=order)
    chosen = ranked[:top]
    if (beside := study.objective.beside) is not None:
        front = front_of(complete.values(), study.objective)
        points = [(study.objective.cost(row.value or 0.0), beside.place(row.second or 0.0)) for row in front]
        chosen = [front[index] for index in spread(points, top)]
    return chosen + [row for row in ranked if row.baseline is not None and row not in chosen]


def selected_epoch(study: Study, curve: Sequence[EpochMetrics]) -> int:
    """Return the epoch whose metrics were a complete trial's in the search."""
    selected = select_epoch(curve, study.keep, study.objective)
    assert selected is not None
    return selected.epoch


def retrained_for(
    study: Study,
    row: TrialRow,
    seeds: int,
    finalists: Mapping[ModelKey, FinalistRow],
    curve: Sequence[EpochMetrics],
) -> int:
    """Return for how many epochs a trial is retrained, as far as it is known.

    As the seeds say that ranked it. A trial that is not yet ranked under all, or of an ensemble alone, keeps to the
    models that it has: more seeds mostly leave their epochs as they are. Without any it is as the search says.

    Args:
        study: That it belongs to.
        row: The trial.
        seeds: How many it is retrained under.
        finalists: What is recorded of finalists.
        curve: Its metrics in the search.
    """
    recorded = [known for seed in range(seeds) if (known := finalists.get((row.number, seed))) is not None]
    ranked = [known for known in recorded if known.best_epoch is not None]
    if len(ranked) == seeds:
        return epochs_to_retrain(study, ranked)
    trained = [known.epochs for known in recorded if known.epochs]
    return statistics.median_low(trained) if trained else selected_epoch(study, curve)


def epochs_to_retrain(study: Study, rows: Sequence[FinalistRow]) -> int:
    """Return for how many epochs a finalist is retrained: the lower median of its seeds' best epochs, or all."""
    best = [row.best_epoch or study.epochs for row in rows]
    return statistics.median_low(best) if study.keep == "best" else study.epochs


def as_retrained(
    study: Study, rows: Iterable[FinalistRow], scores: Iterable[tuple[int, int, int, EpochMetrics]]
) -> dict[ModelKey, FinalistRow]:
    """Return what is recorded of finalists, with their validation metrics at the epoch that they are retrained for.

    What is recorded are those of each seed's best epoch: better than any model that is retrained, and the more so the
    more a curve scatters. A seed that diverged keeps its own.

    Args:
        study: That they belong to.
        rows: Of every finalist, for all seeds that count.
        scores: What `Record.finalist_scores("rank")` returns.
    """
    found = {(row.trial, row.seed): row for row in rows}
    by_trial: dict[int, list[FinalistRow]] = {}
    for row in found.values():
        if row.best_epoch is not None:
            by_trial.setdefault(row.trial, []).append(row)
    epochs = {trial: epochs_to_retrain(study, of_trial) for trial, of_trial in by_trial.items()}
    newest: dict[ModelKey, int] = {}
    for _, trial, seed, metrics in scores:
        ranked = found.get((trial, seed))
        if ranked is None or not ranked.best_epoch or metrics.epoch > epochs[trial]:
            continue
        if metrics.epoch > newest.get((trial, seed), 0):  # a seed that stopped before that epoch counts by its last one
            newest[trial, seed] = metrics.epoch
            found[trial, seed] = replace(ranked, validation=metrics.validation)
    return found


def rank(by_trial: Mapping[int, Sequence[FinalistRow]], objective: Objective) -> list[int]:
    """Return the finalists' trial numbers, best first, by their mean validation metrics over seeds, `as_retrained`.

    A finalist that diverged under a seed comes after all that did not.
    """

    def key(trial: int) -> Key:
        metrics = [row.validation or {} for row in by_trial[trial]]
        means = {name: statistics.fmean(seed.get(name, math.nan) for seed in metrics) for name in metrics[0]}
        return objective.key({objective.metric: math.nan} | means, trial)

    return sorted(by_trial, key=key)
