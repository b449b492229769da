"""Configurations that a study's `where` and `constraints` allow, of those that a sequence or a generator yields."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from models.config.base import Parameters
from models.errors import UserError
from models.seeds import derive
from search.config.relations import MOST_DRAWS
from search.samplers.unit_cube import from_unit_cube

if TYPE_CHECKING:
    from search.config.study import Study


def nth_allowed(study: "Study", place: int, proposed: Iterable[Parameters]) -> Parameters:
    """Return the configuration at a place, 0 being the first, among those that `where` and `constraints` allow.

    Raises:
        UserError: There are fewer among `MOST_DRAWS` for each.
    """
    allowed = (params for params in islice(proposed, (place + 1) * MOST_DRAWS) if study.allows(params))
    for index, params in enumerate(allowed):
        if index == place:
            return params
    rules = [*(f"where={each.text}" for each in study.where), *map(str, study.constraints)]
    raise UserError(
        f"of {MOST_DRAWS} configurations none satisfies {', '.join(rules)}",
        "correct it, or widen the ranges; then begin anew with --restart",
    )


def drawn(study: "Study", number: int) -> Iterator[Parameters]:
    """Yield independent draws for a trial, where its sampler has proposed nothing that is allowed."""
    import numpy as np  # not needed to read a study file

    generator = np.random.Generator(np.random.PCG64(derive(study.seed, "allowed", number)))
    while True:
        yield from_unit_cube(study.space, generator.random(len(study.space)).tolist())
