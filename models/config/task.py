"""What a study is to predict: a class, or a number. All that differs between the two begins here.

The loss says which it is. A regression's models have one output, which is trained on the target scaled to mean 0 and
standard deviation 1 by the training part; metrics and answers are in the target's own unit.
"""

from dataclasses import dataclass
from typing import Any, Literal

TaskName = Literal["classification", "regression", "external"]


@dataclass(frozen=True)
class Task:
    """A kind of prediction."""

    name: TaskName
    losses: tuple[str, ...]  # the first is the default
    metric: str  # what results are told in, and the objective unless another one is given

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are recorded for every study."""
        return ("loss", self.metric) if self.metric else ()


CLASSIFICATION = Task("classification", ("cross_entropy", "nll", "squared_error"), "accuracy")
REGRESSION = Task("regression", ("mse", "mae", "huber"), "rmse")
EXTERNAL = Task("external", (), "")  # what trains by itself knows what it predicts: models/families/external
EVERY_TASK: tuple[TaskName, ...] = ("classification", "regression", "external")


def task_of_loss(loss: str) -> Task:
    """Return the task that a loss is for."""
    return REGRESSION if loss in REGRESSION.losses else CLASSIFICATION


def task_of_data(data: Any) -> Task | None:
    """Return the task that data are for; None where a study's loss says it: arrays may hold classes or numbers.

    Args:
        data: A data set's name, or a format, which may have an attribute `task`.
    """
    if isinstance(data, str):
        return CLASSIFICATION
    name = getattr(data, "task", None)
    return None if name is None else REGRESSION if name == "regression" else CLASSIFICATION
