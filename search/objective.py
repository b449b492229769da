"""The objective: which metric is searched for, in which direction, and how ties are broken.

The only place that knows an order. Whoever ranks trials, epochs or finalists sorts by `Objective.key`: the better value
first, then the lower loss, then the earlier one; a model whose metrics are no finite numbers comes last.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from models.config.base import FrozenConfig
from models.config.messages import EpochMetrics
from models.config.own_metric import OwnMetric, own_metric
from models.config.recipe import Keep
from models.metrics.registry import metric_named, metric_text

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[float, float, int]  # sorts the best first


class Objective(FrozenConfig):
    """The validation metric that is searched for.

    A study file may write the metric's name alone: `objective="loss"`.

    Args:
        metric: A name from the registry of metrics: "accuracy", "loss", or one of another package's; or a function of
            one's own (`OwnMetric`). Trials that train by themselves may tell any other.
        direction: "maximize" or "minimize"; a registered metric's own unless given.

    Raises:
        pydantic.ValidationError: There is no such metric, or it is a function, and no direction is given.

    Example:
        >>> Objective("loss").direction
        'minimize'
    """

    metric: str = Field(default="accuracy", description='The metric\'s name, as "accuracy" or "loss".')
    direction: Literal["maximize", "minimize"] = Field(
        default="maximize", description="Which way is better; the metric's own direction unless given."
    )

    own: OwnMetric | None = Field(default=None, description="The function, where the metric is one of your own.")

    def __init__(self, metric: Any = "accuracy", **fields: Any) -> None:
        super().__init__(metric=metric, **fields)  # type: ignore[call-arg]

    @model_validator(mode="before")
    @classmethod
    def _name_and_direction(cls, given: Any) -> Any:
        """Let a metric's name stand for the objective, and take its own direction where none is given."""
        if isinstance(given, str) or callable(given):
            given = {"metric": given}
        if isinstance(given, Mapping) and callable(function := given.get("metric")):
            own = own_metric(function, given.get("direction"))
            if own.direction is None:
                raise ValueError(
                    f"objective: {own.name} does not say which way is better; "
                    f'write Objective({own.name}, direction="minimize"), or "maximize"'
                )
            return {**given, "metric": own.name, "own": own}
        if not isinstance(given, Mapping) or "direction" in given or not isinstance(given.get("metric", ""), str):
            return given
        metric = metric_named(given.get("metric", "accuracy"))
        return {**given, "direction": "maximize" if metric.greater_is_better else "minimize"}

    def value(self, metrics: Mapping[str, float]) -> float:
        """Return the objective's value among an epoch's validation metrics."""
        return metrics[self.metric]

    def text(self, value: float) -> str:
        """Return a value as pages show it."""
        return metric_text(self.metric, value)

    def cost(self, value: float) -> float:
        """Return the value with its sign turned where greater is better: the lower cost is better."""
        return -value if self.direction == "maximize" else value

    def is_finite(self, metrics: Mapping[str, float]) -> bool:
        """Return whether the objective and the loss, where there is one, are finite: else the model has diverged."""
        return math.isfinite(metrics.get("loss", 0.0)) and math.isfinite(self.value(metrics))

    def key(self, metrics: Mapping[str, float], number: int = 0) -> Key:
        """Return what sorts trials, epochs or finalists, the best first.

        Args:
            metrics: Validation metrics by name, the objective's among them; "loss" breaks ties where it is.
            number: The trial's, or the epoch: of equals the lower number is better.
        """
        if not self.is_finite(metrics):
            return math.inf, math.inf, number
        return self.cost(self.value(metrics)), metrics.get("loss", 0.0), number

    def sort(self, frame: "pd.DataFrame", number: str = "number") -> "pd.DataFrame":
        """Return the rows of a table of complete trials, best first.

        Args:
            frame: Has the column `validation_<metric>`, all finite; ties go by `validation_loss` where it is.
            number: The column of the trials' numbers.
        """
        by = [f"validation_{self.metric}", "validation_loss", number]
        by = [column for column in dict.fromkeys(by) if column in frame]
        return frame.sort_values(by, ascending=[self.direction == "minimize", *(True for _ in by[1:])])


def select_epoch(curve: Iterable[EpochMetrics], rule: Keep, objective: Objective) -> EpochMetrics | None:
    """Return the epoch whose metrics count as the trial's: its best by the objective, or its last.

    Returns:
        None where no epoch's metrics are finite.
    """
    finite = [epoch for epoch in curve if objective.is_finite(epoch.validation)]
    if not finite:
        return None
    if rule == "last":
        return max(finite, key=lambda metrics: metrics.epoch)
    return min(finite, key=lambda metrics: objective.key(metrics.validation, metrics.epoch))


def is_out_of_patience(curve: Sequence[EpochMetrics], patience: int | None, objective: Objective) -> bool:
    """Return whether the objective's best value is as many epochs ago as a trial may go without a better one.

    Args:
        curve: Of one trial, from its first epoch on, all of them finite.
        patience: In epochs; None for any number.
        objective: What is searched for; an equal value is no better one.
    """
    if patience is None or len(curve) <= patience:
        return False
    costs = [objective.cost(objective.value(epoch.validation)) for epoch in curve]
    return len(costs) - 1 - costs.index(min(costs)) >= patience
