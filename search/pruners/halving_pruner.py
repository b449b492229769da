"""Successive halving for people who use Optuna by itself. Imports Optuna, so nothing else imports this file."""

import math

import optuna

from search.pruners.halving import SuccessiveHalving
from search.pruners.rung import RungScore


class SuccessiveHalvingPruner(optuna.pruners.BasePruner):
    """Prunes trials of an Optuna study by the rule of `SuccessiveHalving`, in either direction.

    A trial is judged at its first report at or past each rung, against the first such report of every other trial.
    Optuna's own pruner of this name keeps notes of who reached which rung and compares only with those; this one keeps
    none, compares with pruned and failed trials as well, and so answers the same when it is asked again.

    In Optuna each trial is judged as it reports, so the first trial at a rung meets no rivals. In Studyhall's loop it
    meets its whole cohort.

    Args:
        keep_fraction: Share of the trials that goes on at each rung.
        min_epochs: Step of the first rung; the first report should have step 1.
        reduction_factor: Each rung is at this many times the step of the last.
        min_trials: Nobody is pruned before so many trials have reached the rung.

    Raises:
        ValueError: An argument is out of bounds.

    Example:
        >>> import optuna
        >>> from studyhall import SuccessiveHalvingPruner
        >>> study = optuna.create_study(pruner=SuccessiveHalvingPruner(keep_fraction=0.3))
    """

    def __init__(
        self, keep_fraction: float = 0.5, min_epochs: int = 1, reduction_factor: int = 2, min_trials: int = 4
    ) -> None:
        self._rule = SuccessiveHalving(
            keep_fraction=keep_fraction,
            min_epochs=min_epochs,
            reduction_factor=reduction_factor,
            min_trials=min_trials,
        )

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Return whether a trial should end after its last report."""
        step = trial.last_step
        if step is None:
            return False
        earlier = max((other for other in trial.intermediate_values if other < step), default=0)
        sign = -1.0 if study.direction == optuna.study.StudyDirection.MAXIMIZE else 1.0
        trials = study.get_trials(deepcopy=False)
        for rung in self._rule.rungs(step + 1):
            if rung <= earlier:  # judged at an earlier report
                continue
            peers = sorted(score for other in trials if (score := _score(other, rung, sign)) is not None)
            mine = next(score for score in peers if score.number == trial.number)
            if self._rule.below_cutoff(mine, peers):
                return True
        return False


def _score(trial: optuna.trial.FrozenTrial, rung: int, sign: float) -> RungScore | None:
    """The first report of a trial at or past a rung; None where it has none."""
    step = min((step for step in trial.intermediate_values if step >= rung), default=None)
    if step is None:
        return None
    value = trial.intermediate_values[step]
    return RungScore((math.inf if math.isnan(value) else sign * value, 0.0, trial.number), value)
