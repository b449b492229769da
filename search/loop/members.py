"""The lanes of a trial, its members: how they are numbered and made, and how their metrics become the trial's.

A trial of one lane has that lane's metrics. One of several has their means, and diverges with any of them.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from models.config.messages import EpochMetrics, LaneSpec
from models.seeds import derive
from search.config.study import Study
from search.objective import Objective
from search.trial import TrialRow


def lanes_of(number: int, members: int) -> range:
    """Return the lanes of a trial, or of whatever else is trained as so many lanes."""
    return range(number * members, (number + 1) * members)


def lane_specs(study: Study, row: TrialRow, *, resumed: bool = False) -> list[LaneSpec]:
    """Return what an engine needs to train a trial's lanes, from their first epoch on or from where they were paused.

    Each has initial weights and an order of the examples of its own; the first those of a trial of one lane.
    """
    return [
        LaneSpec(
            lane=lane,
            parameters=study.to_external(row.params),
            seed=derive(study.seed, "initial", row.number, *((member,) if member else ())),
            stream=-member,  # those of finalists are above 0
            fold=member if study.folds > 1 else 0,
            resumed=resumed,
        )
        for member, lane in enumerate(lanes_of(row.number, study.members))
    ]


def by_trial(scores: Iterable[EpochMetrics], members: int) -> list[EpochMetrics]:
    """Return the metrics of trials after a tick, given those of all of their lanes, by lane."""
    lanes = groupby(scores, lambda score: score.lane // members)
    return [mean_of(number, list(of_trial)) for number, of_trial in lanes]


def mean_of(number: int, lanes: Sequence[EpochMetrics]) -> EpochMetrics:
    """Return the metrics of a trial: the means of its lanes' metrics, and the sum of their seconds."""
    if len(lanes) == 1:
        return lanes[0]
    return EpochMetrics(
        lane=number,
        epoch=lanes[0].epoch,
        train=_means([lane.train for lane in lanes]),
        validation=_means([lane.validation for lane in lanes]),
        seconds=sum(lane.seconds for lane in lanes),
        failed=next((lane.failed for lane in lanes if lane.failed is not None), None),
        members=tuple(lanes),
    )


def values_of(metrics: EpochMetrics | None, objective: Objective) -> dict[str, Any]:
    """Return the fields of a trial's row that say what an epoch came to; none where there is no epoch."""
    if metrics is None:
        return {}
    members = tuple(objective.value(lane.validation) for lane in metrics.members)
    value, *second = (each.value(metrics.validation) for each in objective.all)
    return {"value": value, "second": second[0] if second else None, "members": members or None}


def _means(metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: _mean([each[name] for each in metrics]) for name in metrics[0]}


def _mean(values: Sequence[float]) -> float:
    """Return the mean, NaN where a value is not finite. Not fmean: of equal numbers it may not be that number."""
    return statistics.mean(values) if all(map(math.isfinite, values)) else math.nan
