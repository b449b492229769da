"""No pruning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from search.pruners.base import PrunerConfig
from search.pruners.rung import RungScore

if TYPE_CHECKING:
    from search.samplers.optuna_mirror import Mirror


class NoPruner(PrunerConfig):
    """Trains every trial to its end."""

    name: Literal["none"] = "none"

    prunes: ClassVar[bool] = False

    def should_prune(self, epoch: int, score: RungScore, peers: Sequence[RungScore], mirror: "Mirror") -> bool:
        """Return False."""
        return False

    def describe(self, epochs: int) -> str:
        """Return that nobody is pruned."""
        return "none: every trial is trained to its end"
