"""What a run shows: a line at its start, how it gets on, a summary.

On a terminal a few lines that stay where they are and change once a second; elsewhere, in a log file or a notebook,
plain lines, ever fewer of them. Called by session.py. Reads the search and the record, and changes neither.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from models.config.base import Value
from search.cli.eta import Best, EtaEstimator, ProgressSnapshot
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.launch import Ended, Prepared
from search.loop.scheduler import TrialScheduler
from search.objective import select_epoch
from search.record.record import Record
from search.samplers.staged import stuck
from search.trial import TrialRow

REFRESH = 1.0  # seconds from one drawing of the region to the next
SHARE = 20  # a plain line follows when another such part of the time so far has passed: the first 20 ticks, then fewer,
LONGEST = 60.0  # and at the latest after so many seconds; a new best is told at once


def told(parameters: Mapping[str, Value]) -> str:
    """Return parameters as a line: `learning_rate 0.12 hidden 301 weight_decay 0`."""
    return " ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in parameters.items()
    )


def fates(rows: Iterable[TrialRow]) -> str:
    """Return how the trials that are over ended: `21 complete, 38 pruned, 1 diverged`."""
    return _counted(Counter("diverged" if row.diverged_at else row.state for row in rows))


def _counted(fates: Mapping[str, int]) -> str:
    """`21 complete, 38 pruned, 1 diverged`."""
    return ", ".join(
        f"{fates[fate]} {fate}" for fate in ("complete", "pruned", "diverged", "failed") if fates.get(fate)
    )


def duration(seconds: float) -> str:
    """Return a time as one says it: `40 s`, `12 min`, `3 h 20 min`, `2 days 4 h`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"


def together(study: Study) -> str:
    """Return how many trials train at a time: `2 engines x 8 lanes`, or `2 engines with 8 + 4 lanes`."""
    if isinstance(study.lanes, tuple):
        return f"{study.engines} engines with {' + '.join(map(str, study.lanes))} lanes"
    return f"{study.engines} engines x {study.lanes} lanes"


# --- while it runs ----------------------------------------------------------------------------------------------------


class Progressing:
    """What is shown of one search while it runs; a context manager, so that the region goes when the search does."""

    def __init__(
        self, prepared: Prepared, console: Console, quiet: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._prepared, self._console, self._quiet, self._clock = prepared, console, quiet, clock
        self._live: Live | None = None
        self._moment: ProgressSnapshot | None = None
        self._since = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, search: TrialScheduler, dataset_info: DatasetInfo) -> Callable[[], None]:
        """Show what is searched, and return what is to be called after every tick."""
        if self._quiet:
            return lambda: None
        study = search.study
        what = f"{search.name} · {study.dataset} {dataset_info.train}+{dataset_info.validation}"
        how = f"{together(study)} · {self._prepared.device}"
        first = f"{what} · {how} · {self._prepared.storage}"
        if self._console.is_terminal and len(first) > self._console.width:
            first = f"{what}\n{how}\n{self._prepared.storage}"
        self._console.print(first, markup=False)
        if left := sum(row.state == "running" for row in search.rows.values()):
            self._console.print(f"takes up {left} trials that an earlier run left in the middle")
        pace = EtaEstimator(search, self._clock)
        self._since = self._clock()
        return self._region(search, pace) if stays_in_place(self._console) else self._lines(search, pace)

    def _lines(self, search: TrialScheduler, pace: EtaEstimator) -> Callable[[], None]:
        """Plain lines: the first ticks, then when it is time for one, or there is a new best."""
        last, best = self._since, None

        def after_tick() -> None:
            nonlocal last, best
            now, newest = self._clock(), search.best()
            new = newest is not None and newest.number != best
            if not new and search.live and now - last < min(LONGEST, (now - self._since) / SHARE):
                return
            last, best = now, best if newest is None else newest.number
            self._console.print(escape(line(pace.moment(), parameters=new)))

        return after_tick

    def _region(self, search: TrialScheduler, pace: EtaEstimator) -> Callable[[], None]:
        """A region that a thread of its own draws anew now and then, from the newest moment that it was given."""
        self._live = Live(
            get_renderable=lambda: region(self._moment, self._clock() - self._since, self._console.width),
            console=self._console,
            refresh_per_second=1 / REFRESH,
            transient=True,
            vertical_overflow="crop",
        )
        self._live.start(refresh=True)
        # It need not be hidden, and would stay so where a second Ctrl-C or a kill ends the process.
        self._console.show_cursor(True)
        last = -REFRESH

        def after_tick() -> None:
            nonlocal last
            if (now := self._clock()) - last >= REFRESH / 2:
                last, self._moment = now, pace.moment()

        return after_tick


