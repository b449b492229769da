"""Asynchronous successive halving: the rule. Imports no Optuna; the same rule for Optuna is in halving_pruner.py."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from search.pruners.base import PrunerConfig
from search.pruners.rung import RungScore, kept_of, rung_epochs

if TYPE_CHECKING:
    from search.samplers.optuna_mirror import Mirror


class SuccessiveHalving(PrunerConfig):
    """Asynchronous successive halving: after epochs 1, 2, 4, ... a share of all trials that got there goes on.

    Li et al. 2020, arXiv 1810.05934, but trials are judged once the whole tick is recorded, so that the first ones meet
    their rivals too. All trials that reached the epoch are compared, whatever became of them since.

    Example:
        >>> SuccessiveHalving(keep_fraction=0.3, min_epochs=2)
    """

    name: Literal["successive_halving"] = "successive_halving"
    keep_fraction: float = Field(default=0.5, gt=0, lt=1, description="Share of the trials that goes on at each rung.")
    min_epochs: int = Field(default=1, ge=1, description="Epoch of the first rung.")
    reduction_factor: int = Field(default=2, ge=2, description="Each rung is at this many times the epoch of the last.")
    min_trials: int = Field(
        default=4, ge=2, description="Nobody is pruned before so many trials have reached the rung."
    )

    def should_prune(self, epoch: int, score: RungScore, peers: Sequence[RungScore], mirror: "Mirror") -> bool:
        """Return whether the epoch is a rung and the trial is not among the share that goes on."""
        return self.is_rung(epoch) and self.below_cutoff(score, peers)

    def is_rung(self, epoch: int) -> bool:
        """Return whether trials are judged after an epoch, 1 being the first."""
        return epoch in self.rungs(epoch + 1)

    def below_cutoff(self, score: RungScore, peers: Sequence[RungScore]) -> bool:
        """Return whether a trial ends at a rung.

        Args:
            score: The trial's.
            peers: All that were scored at the rung, best first, this one included. Without the pruned and the diverged
                ones the cutoff would rise with each of them.
        """
        if len(peers) < self.min_trials:
            return False
        return bisect_left(peers, score.key, key=attrgetter("key")) >= kept_of(self.keep_fraction, len(peers))

    def rungs(self, epochs: int) -> Mapping[int, float]:
        """Return `min_epochs` times 1, `reduction_factor`, its square ... below `epochs`, each with `keep_fraction`."""
        return dict.fromkeys(rung_epochs(self.min_epochs, self.reduction_factor, epochs), self.keep_fraction)

    def describe(self, epochs: int) -> str:
        """Return how many go on after which epochs."""
        if not (rungs := [str(rung) for rung in self.rungs(epochs)]):
            return "no trial is pruned before its last epoch"
        return f"the best {self.keep_fraction:.0%} go on after epoch{'s' * (len(rungs) > 1)} {', '.join(rungs)}"
