"""Tells loggers of a search: every trial when a run begins, then those that have changed, after every tick.

Reads the scheduler and the record, and changes neither; what a logger raises ends the search, and the same command goes
on from there. Knows no logger by name.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from models.config.messages import EpochMetrics
from search.cli.eta import outcome
from search.cli.following import ChangedTrials
from search.fleet.base import DatasetInfo
from search.loggers.base import LoggedStudy, LoggedTrial, Logger
from search.loggers.registry import find_logger
from search.loop.scheduler import TrialScheduler
from search.record.record import Record
from search.trial import TrialRow

LoggerLike = str | Callable[[LoggedStudy], Logger]  # a registered name, or what makes a logger


class Loggers:
    """The loggers of one run, as a context manager: they are closed where it is left without an error.

    Args:
        record: The study's.
        loggers: Registered names, or what makes a logger of a `LoggedStudy`; the same one twice counts once.

    Attributes:
        lines: How to look at what was logged, once they are closed.

    Raises:
        UserError: A logger has no such name, or cannot be had.
    """

    def __init__(self, record: Record, loggers: Sequence[LoggerLike]) -> None:
        study = LoggedStudy(record.name, record.folder, record.study)
        makers = [find_logger(logger) if isinstance(logger, str) else logger for logger in dict.fromkeys(loggers)]
        self._loggers = [make(study) for make in makers]
        self._record = record
        self._ended: set[int] = set()  # trials whose end the loggers have been told
        self.lines: list[str] = []

    def catch_up(self) -> None:
        """Tell of all trials, as they are recorded."""
        if self._loggers:
            curves = self._record.curves()
            for row in self._record.trials():
                self._tell(row, curves.get(row.number, []))

    def begin(self, scheduler: TrialScheduler, dataset_info: DatasetInfo) -> Callable[[], None]:
        """Catch up, and return what is to be called after every tick."""
        self.catch_up()
        changed = ChangedTrials(scheduler)

        def after_tick() -> None:
            for row in changed.rows():
                if row.number not in self._ended:
                    trial = scheduler.live.get(row.number) or scheduler.paused.get(row.number)
                    self._tell(row, trial.curve if trial else self._record.curve(row.number))

        return after_tick

    def _tell(self, row: TrialRow, curve: Sequence[EpochMetrics]) -> None:
        parameters = self._record.study.to_external(row.params)
        for logger in self._loggers:
            logger.log_trial(LoggedTrial(row.number, outcome(row), parameters, row.value, curve))
        if row.state != "running":
            self._ended.add(row.number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:  # what was not told is told by the next run
            self.lines = [line for logger in self._loggers if (line := logger.close())]
