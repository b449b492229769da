"""A trial in training or paused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.loop.members import by_trial
from search.record.record import Record
from search.trial import TrialRow


@dataclass
class LiveTrial:
    """A trial in training, or one that is paused."""

    row: TrialRow
    work: float  # see `Study.work`; engines are balanced by it
    curve: list[EpochMetrics] = field(default_factory=list)


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
