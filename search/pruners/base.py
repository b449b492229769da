"""The door for pruners: what the loop asks of any pruner, and what it decides itself.

The loop asks once a whole tick is recorded, so the order in which trials are judged changes nothing. Nothing here reads
the record or a clock: asked again after a crash, a pruner answers the same. Imports neither Optuna nor torch.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from models.config.base import FrozenConfig
from models.config.messages import EpochMetrics
from search.pruners.rung import RungScore

if TYPE_CHECKING:
    import optuna

    from search.config.study import Study
    from search.loop.history import SearchHistory
    from search.samplers.optuna_mirror import Mirror
    from search.trial import TrialRow

Decision = Literal["continue", "pause", "prune"]


class PrunerConfig(FrozenConfig):
    """Decides which trials end before their last epoch, and which wait and come back.

    A pruner is frozen settings with a method `should_prune`; one that pauses trials has `judge` and `promote` instead.
    Its `name` is the one it is registered under, in `search/pruners/registry.py` or by another package's entry point in
    the group `studyhall.pruners`.

    Baselines are never pruned, nor what a study with `until_settled` trains again from another seed, and a diverged
    trial ends by itself: a pruner is not asked about any of them.

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
    serves_two: ClassVar[bool] = True  # whether it judges by keys, or by ranks, so that two objectives serve it
    pauses: ClassVar[bool] = False  # True: `judge` may answer "pause"

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

    def judge(self, epoch: int, score: RungScore, history: "SearchHistory") -> Decision:
        """Return what becomes of a trial after an epoch. Unless overridden, `should_prune` decides.

        A paused trial leaves its lane to others. Its weights and its optimizer's state are kept until `promote` names
        it, or until it is pruned: at the end of the search, or where more than `Study.paused` trials would wait.

        Args:
            epoch: The epoch that it has just been trained for, 1 being the first; never the last one.
            score: Its score after that epoch.
            history: The search so far, the whole tick included. Read it only; what is worth keeping from one call to
                the next goes into `history.mirror.sampler_state`, which is empty after a restart.
        """
        return "prune" if self.should_prune(epoch, score, history.rungs[epoch], history.mirror) else "continue"

    def promote(self, history: "SearchHistory", free: int) -> Sequence[int]:
        """Return the paused trials that go on, the most promising first; asked before new trials are begun.

        New trials take the lanes that are then left. The search ends when no trial is live, none is left to begin and
        nobody is promoted.

        Args:
            history: The search so far; `history.paused` are those to choose from.
            free: How many lanes are free: at most so many may be named.
        """
        return ()

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


def judge(study: "Study", row: "TrialRow", metrics: EpochMetrics, history: "SearchHistory") -> Decision:
    """Return what becomes of a live trial after its newest epoch. Whether it diverged is asked before.

    Args:
        study: Its pruner decides, for all but baselines, trained repeats and trials that are complete.
        row: The trial.
        metrics: Its newest epoch.
        history: The search up to this tick.
    """
    measures_seeds = study.until_settled and row.repeat_of is not None
    if row.baseline is not None or measures_seeds or metrics.epoch >= study.epochs:
        return "continue"
    return study.pruner.judge(metrics.epoch, history.score_of(metrics), history)
