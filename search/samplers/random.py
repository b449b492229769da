"""Random search."""

from typing import TYPE_CHECKING, Literal

from models.config.base import Parameters
from models.seeds import derive
from search.samplers.base import SamplerConfig
from search.samplers.unit_cube import from_unit_cube

if TYPE_CHECKING:
    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror


class Random(SamplerConfig):
    """Draws each trial independently of all others."""

    name: Literal["random"] = "random"

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return a point of the space that depends on the study's seed and the trial's number alone."""
        import numpy as np  # not needed to read a study file

        generator = np.random.Generator(np.random.PCG64(derive(study.seed, "random", number)))
        return from_unit_cube(study.space, generator.random(len(study.space)).tolist())
