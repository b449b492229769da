"""The loggers there are."""

from collections.abc import Callable
from typing import cast

from models.errors import UserError
from models.registry import Registry
from search.loggers.base import LoggedStudy, Logger

LOGGERS = Registry(
    "loggers",
    "logger",
    {"tensorboard": "search.loggers.tensorboard:EventFiles", "mlflow": "search.loggers.mlflow:MLflowRuns"},
)


def find_logger(name: str) -> Callable[[LoggedStudy], Logger]:
    """Return what makes the logger of a name.

    Raises:
        UserError: There is none.
    """
    try:
        return cast(Callable[[LoggedStudy], Logger], LOGGERS.load(name))
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        raise UserError(what, remedy) from None
