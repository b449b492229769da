"""Limits of what a model may cost: known before it is trained, so that none beyond them is ever trained."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from models.config.base import FrozenConfig
from models.errors import UserError
from search.config.relation_checks import random_params
from search.config.relations import MOST_DRAWS

if TYPE_CHECKING:
    from search.config.study import Study


class Constraint(FrozenConfig):
    """A limit of what a model may cost. No trial is begun that lies beyond it.

    Example:
        >>> Constraint("parameters", max=50_000)
    """

    cost: Literal["parameters", "bytes", "multiply_adds"] = Field(
        description='"parameters", the numbers in its weights; "bytes" of the tensors in its file; or "multiply_adds", '
        "the work of a prediction."
    )
    max: float = Field(gt=0, description="The most that is allowed.")

    def __init__(self, cost: str, *, max: float) -> None:  # noqa: A002 - as a study file reads best
        super().__init__(cost=cost, max=max)  # type: ignore[call-arg]

    def __str__(self) -> str:
        return f"{self.cost} at most {self.max:,.0f}"

    def holds(self, costs: Mapping[str, float]) -> bool:
        """Return whether a model with these costs is within the limit."""
        return costs[self.cost] <= self.max


def check_limits(study: "Study") -> "Study":
    """Return a study that knows the data's shape.

    Raises:
        UserError: A baseline lies beyond a limit, or all configurations do.
    """
    if not study.constraints:
        return study
    for baseline in study.baselines:
        costs = study.costs(study.to_internal(baseline.parameters))
        for limit in study.constraints:
            if not limit.holds(costs):
                raise UserError(
                    f"baseline {baseline.name!r} has {costs[limit.cost]:,.0f} {limit.cost.replace('_', '-')}, and "
                    f"constraints allow {limit.max:,.0f}",
                    "raise the limit, or leave the baseline out: nothing beyond a limit is trained",
                )
    if not any(study.allows(params) for params in islice(random_params(study), MOST_DRAWS)):
        raise UserError(
            f"constraints: none of {MOST_DRAWS} configurations drawn from the space has "
            f"{' and '.join(map(str, study.constraints))}",
            "raise the limit, or let the ranges hold smaller models",
        )
    return study
