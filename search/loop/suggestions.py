"""Suggestions: configurations that a user puts into a study with Optuna's `enqueue_trial`, or in its dashboard.

They are trained before the sampler is asked again, on top of the budget. What cannot be trained ends as failed, with
the reason. Knows neither the record nor the engines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from models.config.base import Parameters
from models.errors import UserError
from models.seeds import derive
from search.config.conditions import condition, existing
from search.config.study import Study
from search.samplers.allowed import nth_allowed
from search.samplers.unit_cube import from_unit_cube


def complete(study: Study, number: int, given: Mapping[str, Any]) -> Parameters:
    """Return a whole configuration with these parameters, the others drawn at random. Raises ValueError for none."""
    import numpy as np  # not needed to read a study file

    for name, value in given.items():
        if name not in study.space:
            raise ValueError(f"{name} is not searched; the parameters are {', '.join(study.space)}")
        if not isinstance(value, int | float | str) or not study.space[name].contains(value):
            raise ValueError(f"{name} {value!r} is not in {study.space[name]}")
    unconditional = {name: replace(range_, when=()) for name, range_ in study.space.items()}
    generator = np.random.Generator(np.random.PCG64(derive(study.seed, "suggested", number)))

    def drawn() -> Iterator[Parameters]:
        while True:
            values = from_unit_cube(unconditional, generator.random(len(study.space)).tolist())
            yield existing(study.space, values | study.to_internal(given))

    try:
        params = nth_allowed(study, 0, drawn())
    except UserError as error:
        raise ValueError(error.what) from error
    if absent := [name for name in given if name not in params]:
        raise ValueError(f"{absent[0]} exists only {condition(study.space[absent[0]])}")
    return params
