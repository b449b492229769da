"""A Gaussian process over learning curves: its settings. The process itself is in search/curves/."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from models.config.base import Parameters
from search.samplers.base import SamplerConfig

if TYPE_CHECKING:
    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror


class GP(SamplerConfig):
    """Tries what is expected to end best, by a Gaussian process over the learning curves of all trials so far.

    It learns from every epoch of every trial: a trial that waits, or was cut, tells it where it might have ended. With
    the pruner `ExpectedGain` one process decides what is tried and who goes on. Freeze-thaw (Swersky, Snoek and Adams
    2014, arXiv 1406.3896), with another covariance: search/curves/kernels.py.

    Example:
        >>> GP(startup=20)
    """

    name: Literal["gp"] = "gp"
    startup: int = Field(default=8, ge=2, description="Trials spread evenly over the space before the first estimate.")

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return the next configuration of the tick's plan."""
        from search.curves.plan import plan, spread_point

        history = mirror.history
        planned = mirror.sampler_state.get("plan")
        if planned is None or planned[0] != history.tick or not planned[1]:
            made = None
            if number >= self.startup:
                free = min(study.places - len(history.live), study.trials - number)
                made = plan(history, free, begin=free)
            planned = (history.tick, made.new if made else [])
            mirror.sampler_state["plan"] = planned
        return planned[1].pop(0) if planned[1] else spread_point(study, number)
