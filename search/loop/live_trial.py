"""A trial in training or paused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.loop.members import by_trial
from search.record.record import Record
from search.trial import TrialRow


@dataclass
class LiveTrial:
    """A trial in training, or one that is paused."""

    row: TrialRow
    flops: float  # multiply-adds per example, by which engines are balanced
    curve: list[EpochMetrics] = field(default_factory=list)


def live_trial(study: Study, row: TrialRow, dataset_info: DatasetInfo) -> LiveTrial:
    """Return a trial as it begins to train."""
    shape, outputs = dataset_info.shape, dataset_info.outputs
    return LiveTrial(row, study.flops_per_example(shape, outputs, study.to_external(row.params)))


def ended_by_others(record: Record, trials: Mapping[int, LiveTrial]) -> dict[tuple[int, int], str]:
    """Return those that another program has ended, by trial and the epochs that it was trained for, with the reason."""
    ended = record.ended_by_others(min(trials, default=0))
    return {(number, len(trials[number].curve)): ended[number] for number in ended.keys() & trials.keys()}


def of_trials(study: Study, rows: Mapping[int, TrialRow], scores: Sequence[EpochMetrics]) -> list[EpochMetrics]:
    """Return the metrics of trials, given those of all of their lanes; with what models cost, where the study asks."""
    if study.known_costs:
        costs = [study.costs(rows[score.lane // study.members].params) for score in scores]
        scores = [
            score.model_copy(update={"validation": {**score.validation, **more}})
            for score, more in zip(scores, costs, strict=True)
        ]
    return by_trial(scores, study.members)
