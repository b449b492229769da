"""The objective: which metric is searched for, in which direction, and how ties are broken.

The only place that knows an order. Whoever ranks trials, epochs or finalists sorts by `Objective.key`: the better value
first, then the lower loss, then the earlier one; a model whose metrics are no finite numbers comes last. Of two
objectives the key is that of the first, which chooses a trial's epoch; trials stand to each other by their
`Objective.point`, as search/front.py says.
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
from search.front import Point, layers
from search.trial import TrialRow

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[float, float, int]  # sorts the best first

# What a model costs that is known before it is trained, named as the columns of results.csv.
KNOWN = ("parameters", "bytes", "multiply_adds")


class Objective(FrozenConfig):
    """The validation metric that is searched for, or two.

    A study file may write the metric's name alone: `objective="loss"`. A pair is two objectives:
    `objective=("accuracy", "parameters")` searches for the front of accurate and small models. The first is a metric;
    the second may be another one, or what is known before a trial is trained: "parameters", "bytes" of the tensors in
    the model's file, and "multiply_adds", a prediction's work.

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

    beside: "Objective | None" = Field(default=None, description="The second objective, where there are two.")
    own: OwnMetric | None = Field(default=None, description="The function, where the metric is one of your own.")

    def __init__(self, metric: Any = "accuracy", **fields: Any) -> None:
        super().__init__(metric=metric, **fields)  # type: ignore[call-arg]

    @model_validator(mode="before")
    @classmethod
    def _name_and_direction(cls, given: Any) -> Any:
        """Let a metric's name stand for the objective, and take its own direction where none is given."""
        if isinstance(given, list | tuple):
            return cls._pair(given)
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
        if given.get("metric") in KNOWN:
            return {**given, "direction": "minimize"}
        metric = metric_named(given.get("metric", "accuracy"))
        return {**given, "direction": "maximize" if metric.greater_is_better else "minimize"}

    @classmethod
    def _pair(cls, given: Sequence[Any]) -> Any:
        """Return the first of two objectives, which holds the second."""
        several = [each if isinstance(each, cls) else cls.model_validate(each) for each in given]
        if len(several) == 1:
            return dict(several[0])
        if len(several) != 2:
            raise ValueError(f"objective: {len(several)} are too many to choose by; name one, or a pair")
        first, second = several
        if first.is_known:
            raise ValueError(
                f"objective: {first.metric} is known before a trial is trained; write the metric that it learns first"
            )
        if first.metric == second.metric:
            raise ValueError(f"objective: {first.metric} stands there twice; name another one beside it")
        return dict(first) | {"beside": second}

    @property
    def is_known(self) -> bool:
        """Whether it is a cost that is known before a trial is trained."""
        return self.metric in KNOWN

    @property
    def all(self) -> "tuple[Objective, ...]":
        """It, and the one beside it if there is one."""
        return (self,) if self.beside is None else (self, self.beside)

    @property
    def column(self) -> str:
        """The column of tables that holds its value."""
        return self.metric if self.is_known else f"validation_{self.metric}"

    def value(self, metrics: Mapping[str, float]) -> float:
        """Return the objective's value among an epoch's validation metrics."""
        return metrics[self.metric]

    def text(self, value: float) -> str:
        """Return a value as pages show it."""
        if self.is_known:
            return f"{value:,.0f}"
        return metric_text(self.metric, value)

    def cost(self, value: float) -> float:
        """Return the value with its sign turned where greater is better: the lower cost is better."""
        return -value if self.direction == "maximize" else value

    def is_finite(self, metrics: Mapping[str, float]) -> bool:
        """Return whether what is learnt and the loss, where there is one, are finite: else the model has diverged."""
        learnt = (each.value(metrics) for each in self.all if not each.is_known)
        return math.isfinite(metrics.get("loss", 0.0)) and all(map(math.isfinite, learnt))

    def point(self, metrics: Mapping[str, float]) -> Point:
        """Return what two objectives are compared by, the lower the better; of a known cost its logarithm."""
        return tuple(each.place(each.value(metrics)) for each in self.all)  # type: ignore[return-value]

    def place(self, value: float) -> float:
        """Return where a value lies on an axis along which it becomes worse."""
        return self.cost(math.log(max(value, 1.0)) if self.is_known else value)

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
        by = [self.column, "validation_loss", number]
        by = [column for column in dict.fromkeys(by) if column in frame]
        return frame.sort_values(by, ascending=[self.direction == "minimize", *(True for _ in by[1:])])


def front_of(rows: Iterable[TrialRow], objective: Objective) -> list[TrialRow]:
    """Return the complete trials that no other one dominates, by both objectives; the best of the first come first.

    They are what `optuna.Study.best_trials` has. None, where there is one objective.
    """
    if (beside := objective.beside) is None:
        return []
    complete = [row for row in rows if row.state == "complete" and row.value is not None and row.second is not None]
    points = [(objective.cost(row.value or 0.0), beside.cost(row.second or 0.0)) for row in complete]
    front = [(point, row) for point, row, layer in zip(points, complete, layers(points), strict=True) if layer == 0]
    return [row for _, row in sorted(front, key=lambda each: (each[0], each[1].number))]


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
