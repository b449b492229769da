"""Grid search."""

import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from models.config.base import Parameters, Value
from models.seeds import derive
from search.config.conditions import exists, is_conditional, parents_first
from search.config.space import Space
from search.samplers.base import SamplerConfig, check_listed

if TYPE_CHECKING:
    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror


class Grid(SamplerConfig):
    """Tries every combination of the values listed, in a shuffled order that the seed fixes.

    In a conditional space a parameter is varied only where it exists, and no combination is tried twice.

    Example:
        >>> Grid(values={"learning_rate": (0.01, 0.1), "hidden": (32, 64), "weight_decay": (0.0,)})
    """

    name: Literal["grid"] = "grid"
    values: dict[str, tuple[Value, ...]] = Field(description="The values of each parameter that is searched.")

    @property
    def max_proposals(self) -> int | None:
        """The number of combinations."""
        return math.prod(len(values) for values in self.values.values())

    def check(self, space: Space) -> None:
        """Raise ValueError where the grid lacks a searched parameter, or lists a value outside its range."""
        if set(self.values) != set(space):
            raise ValueError(
                f"sampler: the grid has values for {', '.join(self.values) or 'nothing'}; "
                f"state them for {', '.join(space)}, no more and no less"
            )
        for name, values in self.values.items():
            check_listed("the grid's", name, values, space[name])

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return the next combination, or None behind the last."""
        import numpy as np  # not needed to read a study file

        names = sorted(self.values)
        shape = tuple(len(self.values[name]) for name in names)
        branches = self._branches(study) if is_conditional(study.space) or study.where else None
        combinations = math.prod(shape) if branches is None else len(branches)
        if (position := mirror.position(number) - study.opening) >= combinations:
            return None
        order = np.random.Generator(np.random.PCG64(derive(study.seed, "grid"))).permutation(combinations)
        if branches is not None:
            return study.to_internal(branches[order[position]])
        corner = np.unravel_index(order[position], shape)
        return study.to_internal({name: self.values[name][int(at)] for name, at in zip(names, corner, strict=True)})

    def _branches(self, study: "Study") -> list[Parameters]:
        """Every combination that exists and is allowed, once."""
        combinations: list[Parameters] = [{}]
        space = study.space
        for name in parents_first(space):
            grown = [
                [chosen | {name: value} for value in self.values[name]] if exists(space[name], chosen) else [chosen]
                for chosen in combinations
            ]
            combinations = [chosen for several in grown for chosen in several]
        return [chosen for chosen in combinations if study.allows(study.to_internal(chosen))]
