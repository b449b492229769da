"""The metrics there are.

What a name leads to is called without arguments: a class, or one with its arguments filled in, below.
"""

import math
from functools import cache

from models.config.task import CLASSIFICATION, Task
from models.metrics.base import Metric
from models.registry import Registry

_OF_CLASSES, _OF_PROBABILITIES = "models.metrics.classification", "models.metrics.probabilities"
_OF_NUMBERS = "models.metrics.regression"

METRICS = Registry(
    "metrics",
    "metric",
    {
        "accuracy": "models.metrics.standard:Accuracy",
        "loss": "models.metrics.standard:Loss",
        "balanced_accuracy": f"{_OF_CLASSES}:BalancedAccuracy",
        "f1": f"{_OF_CLASSES}:f1",
        "macro_f1": f"{_OF_CLASSES}:macro_f1",
        "weighted_f1": f"{_OF_CLASSES}:weighted_f1",
        "precision": f"{_OF_CLASSES}:precision",
        "recall": f"{_OF_CLASSES}:recall",
        "matthews": f"{_OF_CLASSES}:MatthewsCorrelation",
        "roc_auc": f"{_OF_PROBABILITIES}:RocAuc",
        "average_precision": f"{_OF_PROBABILITIES}:AveragePrecision",
        "brier": f"{_OF_PROBABILITIES}:Brier",
        "calibration_error": f"{_OF_PROBABILITIES}:ExpectedCalibrationError",
        "top_2_accuracy": f"{_OF_PROBABILITIES}:top_2_accuracy",
        "top_3_accuracy": f"{_OF_PROBABILITIES}:top_3_accuracy",
        "top_5_accuracy": f"{_OF_PROBABILITIES}:top_5_accuracy",
        "rmse": f"{_OF_NUMBERS}:RootMeanSquaredError",
        "mae": f"{_OF_NUMBERS}:MeanAbsoluteError",
        "r2": f"{_OF_NUMBERS}:R2",
    },
)

OF_THE_SECOND = ("precision", "recall", "f1", "average_precision")  # of two classes; roc_auc is the same of either


@cache
def metric_named(name: str) -> Metric:
    """Return the metric of a name.

    Raises:
        ValueError: There is none of that name.
    """
    metric: Metric = METRICS.load(name)()
    return metric


def serves(name: str, task: Task) -> bool:
    """Return whether a metric is of what a task predicts."""
    return task.name in getattr(metric_named(name), "tasks", (CLASSIFICATION.name,))


def metric_text(name: str, value: float) -> str:
    """Return a metric's value as pages show it: with four decimals, or with five digits in the target's unit.

    A name that is not registered may have a unit: trials that train by themselves tell what they want.
    """
    has_unit = name not in METRICS or getattr(metric_named(name), "has_unit", False)
    if not has_unit or not math.isfinite(value) or value == 0:
        return f"{value:.4f}"
    return f"{value:.{max(0, 4 - math.floor(math.log10(abs(value))))}f}"
