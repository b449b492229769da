"""The columns of the tables that a study fills, in their order. No parameter of a study can have such a name.

One list, read from two sides: `Study` refuses a parameter of such a name before hours are searched, and the report
fills `results.csv` by it. A new column is one line of `BEFORE_PARAMETERS` or `after_parameters`, and its row in
docs/report.md; from then on studies with a parameter of that name are refused. Must import nothing heavy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.config.task import CLASSIFICATION, REGRESSION, Task, TaskName

Summary = Any  # reports.finalists.table.Summary, which a study file must not import


@dataclass(frozen=True)
class Column:
    """One column of results.csv."""

    name: str  # its name, which no parameter can have
    dtype: str  # of pandas. A whole number stays one, and what is unknown stays empty
    value: Callable[[Summary], Any]  # returns a finalist's value from its summary


BEFORE_PARAMETERS = (
    Column("rank", "Int64", lambda finalist: finalist.rank),
    Column("study", "string", lambda finalist: finalist.study_name),
    Column("trial", "Int64", lambda finalist: finalist.trial.number),
    Column("baseline", "string", lambda finalist: finalist.trial.baseline),
    Column("family", "string", lambda finalist: finalist.family),
    Column("dataset", "string", lambda finalist: finalist.study.dataset),
)
COSTS = ("parameters", "multiply_adds", "bytes", "milliseconds")  # of a model, and of its prediction for one example


def _cost(name: str) -> Column:
    dtype = "Int64" if name in ("parameters", "bytes") else "Float64"
    return Column(name, dtype, lambda finalist: finalist.cost and getattr(finalist.cost, name))


def after_parameters(task: Task) -> tuple[Column, ...]:
    """Return the columns behind the parameters, of a task's own metric.

    What is called validation is of the models that ranked the finalists, trained on the training part; what is called
    train or test of those retrained on training and validation part: a difference of the two is of different models.
    `finalist.mean` is None where a metric was not recorded.
    """
    metric = task.metric
    return (
        Column("epochs", "Int64", lambda finalist: finalist.rows[0].epochs),
        Column(f"validation_{metric}", "Float64", lambda finalist: finalist.mean("validation", metric)),
        Column("validation_loss", "Float64", lambda finalist: finalist.mean("validation", "loss")),
        Column("seeds", "Int64", lambda finalist: len(finalist.rows)),
        Column(f"test_{metric}_mean", "Float64", lambda finalist: finalist.test.mean),
        Column(f"test_{metric}_std", "Float64", lambda finalist: finalist.test_std),
        Column(f"test_{metric}_low", "Float64", lambda finalist: finalist.test.low),
        Column(f"test_{metric}_high", "Float64", lambda finalist: finalist.test.high),
        Column("test_loss_mean", "Float64", lambda finalist: finalist.mean("test", "loss")),
        Column(f"train_{metric}_mean", "Float64", lambda finalist: finalist.mean("train", metric)),
        Column("train_loss_mean", "Float64", lambda finalist: finalist.mean("train", "loss")),
        Column("train_seconds", "Float64", lambda finalist: finalist.train_seconds),
        Column(f"published_test_{metric}", "Float64", lambda finalist: finalist.published),
        *map(_cost, COSTS),
        Column(CONSTANT_ANSWER[task.name], "Float64", lambda finalist: finalist.constant_answer),
    )


CONSTANT_ANSWER: dict[TaskName, str] = {  # what always giving one answer has on the test set
    "classification": "commonest_class_accuracy",
    "regression": "mean_predictor_rmse",
}
ENSEMBLE_OF = "ensemble_of"  # the last column of results.csv, where an ensemble was asked for: its members
RESULT_COLUMNS = BEFORE_PARAMETERS + after_parameters(CLASSIFICATION)

TRIAL_COLUMNS = (
    "number", "state", "reason", "baseline", "validation_accuracy", "validation_loss", "best_epoch", "epochs",
    "started", "finished", "seconds", "fate",
)  # fmt: skip


def member_columns(metric: str, name: str, members: int) -> list[str]:
    """Return the columns of trials of several lanes: the standard error of their mean, and each lane's value.

    There are none where a trial is one lane.

    Args:
        metric: The objective's metric.
        name: What one of the lanes is called: `Study.member_name`.
        members: How many lanes a trial is.
    """
    each = [f"validation_{metric}_{name}_{member}" for member in range(members)]
    return [] if members == 1 else [f"validation_{metric}_standard_error", *each]


_OF_NUMBERS = frozenset(column.name for column in after_parameters(REGRESSION))
RESERVED = _OF_NUMBERS | {column.name for column in RESULT_COLUMNS}
RESERVED |= {*TRIAL_COLUMNS, "pauses", "stopped_early", ENSEMBLE_OF}