def stays_in_place(console: Console) -> bool:
    """Whether lines can be drawn anew where they stand: on a terminal that is neither dumb nor a notebook."""
    # A notebook says FORCE_COLOR, which Rich takes for a terminal.
    return console.is_interactive and not console.is_jupyter and console.file.isatty()


def line(moment: ProgressSnapshot, *, parameters: bool) -> str:
    """Return a moment as one line."""
    ended = _counted(moment.fates)
    parts = [
        f"tick {moment.tick:>3}",
        f"{moment.alive:>2} alive",
        f"{moment.over:>3} of {moment.planned} done" + (f" ({ended})" if ended else ""),
        *([_best(moment.best) + (f": {told(moment.best.parameters)}" if parameters else "")] if moment.best else []),
        *([f"{moment.saved_share:.0%} of epochs saved"] if moment.saved else []),
        *([_pace(moment.ticks_a_minute)] if moment.ticks_a_minute else []),
        *([f"about {duration(moment.left)} left"] if moment.left else []),
    ]
    return " · ".join(parts)


def _best(best: Best) -> str:
    return f"{'leads' if best.alive else 'best'} {best.score:.4f} (trial {best.number})"


def _pace(ticks_a_minute: float) -> str:
    return f"{ticks_a_minute:.0f} ticks/min" if ticks_a_minute >= 10 else f"{ticks_a_minute:.1f} ticks/min"


def region(moment: ProgressSnapshot | None, elapsed: float, width: int) -> RenderableType:
    """Return a moment as a region of always the same height, in which no line is longer than the terminal is wide."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=max(1, width - len("trials") - 2))
    if moment is None:
        cells: list[RenderableType] = ["", "", "", "", "", f"{duration(elapsed)}, in the first tick"]
    else:
        many = f"{moment.over} of {moment.planned}"
        long = min(40, width - len(many) - 9)
        trials: RenderableType = many
        if long >= 4:
            trials = Table.grid(padding=(0, 1))
            trials.add_row(ProgressBar(moment.planned, moment.over, width=long, complete_style="cyan"), many)
        ended = _counted(moment.fates)
        best = f"{_best(moment.best)} {told(moment.best.parameters)}" if moment.best else ""
        pace = f", {_pace(moment.ticks_a_minute)}" if moment.ticks_a_minute else ""
        left = ""
        if moment.left is not None:
            left = f", about {duration(moment.left + moment.elapsed - elapsed)} left"
        cells = [
            trials,
            f"{moment.alive} alive" + (f", {ended}" if ended else ""),
            Text(best),
            f"{moment.trained} trained, {moment.saved} saved ({moment.saved_share:.0%})",
            f"{moment.tick}{pace}",
            duration(elapsed) + left,
        ]
    for name, cell in zip(("trials", "", "score", "epochs", "tick", "time"), cells, strict=True):
        grid.add_row(name, cell)
    return grid


# --- when it has ended ------------------------------------------------------------------------------------------------


def summary(record: Record, ended: Ended | None) -> str:
    """Return what came out, and where the time went if there was a run."""
    study, rows, curves = record.study, record.trials(), record.curves()
    objective = study.objective
    spoken = {row.number: select_epoch(curves.get(row.number, []), study.keep, objective) for row in rows}
    complete = [row for row in rows if row.state == "complete"]
    lines = [f"{len(rows)} trials: {fates(rows) or 'none over'}"]
    if ended is not None:
        lines[0] += f" in {ended.seconds:.0f} s"
    keys = [objective.key(it.validation, row.number) for row in complete if (it := spoken[row.number]) is not None]
    if keys:
        number = min(keys)[2]
        lines[0] += f"; best validation {objective.metric} {rows[number].value:.4f} (trial {number})"
        lines.append(f"  best: {told(study.to_external(rows[number].params))}")
    if reason := stuck(study, rows):
        lines.append(f"  ended early: {reason}")
    for row in rows:
        if row.baseline is not None:
            known = spoken[row.number]
            value = "-" if known is None else f"{objective.value(known.validation):.4f}"
            fate = f"diverged at epoch {row.diverged_at}" if row.diverged_at else value
            lines.append(f"  baseline {row.baseline}: {fate}")
        if row.state == "failed" and row.reason:
            lines.append(f"  trial {row.number} failed: {row.reason.strip().splitlines()[-1]}")
    trained = sum(len(curves.get(row.number, [])) for row in rows if row.joined is not None)
    whole = study.epochs * sum(row.joined is not None for row in rows)
    if whole:
        lines.append(f"  epochs: {trained} of {whole} trained, {1 - trained / whole:.0%} saved by pruning")
    if ended is not None and ended.spent.total:
        parts = ", ".join(f"{name} {seconds / ended.spent.total:.1%}" for name, seconds in vars(ended.spent).items())
        lines.append(f"  time: {parts}")
    return escape("\n".join(lines))
