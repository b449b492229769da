"""Asynchronous successive halving that pauses trials at rungs and promotes the best. Imports no Optuna."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from search.pruners.base import Decision, PrunerConfig
from search.pruners.rung import RungScore, kept_of, rung_epochs

if TYPE_CHECKING:
    from search.loop.history import SearchHistory


class Promotion(PrunerConfig):
    """Asynchronous successive halving by promotion: after epochs 1, 3, 9, ... a trial waits, and the best go on.

    Li et al. 2020, arXiv 1810.05934, algorithm 2. A free lane goes to the best trial that waits at the highest rung and
    is in the share that goes on, of all that have reached that rung; to a new trial where there is none. So no trial is
    cut for being early: it goes on once enough others have turned out worse. The share is rounded up, so that some
    trial is complete at the end of any search; the paper rounds down.

    A sampler that learns from trials that are over, as TPE does, learns little from those that wait.

    Example:
        >>> Promotion(keep_fraction=0.25, min_epochs=2, reduction_factor=4)
    """

    name: Literal["promotion"] = "promotion"
    keep_fraction: float = Field(
        default=1 / 3, gt=0, lt=1, description="Share of the trials that goes on at each rung."
    )
    min_epochs: int = Field(default=1, ge=1, description="Epoch of the first rung.")
    reduction_factor: int = Field(default=3, ge=2, description="Each rung is at this many times the epoch of the last.")

    pauses: ClassVar[bool] = True

    def judge(self, epoch: int, score: RungScore, history: "SearchHistory") -> Decision:
        """Return "pause" at a rung."""
        return "pause" if epoch in self.rungs(epoch + 1) else "continue"

    def promote(self, history: "SearchHistory", free: int) -> Sequence[int]:
        """Return the trials that wait within the share that goes on, those of higher rungs first."""
        promoted: list[int] = []
        for epoch in reversed(rung_epochs(self.min_epochs, self.reduction_factor, history.study.epochs)):
            peers = history.rungs.get(epoch, [])
            best = [score.number for score in peers[: kept_of(self.keep_fraction, len(peers))]]
            promoted += [number for number in best if number in history.paused and len(history.curves[number]) == epoch]
        return promoted[:free]

    def rungs(self, epochs: int) -> Mapping[int, float]:
        """Return `min_epochs` times 1, `reduction_factor`, its square ... below `epochs`, each with `keep_fraction`."""
        return dict.fromkeys(rung_epochs(self.min_epochs, self.reduction_factor, epochs), self.keep_fraction)

    def describe(self, epochs: int) -> str:
        """Return where trials wait, and how many go on."""
        if not (rungs := [str(rung) for rung in self.rungs(epochs)]):
            return "no trial waits before its last epoch"
        where = f"epoch{'s' * (len(rungs) > 1)} {', '.join(rungs)}"
        return f"trials wait after {where}; the best {self.keep_fraction:.0%} go on"
