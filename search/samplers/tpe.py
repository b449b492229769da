"""The tree-structured Parzen estimator: its settings. Optuna is imported by the first proposal."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from models.config.base import Parameters
from search.samplers.base import SamplerConfig

if TYPE_CHECKING:
    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror

# How many batches TPE draws to fill the lanes that are free at a tick. One estimate takes 30 ms, so that one for each
# of a thousand lanes would take half a minute; a study on a laptop has sixteen lanes.
MAX_TPE_CALLS_PER_TICK = 16


class TPE(SamplerConfig):
    """Looks closer where trials did well: the tree-structured Parzen estimator (Bergstra et al. 2011), by Optuna.

    Multivariate: parameters that every trial has are drawn together. Live trials repel new ones. A diverged trial
    counts as worse than every pruned one.

    Example:
        >>> TPE(startup=20)
    """

    name: Literal["tpe"] = "tpe"
    startup: int = Field(default=10, ge=1, description="Trials drawn at random before the first estimate.")
    considered: int = Field(
        default=300,
        ge=60,
        description="Finished trials that an estimate is made from; of more, the best sixth and a random sample of the "
        "others. A draw takes time in proportion to them.",
    )

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return what the estimator of all trials so far proposes; the trial then runs in the mirror."""
        from search.samplers.tpe_batch import propose

        return propose(self, study, number, mirror, batch_size)
