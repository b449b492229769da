"""A Gaussian process over learning curves: its settings. The process itself is in search/curves/."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from models.config.base import Parameters
from search.samplers.base import SamplerConfig

if TYPE_CHECKING:
    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror
    from search.trial import TrialRow


class GP(SamplerConfig):
    """Tries what is expected to end best, by a Gaussian process over the learning curves of all trials so far.

    It learns from every epoch of every trial: a trial that waits, or was cut, tells it where it might have ended. With
    the pruner `ExpectedGain` one process decides what is tried and who goes on. Freeze-thaw (Swersky, Snoek and Adams
    2014, arXiv 1406.3896), with another covariance: search/curves/kernels.py.

    Example:
        >>> GP(startup=20)
    """

    name: Literal["gp"] = "gp"
    settles: ClassVar[bool] = True
    startup: int = Field(default=8, ge=2, description="Trials spread evenly over the space before the first estimate.")

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return the next configuration of the tick's plan; None where the study says so and the search has settled."""
        from search.curves.learnt import liked_point
        from search.curves.plan import draw_seed, plan, spread_point
        from search.curves.settling import leader, outlook

        history = mirror.history
        tick, made = mirror.sampler_state.get("plan", (None, None))
        if tick != history.tick or not made or not made.new:
            free = min(study.places - len(history.live), study.trials - number)
            made = plan(history, free, begin=free) if number >= self.startup else None
            mirror.sampler_state["plan"] = (history.tick, made)
        if made is None:  # half of these trials are hedged against sources that mislead
            liked = liked_point(history, draw_seed(study, "liked", number)) if number % 2 else None
            return liked or spread_point(study, number)
        if study.until_settled and (decided := outlook(history, made)) != "go on":
            return leader(history) if decided == "train again" else None
        return made.new.pop(0) if made.new else spread_point(study, number)

    def exhausted_reason(self, study: "Study", trials: "Sequence[TrialRow]") -> str | None:
        """Return that the search has settled, if it has."""
        from search.curves.settling import SEEDS, freedom, seed_deviation, trained_again

        planned = sum(row.is_planned for row in trials)
        over = all(row.state != "running" for row in trials)
        ended = study.until_settled and over and planned < study.trials
        if not ended or freedom(trials) < (again := trained_again(study)):
            return None
        if study.objective.beside is not None:
            return (
                "settled: one more training of each point of the front is expected to lift it by less than other "
                f"seeds of them move it, as {again} trainings from other seeds have shown"
            )
        deviation = seed_deviation(trials)
        return (
            f"settled: one more training is expected to gain less than {deviation:.2g}, by which another seed changes "
            f"the {study.objective.metric} (the standard deviation of {SEEDS})"
        )
