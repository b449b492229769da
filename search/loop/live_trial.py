"""A trial in training or paused, and what an engine needs to train it."""

from dataclasses import dataclass, field

from models.config.messages import EpochMetrics, LaneSpec
from models.seeds import derive
from search.config.study import Study
from search.trial import TrialRow


@dataclass
class LiveTrial:
    """A trial in training, or one that is paused."""

    row: TrialRow
    flops: float  # multiply-adds per example, by which engines are balanced
    curve: list[EpochMetrics] = field(default_factory=list)


def lane_spec(study: Study, row: TrialRow, *, resumed: bool = False) -> LaneSpec:
    """Return what an engine needs to train a trial, from its first epoch on or from where it was paused."""
    return LaneSpec(
        lane=row.number,
        parameters=study.to_external(row.params),
        seed=derive(study.seed, "initial", row.number),
        resumed=resumed,
    )
