"""The door for pruners: what the loop asks of any pruner, and what it decides itself.

The loop asks once a whole tick is recorded, so the order in which trials are judged changes nothing. Nothing here reads
the record or a clock: asked again after a crash, a pruner answers the same. Imports neither Optuna nor torch.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from models.config.base import FrozenConfig
from models.config.messages import EpochMetrics
from search.pruners.rung import RungScore

if TYPE_CHECKING:
    import optuna

    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror
    from search.trial import TrialRow


class PrunerConfig(FrozenConfig):
    """Decides which trials end before their last epoch.

    A pruner is frozen settings with a method `should_prune`. Its `name` is the one it is registered under, in
    `search/pruners/registry.py` or by another package's entry point in the group `studyhall.pruners`.

    Baselines are never pruned, and a diverged trial ends by itself: a pruner is not asked about either.

    Example:
        >>> class Patience(PrunerConfig):
        ...     name: Literal["patience"] = "patience"
        ...     within: float = Field(default=0.1, description="How far behind the best trial others may lie.")
        ...
        ...     def should_prune(self, epoch, score, peers, mirror):
        ...         return score.key[0] > peers[0].key[0] + self.within  # of keys the lowest is the best
    """

    name: str

    prunes: ClassVar[bool] = True  # False: no trial is ever pruned

    def should_prune(self, epoch: int, score: RungScore, peers: Sequence[RungScore], mirror: "Mirror") -> bool:
        """Return whether a trial is to end.

        Args:
            epoch: The epoch that it has just been trained for, 1 being the first; never the last one.
            score: Its score after that epoch.
            peers: The scores of all trials that have reached this epoch, best first, this one's included, whatever
                became of them since.
            mirror: All trials as Optuna sees them, `mirror.study.trials[score.number]` being this one.
        """
        raise NotImplementedError

    def rungs(self, epochs: int) -> Mapping[int, float]:
        """Return the epochs after which trials may be pruned, each with the share of trials that goes on.

        From these the time left is estimated. Empty where a pruner cannot say.

        Args:
            epochs: How long trials are trained; after the last epoch nobody is pruned.
        """
        return {}

    def describe(self, epochs: int) -> str:
        """Return what becomes of trials that train for so many epochs, in one line."""
        return self.name

    def optuna_pruner(self) -> "optuna.pruners.BasePruner | None":
        """Return the pruner that the mirror's Optuna study carries, where this one asks it.

        Raises:
            UserError: Optuna has no such pruner.
        """
        return None


def should_prune(
    study: "Study", row: "TrialRow", metrics: EpochMetrics, peers: Sequence[RungScore], mirror: "Mirror"
) -> bool:
    """Return whether a live trial is pruned after its newest epoch. Whether it diverged is asked before.

    Args:
        study: Its pruner decides, for all but baselines and trials that are complete.
        row: The trial.
        metrics: Its newest epoch.
        peers: The scores of all trials that have reached this epoch, best first.
        mirror: All trials up to this tick.
    """
    if row.baseline is not None or metrics.epoch >= study.epochs:
        return False
    return study.pruner.should_prune(metrics.epoch, RungScore.of(metrics, study.objective), peers, mirror)
