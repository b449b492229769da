"""A search that is shown while it runs, for the command line and for Python.

Knows neither exit codes nor a command line: what is said after the search is the caller's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console

from search import launch
from search.cli.loggers import LoggerLike, Loggers
from search.cli.progress import ProgressDisplay
from search.cli.summary import summary
from search.config.study_files import NamedStudy
from search.fleet.local import Machine
from search.interrupt import Interrupt
from search.launch import Prepared, RunOutcome, Watcher
from search.loop.snapshots import clear_all
from search.options import Options


@dataclass(frozen=True)
class SessionResult:
    """A study after a session."""

    prepared: Prepared  # the study and its record
    outcome: RunOutcome | None  # how the run ended; None where the study was finished before
    logged: list[str] = field(default_factory=list)  # how to look at what loggers were told, a line each

    @property
    def finished(self) -> bool:
        """Whether the budget is spent; else the study is paused, with a snapshot."""
        return self.outcome is None or self.outcome.finished

    @property
    def summary(self) -> str:
        """The results in a few lines."""
        return summary(self.prepared.record, self.outcome)


def run(
    named: NamedStudy,
    options: Options,
    *,
    interrupt: Interrupt,
    console: Console,
    note: Callable[[str], None],
    quiet: bool = False,
    loggers: Sequence[LoggerLike] = (),
    machine: Machine | None = None,
    watchers: Sequence[Watcher] = (),
) -> SessionResult:
    """Search a study until its budget is spent, or until the timeout or a signal pauses it.

    `note` is called with each message for the user; `machine` is this machine, if its workers were started early;
    `loggers` are names, or what is called with a `LoggedStudy`.

    Raises:
        UserError: The study cannot be searched as asked.
    """
    prepared = launch.prepare(named, options, note)
    for text in (prepared.note, *prepared.study.warnings):
        if text:
            note(text)
    rows = prepared.record.trials()
    with Loggers(prepared.record, loggers) as telling:
        if sum(row.is_planned for row in rows) >= prepared.study.trials and all(row.state != "running" for row in rows):
            clear_all(prepared.record)
            telling.catch_up()
            outcome = None
        else:
            with ProgressDisplay(prepared, console, quiet=quiet) as display:
                all_watchers = [display.begin, *([telling.begin] if loggers else []), *watchers]
                outcome = launch.search(
                    prepared, options, interrupt=interrupt, watchers=all_watchers, note=note, machine=machine
                )
    return SessionResult(prepared, outcome, telling.lines)
