"""The columns of the tables that a study fills, in their order. No parameter of a study can have such a name.

One list, read from two sides: `Study` refuses a parameter of such a name before hours are searched, and the report
fills `results.csv` by it. A new column is one line of `BEFORE_PARAMETERS` or `AFTER_PARAMETERS`; from then on
studies with a parameter of that name are refused. Must import nothing heavy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


AFTER_PARAMETERS = (
    Column("epochs", "Int64", lambda finalist: finalist.rows[0].epochs),
    Column("validation_accuracy", "Float64", lambda finalist: finalist.mean("validation", "accuracy")),
    Column("validation_loss", "Float64", lambda finalist: finalist.mean("validation", "loss")),
    Column("seeds", "Int64", lambda finalist: len(finalist.rows)),
    Column("test_accuracy_mean", "Float64", lambda finalist: finalist.test_accuracy.mean),
    Column("test_accuracy_std", "Float64", lambda finalist: finalist.test_accuracy_std),
    Column("test_accuracy_low", "Float64", lambda finalist: finalist.test_accuracy.low),
    Column("test_accuracy_high", "Float64", lambda finalist: finalist.test_accuracy.high),
    Column("test_loss_mean", "Float64", lambda finalist: finalist.mean("test", "loss")),
    Column("train_accuracy_mean", "Float64", lambda finalist: finalist.mean("train", "accuracy")),
    Column("train_loss_mean", "Float64", lambda finalist: finalist.mean("train", "loss")),
    Column("train_seconds", "Float64", lambda finalist: finalist.train_seconds),
    Column("published_test_accuracy", "Float64", lambda finalist: finalist.published_test_accuracy),
    *map(_cost, COSTS),
    Column("commonest_class_accuracy", "Float64", lambda finalist: finalist.commonest_class_accuracy),
)
RESULT_COLUMNS = BEFORE_PARAMETERS + AFTER_PARAMETERS

TRIAL_COLUMNS = (
    "number", "state", "reason", "baseline", "validation_accuracy", "validation_loss", "best_epoch", "epochs",
    "started", "finished", "seconds", "fate",
)  # fmt: skip

RESERVED = frozenset({column.name for column in RESULT_COLUMNS} | {*TRIAL_COLUMNS, "pauses"})
