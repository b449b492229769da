"""The door for loggers: what another program that keeps runs is told of a search, and when.

A logger of another kind is one class that is called with a `LoggedStudy`, and one line in registry.py or an entry point
of the group `studyhall.loggers`. It must not change the search: whatever it keeps, the record is the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.config.base import Value
from models.config.messages import EpochMetrics
from search.config.study import Study


@dataclass(frozen=True)
class LoggedStudy:
    """The study that a logger is made for."""

    name: str  # its name in the database
    folder: Path  # where its files lie; another one for each study, also where a name is used again
    study: Study


@dataclass(frozen=True)
class LoggedTrial:
    """A trial, as far as it is recorded."""

    number: int
    state: str  # running (in a lane, or waiting), complete, pruned, diverged or failed
    parameters: Mapping[str, Value]  # what it is trained with
    value: float | None  # of the objective, once it has ended
    curve: Sequence[EpochMetrics]  # one an epoch, from the first


class Logger(Protocol):
    """Keeps the trials of a study in another program's form.

    A kill can fall anywhere, so nothing may depend on being told once: each run tells every trial again.

    Raises:
        UserError: When it is made: the other program is not installed, or not to be reached.
    """

    def log_trial(self, trial: LoggedTrial) -> None:
        """Bring one trial to what is recorded of it.

        Called for every trial when a run begins, and after a tick for those that have changed, by number. A trial that
        has ended comes once a run. After a failure the search goes back to a snapshot: then a curve may be shorter than
        it was, and grows again to the same epochs.
        """

    def close(self) -> str | None:
        """Finish when the run ends, paused or not. Return how to look at what was logged, in a line, or nothing."""
