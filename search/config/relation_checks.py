"""The checks of what follows from other parameters, and of what must hold between them."""

import random
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from models.config.base import Parameters, Value
from models.config.own_function import OwnFunction
from models.errors import UserError
from search.config.conditions import existing
from search.config.range_values import extreme_values, middle_value
from search.config.relations import MOST_DRAWS, broken
from search.config.space import same_value
from search.samplers.unit_cube import from_unit_cube

if TYPE_CHECKING:
    from search.config.study import Study


DRAWN_EXAMPLES = 100  # by which a derived parameter's kind of value is known


def check_arguments(study: "Study") -> None:
    """Raise ValueError where a function names what is no parameter, or a derived one that comes later."""
    known = [*study.space, *study.fixed]
    for name, derived in study.derived.items():
        if name in known:
            raise ValueError(f"space: {name!r} is searched and derived; let it be one of the two")
        _check_named(f"space: {name}", derived.function, known, study.derived)
        known.append(name)
    for relation in study.where:
        _check_named("where", relation, known, {})


def _check_named(owner: str, function: OwnFunction, known: list[str], later: object) -> None:
    if not function.needs and not function.takes:
        raise ValueError(f"{owner}: {function.text} has no argument; name the parameters that it is of")
    if unknown := [name for name in (*function.needs, *function.takes) if name not in known]:
        if unknown[0] in later:  # type: ignore[operator]
            raise ValueError(f"{owner}: {function.text} is of {unknown[0]!r}, which comes later; move it behind that")
        raise ValueError(
            f"{owner}: {function.text} is of {unknown[0]!r}, which is no parameter; it can be of {', '.join(known)}"
        )


def check_obeyed(study: "Study") -> None:
    """Raise ValueError where the sampler cannot propose another configuration in the place of one not allowed."""
    if (study.where or study.constraints) and not study.sampler.obeys_where:
        raise ValueError(
            f"{'where' if study.where else 'constraints'}: {study.sampler.describe()} tries fixed values one by one, "
            "whatever holds between them; take GP(), TPE(), Random(), QMC() or Grid(...)"
        )


def check_relations(study: "Study") -> None:
    """Raise ValueError where a function fails, a baseline contradicts it, or no configuration satisfies it."""
    try:
        for baseline in study.baselines:
            values = study.to_external(study.to_internal(baseline.parameters))
            for name in baseline.parameters.keys() & study.derived.keys():
                if not same_value(baseline.parameters[name], values.get(name, "")):
                    raise ValueError(
                        f"baseline {baseline.name!r} has {name} = {baseline.parameters[name]!r}, "
                        f"which follows from the others as {values.get(name)!r}; leave it out there"
                    )
            if relation := broken(study.where, values):
                raise ValueError(
                    f"baseline {baseline.name!r} does not satisfy where={relation.text}; correct one of the two"
                )
        drawn = (each for each in islice(random_values(study), MOST_DRAWS) if broken(study.where, each) is None)
        if study.where and next(drawn, None) is None:
            texts = ", ".join(relation.text for relation in study.where)
            raise ValueError(
                f"where: none of {MOST_DRAWS} configurations drawn from the space satisfies {texts}; "
                "correct it, or widen the ranges"
            )
    except UserError as error:
        raise ValueError(f"space: {error.what}; {error.remedy}") from error


def middle_allowed(study: "Study") -> Parameters:
    """Return the configuration in the middle of the space, or one that is drawn, where `where` forbids that."""
    middle = {name: middle_value(search_range) for name, search_range in study.space.items()}
    values = study.with_others(existing(study.space, middle))
    allowed = not study.where or broken(study.where, values) is None
    return values if allowed else next(each for each in random_values(study) if broken(study.where, each) is None)


def random_values(study: "Study") -> Iterator[Parameters]:
    """Yield configurations as they are trained, drawn independently: the same ones always."""
    return map(study.to_external, random_params(study))


def random_params(study: "Study") -> Iterator[Parameters]:
    """Yield configurations as Optuna holds them, drawn independently: the same ones always."""
    generator = random.Random(study.seed)  # noqa: S311 - no secret; numpy takes longer to import than this takes
    while True:
        yield from_unit_cube(study.space, [generator.random() for _ in study.space])


def derived_examples(study: "Study", name: str) -> list[Value]:
    """Return values that a derived parameter has: mid-space, at its ends, in its baselines, and drawn.

    Raises:
        ValueError: "fact; remedy", where a function fails there.
    """
    corners = [{each: values[end] for each, values in _extremes(study).items()} for end in (0, -1)]
    middle = {each: middle_value(search_range) for each, search_range in study.space.items()}
    try:
        points = [study.to_internal(existing(study.space, values)) for values in (middle, *corners)]
        every = [study.to_external(point) for point in points if study.allows(point)]
        every += [study.to_external(study.to_internal(baseline.parameters)) for baseline in study.baselines]
        drawn = islice(random_values(study), DRAWN_EXAMPLES)
        every += [values for values in drawn if broken(study.where, values) is None]
    except UserError as error:
        raise ValueError(f"space: {error.what}; {error.remedy}") from error
    return [values[name] for values in every if name in values]


def _extremes(study: "Study") -> dict[str, tuple[Value, ...]]:
    return {name: extreme_values(search_range) for name, search_range in study.space.items()}
