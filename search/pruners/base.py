"""The judge: whether a trial goes on, told from the scores of one epoch alone.

The coordinator asks `judge` for every live lane once a whole tick is recorded, so that the order in which lanes are
judged changes nothing. `SuccessiveHalvingPruner` lends the same rule to people who use Optuna by itself. Nothing here reads the
record or knows a clock: a verdict asked for again, after a crash, comes out the same.
"""

from collections.abc import Sequence

import optuna

from models.config.messages import EpochMetrics
from search.config.pruners import NoPruner, OptunaPruner, SuccessiveHalving
from search.config.study import Study
from search.pruners.halving import below_cutoff, is_rung
from search.pruners.rung import RungScore
from search.trial import TrialRow

# --- the verdict ------------------------------------------------------------------------------------------------------


def should_prune(
    study: Study, row: TrialRow, score: EpochMetrics, peers: Sequence[RungScore], mirror: optuna.Study
) -> bool:
    """Whether a live trial is to be pruned after its newest score. Whether it diverged is asked before.

    `peers` are the standings of all trials at this epoch, as `below_cutoff` wants them; `mirror` is the Optuna study
    of `search.sampling.Mirror`, which a pruner of Optuna's reads. Neither may hold anything later than this tick.
    A baseline is never pruned, and after its last epoch a trial is complete.
    """
    if row.baseline is not None or score.epoch >= study.epochs:
        return False
    match study.pruner:
        case NoPruner():
            return False
        case SuccessiveHalving() as peer:
            return is_rung(peer, score.epoch) and below_cutoff(peer, RungScore.of(score, study.objective), peers)
        case OptunaPruner():
            mirrored = mirror.get_trials(deepcopy=False)[row.number]
            return mirror.pruner.prune(mirror, mirrored)
