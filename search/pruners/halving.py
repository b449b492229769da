"""The judge: whether a trial goes on, told from the scores of one epoch alone.

The coordinator asks `judge` for every live lane once a whole tick is recorded, so that the order in which lanes are
judged changes nothing. `SuccessiveHalvingPruner` lends the same rule to people who use Optuna by itself. Nothing here reads the
record or knows a clock: a verdict asked for again, after a crash, comes out the same.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple, Self

import optuna

from models.config.messages import EpochMetrics
from search.config.pruners import SuccessiveHalving

# --- where trials stand -----------------------------------------------------------------------------------------------


class RungScore(NamedTuple):
    """What one trial had come to after one epoch; `order` sorts the best trial first."""

    validation_accuracy: float  # a share of 1
    validation_loss: float  # mean per example
    number: int  # of the trial

    @classmethod
    def of(cls, score: EpochMetrics) -> Self:
        """The standing that a trial's score gives it."""
        return cls(score.validation_accuracy, score.validation_loss, score.lane)

    @property
    def diverged(self) -> bool:
        """Whether the model's answers are no numbers any more. Its accuracy then counts for nothing."""
        return not (math.isfinite(self.validation_loss) and math.isfinite(self.validation_accuracy))

    @property
    def order(self) -> tuple[float, float, int]:
        """Higher accuracy, then lower loss, then the earlier trial; diverged ones behind all others."""
        if self.diverged:
            return math.inf, math.inf, self.number
        return -self.validation_accuracy, self.validation_loss, self.number


_order = attrgetter("order")

# --- Studyhall's own rule ---------------------------------------------------------------------------------------------


def is_rung(peer: SuccessiveHalving, step: int) -> bool:
    """Whether trials are judged after epoch `step`, 1 being the first: at `first` times 1, spacing, spacing^2 ..."""
    rung = peer.first
    while rung < step:
        rung *= peer.spacing
    return rung == step


def insert_sorted(standing: RungScore, among: list[RungScore]) -> None:
    """Enter a standing among those of the same epoch, which stay sorted, best first."""
    insort(among, standing, key=_order)


def below_cutoff(peer: SuccessiveHalving, mine: RungScore, all_at_step: Sequence[RungScore]) -> bool:
    """Whether a trial is to end at a rung (Li et al. 2020, arXiv 1810.05934; how ours differs is told at `SuccessiveHalving`).

    `all_at_step` holds every trial that has a score at this epoch, best first, `mine` included, whatever became of it
    since: the pruned and the diverged are rivals too, or the bar would rise with everyone who falls.
    """
    if len(all_at_step) < peer.rivals:
        return False
    # 0.07 * 100 is 7.000000000000001 in binary, which is not an eighth place.
    places = math.ceil(peer.keep * len(all_at_step) - 1e-9)
    return bisect_left(all_at_step, mine.order, key=_order) >= places


class SuccessiveHalvingPruner(optuna.pruners.BasePruner):
    """The same rule for a study that Optuna runs by itself, in either direction: `SuccessiveHalvingPruner(SuccessiveHalving(keep=0.3))`.

    Report a value after every epoch, counted from 1. Optuna judges each trial as it reports, so that the first trial
    at a rung meets no rivals; in Studyhall's own loop it meets its whole cohort.
    """

    def __init__(self, peer: SuccessiveHalving) -> None:
        self.peer = peer

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Whether `trial` should end after its last report."""
        step = trial.last_step
        if step is None or not is_rung(self.peer, step):
            return False
        sign = 1.0 if study.direction == optuna.study.StudyDirection.MAXIMIZE else -1.0
        reached = [other for other in study.get_trials(deepcopy=False) if step in other.intermediate_values]
        standings = {
            other.number: RungScore(sign * other.intermediate_values[step], 0.0, other.number) for other in reached
        }
        return below_cutoff(self.peer, standings[trial.number], sorted(standings.values(), key=_order))
