"""The metrics there are."""

from functools import cache

from models.metrics.base import Metric
from models.registry import Registry

METRICS = Registry(
    "metrics",
    "metric",
    {
        "accuracy": "models.metrics.standard:Accuracy",
        "loss": "models.metrics.standard:Loss",
    },
)


STANDARD = ("loss", "accuracy")  # recorded for every study


@cache
def metric_named(name: str) -> Metric:
    """Return the metric of a name.

    Raises:
        ValueError: There is none of that name.
    """
    metric: Metric = METRICS.load(name)()
    return metric
