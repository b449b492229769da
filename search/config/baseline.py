"""A baseline: a configuration that is known before the search."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from models.config.base import FrozenConfig, Parameters


class Baseline(FrozenConfig):
    """A configuration that the author already knows. Baselines are the first trials, and are never pruned.

    A study file writes the parameters as keywords.

    Example:
        >>> Baseline("two-layer notebook", hidden=100, learning_rate=0.01, weight_decay=0.0,
        ...          published={"test_accuracy": 0.9})
    """

    name: str = Field(min_length=1, description="What reports call it; each baseline of a study has its own.")
    parameters: Parameters = Field(description="A value for each parameter that is searched, written as keywords.")
    published: dict[str, float] = Field(
        default={}, description='Metrics that its author reported: "test_accuracy", "train_loss", ...'
    )

    def __init__(self, name: str, *, published: Mapping[str, float] | None = None, **parameters: Any) -> None:
        # A dump has the parameters in one dictionary.
        spelled = parameters.pop("parameters", parameters)
        super().__init__(name=name, parameters=spelled, published=dict(published or {}))  # type: ignore[call-arg]
