"""The metrics there are.

What a name leads to is called without arguments: a class, or one with its arguments filled in, below.
"""

from functools import cache

from models.metrics.base import Metric
from models.registry import Registry

_OF_CLASSES, _OF_PROBABILITIES = "models.metrics.classification", "models.metrics.probabilities"

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
