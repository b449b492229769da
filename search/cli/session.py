"""A search that is shown while it runs, for the command line and for Python.

Knows neither exit codes nor a command line: what is said after the search is the caller's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from search import launch
from search.cli.progress import ProgressDisplay
from search.cli.summary import summary
from search.cli.tensorboard import EventFiles
from search.config.study_files import NamedStudy
from search.fleet.fleet import Fleet
from search.fleet.local import Machine
from search.interrupt import Interrupt
from search.launch import Prepared, RunOutcome, Watcher
from search.loop.snapshots import snapshots_of
from search.options import Options


@dataclass(frozen=True)
class SessionResult:
    """A study after a session."""

    prepared: Prepared  # the study and its record
    outcome: RunOutcome | None  # how the run ended; None where the study was finished before
    curves: Path | None  # the folder of TensorBoard's files, if they were asked for

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
    tensorboard: bool = False,
    machine: Machine | None = None,
    watchers: Sequence[Watcher] = (),
) -> SessionResult:
    """Search a study until its budget is spent, or until the timeout or a signal pauses it.

    `note` is called with each message for the user; `machine` is this machine, if its workers were started early.

    Raises:
        UserError: The study cannot be searched as asked.
    """
    prepared = launch.prepare(named, options)
    for text in (prepared.note, *prepared.study.warnings):
        if text:
            note(text)
    event_files = EventFiles(prepared.record) if tensorboard else None
    curves = event_files.folder if event_files else None
    rows = prepared.record.trials()
    if sum(row.is_planned for row in rows) >= prepared.study.trials and all(row.state != "running" for row in rows):
        with Fleet(1, 0) as idle:  # a kill may have fallen between the last trial's end and the snapshots' removal
            snapshots_of(prepared.record, idle).clear()
        if event_files:
            event_files.catch_up()
        return SessionResult(prepared, None, curves)
    with ProgressDisplay(prepared, console, quiet=quiet) as display:
        all_watchers = [*(watcher.begin for watcher in (display, event_files) if watcher), *watchers]
        outcome = launch.search(
            prepared, options, interrupt=interrupt, watchers=all_watchers, note=note, machine=machine
        )
    return SessionResult(prepared, outcome, curves)
