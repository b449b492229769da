"""A search that is shown while it runs: what `python -m search.run` and `run_study` have in common.

Finds out whether there is anything left to train, lets launch.py train it, and shows it by progress.py. Knows neither
exit codes nor a command line: what is said after the search is its caller's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from models.errors import UserError
from search import launch
from search.cli.console import Interrupt
from search.cli.progress import Progressing, summary
from search.cli.tensorboard import Board
from search.config.study_files import NamedStudy
from search.fleet.base import DatasetInfo
from search.fleet.fleet import Fleet
from search.fleet.local import Machine
from search.launch import Ended, Options, Prepared
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import snapshots_of


@dataclass(frozen=True)
class Ran:
    """What a session came to."""

    prepared: Prepared
    ended: Ended | None  # None: the study was finished before
    curves: Path | None  # where the files for TensorBoard are, if they were asked for

    @property
    def finished(self) -> bool:
        """Whether the budget is spent; else the study is paused, with a snapshot."""
        return self.ended is None or self.ended.finished

    @property
    def summary(self) -> str:
        """What came out."""
        return summary(self.prepared.record, self.ended)


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
) -> Ran:
    """Search a study until its budget is spent, or until the timeout or a signal pauses it.

    `note` is told what the user must know before anything else, if there is something. `machine` may have workers that
    began early.
    """
    prepared = launch.prepare(named, options)
    if prepared.note:
        note(prepared.note)
    board = Board(prepared.record) if tensorboard else None
    curves = board.folder if board else None
    rows = prepared.record.trials()
    if len(rows) >= prepared.study.trials and all(row.state != "running" for row in rows):
        with Fleet(1, 0) as idle:  # a kill may have fallen between the last trial's end and their removal
            snapshots_of(prepared.record, idle).clear()
        if board:
            board.catch_up()
        return Ran(prepared, None, curves)
    with Progressing(prepared, console, quiet) as shown:

        def begun(search: TrialScheduler, dataset_info: DatasetInfo) -> Callable[[], None]:
            told = [watcher.begin(search, dataset_info) for watcher in (shown, board) if watcher]

            def after_tick() -> None:
                for tell in told:
                    tell()

            return after_tick

        ended = launch.search(prepared, options, interrupt=interrupt, begun=begun, note=note, machine=machine)
    return Ran(prepared, ended, curves)


def checked(options: Options, spelled: str = "") -> Options:
    """Return the options. Raises UserError for one that cannot be; `spelled` stands before its name."""
    if options.device not in ("auto", "cpu", "cuda"):
        raise UserError(f"{spelled}device is {options.device}", "choose auto, cpu or cuda")
    if options.timeout is not None and not options.timeout >= 0:
        raise UserError(f"{spelled}timeout is {options.timeout:g} seconds", "give a number that is not below 0")
    if options.workers is not None and not 0 <= options.workers <= 4096:
        raise UserError(f"{spelled}workers is {options.workers}", "give a whole number from 0 to 4096")
    taken = {"engine_cpus": options.engine_cpus, "engine_gpus": options.engine_gpus}
    for name, many in taken.items():
        name = f"{spelled}{name.replace('_', '-') if spelled else name}"
        if many is not None and options.cluster is None:
            raise UserError(f"{name} is for engines on a cluster", f"name one with {spelled}cluster, or leave it out")
        if many is not None and not 0 <= many < math.inf:
            raise UserError(f"{name} is {many:g}", "give a number that is not below 0")
    if options.cluster is not None and options.workers is not None:
        raise UserError(
            f"{spelled}workers is for engines on this machine, {spelled}cluster for engines elsewhere",
            "give one of the two",
        )
    return options
