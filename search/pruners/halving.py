"""The judge: whether a trial goes on, told from the scores of one epoch alone.

The coordinator asks `judge` for every live lane once a whole tick is recorded, so that the order in which lanes are
judged changes nothing. `SuccessiveHalvingPruner` lends the same rule to people who use Optuna by itself. Nothing here reads the
record or knows a clock: a verdict asked for again, after a crash, comes out the same.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter

import optuna

from search.config.pruners import SuccessiveHalving
from search.pruners.rung import RungScore

_key = attrgetter("key")


def is_rung(peer: SuccessiveHalving, step: int) -> bool:
    """Whether trials are judged after epoch `step`, 1 being the first: at `min_epochs` times 1, reduction_factor, reduction_factor^2 ..."""
    rung = peer.min_epochs
    while rung < step:
        rung *= peer.reduction_factor
    return rung == step


def below_cutoff(peer: SuccessiveHalving, mine: RungScore, all_at_step: Sequence[RungScore]) -> bool:
    """Whether a trial is to end at a rung (Li et al. 2020, arXiv 1810.05934; how ours differs is told at `SuccessiveHalving`).

    `all_at_step` holds every trial that has a score at this epoch, best first, `mine` included, whatever became of it
    since: the pruned and the diverged are rivals too, or the bar would rise with everyone who falls.
    """
    if len(all_at_step) < peer.min_trials:
        return False
    # 0.07 * 100 is 7.000000000000001 in binary, which is not an eighth place.
    places = math.ceil(peer.keep_fraction * len(all_at_step) - 1e-9)
    return bisect_left(all_at_step, mine.key, key=_key) >= places


class SuccessiveHalvingPruner(optuna.pruners.BasePruner):
    """The same rule for a study that Optuna runs by itself, in either direction: `SuccessiveHalvingPruner(SuccessiveHalving(keep_fraction=0.3))`.

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
        values = {other.number: other.intermediate_values[step] for other in reached}
        scores = {number: RungScore((-sign * value, 0.0, number), value) for number, value in values.items()}
        return below_cutoff(self.peer, scores[trial.number], sorted(scores.values(), key=_key))
