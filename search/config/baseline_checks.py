"""The checks of baselines: whether they are configurations of the space."""

from typing import TYPE_CHECKING

from models.config.base import Parameters
from search.config.conditions import condition, existing, exists, parents_first
from search.config.space import same_value

if TYPE_CHECKING:
    from search.config.study import Study


def check_baselines(study: "Study") -> None:
    """Raise ValueError where two have one name, or there are more than trials."""
    if len({baseline.name for baseline in study.baselines}) < len(study.baselines):
        raise ValueError("baselines: two have the same name; give each its own")
    if study.trials < len(study.baselines):
        raise ValueError(f"trials: {study.trials} are fewer than the {len(study.baselines)} baselines; allow more")


def check_configuration(study: "Study", owner: str, parameters: Parameters) -> None:
    """Raise ValueError where a configuration lies outside the space.

    Args:
        study: Has the space.
        owner: What the configuration is called in a message: "baseline 'notebook'".
        parameters: The configuration.
    """
    for name, value in parameters.items():
        if name in study.fixed and not same_value(value, study.fixed[name]):
            raise ValueError(
                f"{owner} has {name} = {value!r}, which is fixed at {study.fixed[name]!r}; "
                "leave it out there, or give it a range in the space"
            )
        if name not in study.names:
            raise ValueError(f"{owner} has {name!r}, which is not searched; remove it or give it a range in the space")
        if name in study.space and not study.space[name].contains(value):
            raise ValueError(f"{owner}: {name} = {value!r} lies outside its range {study.space[name]}; widen the range")
    present = existing(study.space, parameters)
    for name in parents_first(study.space):
        if name not in parameters and exists(study.space[name], present):
            raise ValueError(f"{owner} does not say {name!r}; give it a value")
        if name in parameters and name not in present:
            raise ValueError(f"{owner} has {name!r}, which exists only {condition(study.space[name])}; leave it out")
