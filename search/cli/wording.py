"""How a search is put into words: durations, parameters, outcomes. Pure functions of plain data."""

import re
from collections.abc import Mapping

from models.config.base import Value
from models.metrics.registry import OF_THE_SECOND, metric_text
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.objective import Objective
from search.trial import TrialRow

# Classes that are whole numbers are said to be taken for classes if there are more: a table's 0 and 1 are clear, and
# arrays have class numbers by custom.
FEW_IN_TABLES, FEW_IN_ARRAYS = 2, 20
_WHOLE = re.compile(r"-?\d+")


def parameters_text(parameters: Mapping[str, Value]) -> str:
    """Return parameters as a line: `learning_rate 0.12 hidden 301 weight_decay 0`."""
    return " ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in parameters.items()
    )


def outcomes_text(counts: Mapping[str, int]) -> str:
    """Return how trials ended: `21 complete, 38 pruned, 1 diverged`."""
    return ", ".join(
        f"{counts[name]} {name}" for name in ("complete", "pruned", "diverged", "failed") if counts.get(name)
    )


def duration(seconds: float) -> str:
    """Return a duration as people say it: `40 s`, `12 min`, `3 h 20 min`, `2 days 4 h`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"


def data_text(study: Study, dataset_info: DatasetInfo) -> str:
    """Return what trials train on: `mnist 50000+10000`, or the function or program that trains by itself."""
    if study.family.external:
        return study.family.label
    return f"{study.dataset} {dataset_info.train}+{dataset_info.validation}"


def constant_answer_text(dataset_info: DatasetInfo) -> str:
    """Return what always giving the same answer would have: `always “no” has accuracy 0.9500`."""
    if (constant := dataset_info.constant) is not None:
        rmse, mae = metric_text("rmse", constant["rmse"]), metric_text("mae", constant["mae"])
        mean = f"always {constant['mean']:.5g}, the mean, has rmse {rmse}"
        return f"{mean}; always {constant['median']:.5g}, the median, has mae {mae}"
    if dataset_info.commonest is None:
        return ""
    name, share = dataset_info.commonest
    return f"always “{name}” has accuracy {share:.4f}"


def imbalance_note(dataset_info: DatasetInfo, metric: str) -> str:
    """Return what to know of data in which one class is far more common than the others, or nothing."""
    if not dataset_info.imbalanced:
        return ""
    assert dataset_info.commonest is not None
    commonest, classes = dataset_info.commonest[0], dataset_info.classes
    if metric in OF_THE_SECOND and len(classes) == 2 and commonest == classes[1]:
        return (
            f"{metric} is of the second of two classes, “{commonest}”, which is far commoner than “{classes[0]}”: "
            '"macro_f1", "balanced_accuracy" and "roc_auc" tell of both, and '
            f'positive="{classes[0]}" (a word of Table and of Folder) makes it of that one'
        )
    if metric not in ("accuracy", "loss"):
        return ""
    return (
        f"one class is far commoner than the others ({constant_answer_text(dataset_info)}): accuracy tells little; "
        'objective="balanced_accuracy", "macro_f1", "roc_auc" or "average_precision" tells more'
    )


def classes_note(study: Study, dataset_info: DatasetInfo) -> str:
    """Return which of both is meant where labels may be classes or numbers to predict, and how to say the other."""
    classes, data = dataset_info.classes, study.data
    if data is None or isinstance(data, str) or not all(map(_WHOLE.fullmatch, classes)):
        return ""
    in_table = data.kind == "table"
    if len(classes) <= (FEW_IN_TABLES if in_table else FEW_IN_ARRAYS):
        return ""
    other = f'Table(..., target="{getattr(data, "label", "")}")' if in_table else 'loss="mse"'
    return (
        f"the labels of {data.title} are whole numbers, {classes[0]} to {classes[-1]}, and are taken for "
        f"{len(classes)} classes without an order; {other} predicts them as numbers"
    )


def lanes_text(study: Study) -> str:
    """Return how many trials train at a time: `2 engines x 8 lanes`, or `2 engines with 8 + 4 trials of 3 seeds`."""
    engines = f"{study.engines} engine{'s' * (study.engines != 1)}"
    lanes = "lanes" if study.members == 1 else f"trials of {study.members} {study.member_name}s"
    if isinstance(study.lanes, tuple):
        return f"{engines} with {' + '.join(map(str, study.lanes))} {lanes}"
    return f"{engines} x {study.lanes} {lanes}"


def objectives_text(objective: Objective) -> str:
    """Return `accuracy (maximize) and parameters (minimize)`."""
    return " and ".join(f"{each.metric.replace('_', ' ')} ({each.direction})" for each in objective.all)


def value_text(objective: Objective, row: TrialRow) -> str:
    """Return a trial's value, with its standard error where it is a mean: `0.9838`, or `0.9838 ± 0.0021`."""
    value, beside = objective.text(row.value or 0.0), objective.beside
    if row.standard_error is not None:
        value += f" ± {objective.text(row.standard_error)}"
    if beside is not None and row.second is not None:
        value += f" with {beside.metric.replace('_', ' ')} {beside.text(row.second)}"
    return value
