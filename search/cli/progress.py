"""What a run shows while it trains: a first line, then how far it is.

On a terminal, a table that is refreshed every second; elsewhere, in a log file or a notebook, plain lines,
ever fewer of them. Reads the scheduler and changes nothing.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from search.cli.eta import EtaEstimator, ProgressSnapshot
from search.cli.wording import (
    classes_note,
    constant_answer_text,
    data_text,
    duration,
    imbalance_note,
    lanes_text,
    outcomes_text,
    parameters_text,
    value_text,
)
from search.fleet.base import DatasetInfo
from search.launch import Prepared
from search.loop.scheduler import TrialScheduler

REFRESH_SECONDS = 1.0
# A line follows when another twentieth of the time so far has passed: the first 20 ticks, then fewer; and at the latest
# after a minute. A new best is shown at once.
LINE_SHARE, LONGEST_SILENCE = 20, 60.0


class ProgressDisplay(AbstractContextManager["ProgressDisplay"]):
    """Shows one search while it runs.

    A context manager: leaving it takes the table away.
    """

    def __init__(
        self, prepared: Prepared, console: Console, *, quiet: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._prepared, self._console, self._quiet, self._clock = prepared, console, quiet, clock
        self._live: Live | None = None
        self._snapshot: ProgressSnapshot | None = None
        self._begun, self._reference = 0.0, ""

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, scheduler: TrialScheduler, dataset_info: DatasetInfo) -> Callable[[], None]:
        """Show what is searched, and return what is to be called after every tick."""
        if self._quiet:
            return lambda: None
        study = scheduler.study
        parts = [
            f"{scheduler.name} · {data_text(study, dataset_info)}",
            f"{lanes_text(study)} · {self._prepared.device}",
            self._prepared.storage,
        ]
        too_long = self._console.is_terminal and len(" · ".join(parts)) > self._console.width
        self._console.print(("\n" if too_long else " · ").join(parts), markup=False)
        if running := sum(row.state == "running" for row in scheduler.rows.values()):
            self._console.print(f"takes up {running} trials that an earlier run left in the middle")
        notes = classes_note(study, dataset_info), imbalance_note(dataset_info, study.objective.metric)
        for note in filter(None, notes):
            self._console.print(f"[yellow]note:[/] {escape(note)}")
        self._reference = constant_answer_text(dataset_info)
        estimator = EtaEstimator(scheduler, self._clock)
        self._begun = self._clock()
        return (
            self._draw_table(estimator) if redraws_in_place(self._console) else self._print_lines(scheduler, estimator)
        )

    def _print_lines(self, scheduler: TrialScheduler, estimator: EtaEstimator) -> Callable[[], None]:
        last, best = self._begun, None

        def after_tick() -> None:
            nonlocal last, best
            now, row = self._clock(), scheduler.history.best()
            is_new = row is not None and row.number != best
            silence = min(LONGEST_SILENCE, (now - self._begun) / LINE_SHARE)
            if not is_new and scheduler.live and now - last < silence:
                return
            last, best = now, best if row is None else row.number
            self._console.print(escape(progress_line(estimator.snapshot(), parameters=is_new)))

        return after_tick

    def _draw_table(self, estimator: EtaEstimator) -> Callable[[], None]:
        self._live = Live(
            get_renderable=lambda: progress_table(self._snapshot, self._clock() - self._begun, self._reference),
            console=self._console,
            refresh_per_second=1 / REFRESH_SECONDS,
            transient=True,
            vertical_overflow="crop",
        )
        self._live.start(refresh=True)
        # Rich hides the cursor, and it would stay hidden where a second Ctrl-C or a kill ends the process.
        self._console.show_cursor(True)
        last = -REFRESH_SECONDS

        def after_tick() -> None:
            nonlocal last
            if (now := self._clock()) - last >= REFRESH_SECONDS / 2:
                last, self._snapshot = now, estimator.snapshot()

        return after_tick


def redraws_in_place(console: Console) -> bool:
    """Return whether the console is a terminal that can redraw lines: neither dumb nor a notebook."""
    # A notebook sets FORCE_COLOR, which Rich takes for a terminal.
    return console.is_interactive and not console.is_jupyter and console.file.isatty()


def progress_line(snapshot: ProgressSnapshot, *, parameters: bool) -> str:
    """Return a snapshot as one line, with the best trial's parameters if asked."""
    parts = [f"tick {snapshot.tick:>3}", _unfinished(snapshot), _trials(snapshot)]
    parts += [_best(snapshot, parameters), _saved(snapshot), _left(snapshot)]
    return " · ".join(filter(None, parts))


def progress_table(snapshot: ProgressSnapshot | None, elapsed: float, reference: str = "") -> RenderableType:
    """Return a snapshot as a table whose height never changes; Rich cuts what is wider than the terminal.

    There is no snapshot before the first tick has ended; `elapsed` are seconds of this run, and `reference` says what
    a model would have that has learned nothing.
    """
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()  # gives way on a narrow terminal
    if snapshot is None:
        cells: list[RenderableType] = ["", "", "", "", "", f"{duration(elapsed)}, in the first tick"]
    else:
        value = "" if snapshot.baseline is None else snapshot.objective.text(snapshot.baseline)
        baseline = ", ".join(filter(None, [value, reference]))
        cells = [
            ProgressBar(snapshot.planned, snapshot.done, width=40, complete_style="cyan"),
            f"{_unfinished(snapshot).strip()}, {_trials(snapshot).strip()}",
            _best(snapshot, parameters=True),
            baseline,
            f"{snapshot.trained} trained, {_saved(snapshot) or 'none saved'}",
            ", ".join(filter(None, [duration(elapsed), f"tick {snapshot.tick}", _left(snapshot)])),
        ]
    for label, cell in zip(("", "trials", "score", "baseline", "epochs", "time"), cells, strict=True):
        table.add_row(label, Text(cell, no_wrap=True, overflow="ellipsis") if isinstance(cell, str) else cell)
    return table


def _unfinished(snapshot: ProgressSnapshot) -> str:
    return f"{snapshot.alive:>2} alive" + (f", {snapshot.paused} paused" if snapshot.paused else "")


def _trials(snapshot: ProgressSnapshot) -> str:
    ended = outcomes_text(snapshot.ended)
    return f"{snapshot.done:>3} of {snapshot.planned} done" + (f" ({ended})" if ended else "")


def _best(snapshot: ProgressSnapshot, parameters: bool) -> str:
    if (best := snapshot.best) is None or best.value is None:
        return ""
    value = value_text(snapshot.objective, best)
    text = f"{'leads' if best.state == 'running' else 'best'} {value} (trial {best.number})"
    return f"{text}: {parameters_text(best.params)}" if parameters else text


def _saved(snapshot: ProgressSnapshot) -> str:
    return f"{snapshot.saved / (snapshot.saved + snapshot.trained):.0%} of epochs saved" if snapshot.saved else ""


def _left(snapshot: ProgressSnapshot) -> str:
    return f"about {duration(snapshot.left)} left" if snapshot.left else ""
