"""Quasi-Monte Carlo search."""

from itertools import count
from typing import TYPE_CHECKING, Literal

from models.config.base import Parameters
from models.seeds import derive
from search.samplers.allowed import nth_allowed
from search.samplers.base import SamplerConfig
from search.samplers.unit_cube import from_unit_cube

if TYPE_CHECKING:
    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror


class QMC(SamplerConfig):
    """Covers the space more evenly than random draws, by a scrambled Sobol sequence; likes 2^m trials.

    Sobol 1967, scrambled after Matousek 1998, as SciPy implements it.
    """

    name: Literal["qmc"] = "qmc"

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return the point of the one sequence that the study's seed scrambles.

        Optuna's QMCSampler keeps its position in the study and draws the first trial at random, and a seed for each
        trial would make random search of it. Baselines are not counted, so that the first 2^m points are balanced.
        """
        from scipy.stats import qmc  # takes half a second, which only this sampler is worth

        sequence = qmc.Sobol(len(study.space), scramble=True, rng=derive(study.seed, "qmc"))
        if study.where:  # points of the sequence that satisfy it are as even there
            points = (from_unit_cube(study.space, sequence.random(1)[0].tolist()) for _ in count())
            return nth_allowed(study, mirror.position(number) - study.opening, points)
        if (earlier := mirror.position(number) - study.opening) > 0:  # SciPy cannot skip nothing
            sequence.fast_forward(earlier)
        return from_unit_cube(study.space, sequence.random(1)[0].tolist())
