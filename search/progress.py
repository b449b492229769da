"""What a run shows: a line at its start, one line a tick, a bar under them where there is a terminal, a summary.

Called by run.py and launch.py. Reads the search and the record, and changes neither.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.outcome import outcome
from models.recipe import Value
from search.fleet import Facts
from search.launch import Ended, Prepared
from search.record import Record
from search.sampling import stuck
from search.trials import TrialRow
from search.work import Search


def told(parameters: Mapping[str, Value]) -> str:
    """Return parameters as a line: `learning_rate 0.12 hidden 301 weight_decay 0`."""
    return " ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in parameters.items()
    )


def fates(rows: Iterable[TrialRow]) -> str:
    """Return how the trials that are over ended: `21 complete, 38 pruned, 1 diverged`."""
    counted = Counter("diverged" if row.diverged_at else row.state for row in rows)
    return ", ".join(
        f"{counted[fate]} {fate}" for fate in ("complete", "pruned", "diverged", "failed") if counted[fate]
    )


class Progressing:
    """The lines and the bar of one search; a context manager, so that the bar goes when the search does."""

    def __init__(self, prepared: Prepared, console: Console, quiet: bool) -> None:
        self._prepared, self._console, self._quiet = prepared, console, quiet
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("trials"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, search: Search, facts: Facts) -> Callable[[], None]:
        """Show what is searched, and return what is to be called after every tick."""
        study = search.study
        if not self._quiet:
            self._console.print(
                escape(
                    f"{search.name} · {study.data} {facts.train}+{facts.validation} · "
                    f"{study.engines} engines x {study.lanes} lanes · {self._prepared.device} · "
                    f"{self._prepared.storage}"
                )
            )
            if left := sum(row.state == "running" for row in search.rows.values()):
                self._console.print(f"takes up {left} trials that an earlier run left in the middle")
        task = self._bar.add_task(escape(search.name), total=study.trials)
        since = time.monotonic()

        def after_tick() -> None:
            nonlocal since
            now = time.monotonic()
            self._bar.update(task, completed=_over(search))
            if not self._quiet:
                self._console.print(escape(f"{_line(search)} · {now - since:.1f} s"))
            since = now

        return after_tick


def _over(search: Search) -> int:
    return sum(row.state != "running" for row in search.rows.values())


def _line(search: Search) -> str:
    """One tick as a line."""
    ended = fates(search.rows.values())
    line = f"tick {search.tick:>3} · {len(search.live):>2} alive · {_over(search):>3} done" + (
        f" ({ended})" if ended else ""
    )
    if (best := search.best()) is None or best.value is None:
        return line
    return f"{line} · best {best.value:.4f} (trial {best.number}: {told(search.study.told(best.drawn))})"


def summary(record: Record, ended: Ended | None) -> str:
    """Return what came out, and where the time went if there was a run."""
    study, rows, scores = record.study, record.trials(), record.scores()
    curves = {number: [score for _, score in scores if score.lane == number] for number in {s.lane for _, s in scores}}
    spoken = {row.number: outcome(study.keep, curves.get(row.number, [])) for row in rows}
    complete = [row for row in rows if row.state == "complete"]
    lines = [f"{len(rows)} trials: {fates(rows) or 'none over'}"]
    if ended is not None:
        lines[0] += f" in {ended.seconds:.0f} s"
    ranked = sorted((-it.accuracy, it.loss, row.number) for row in complete if (it := spoken[row.number]) is not None)
    if ranked:
        accuracy, _, number = ranked[0]
        lines[0] += f"; best validation accuracy {-accuracy:.4f} (trial {number})"
        lines.append(f"  best: {told(study.told(rows[number].drawn))}")
    if reason := stuck(study, rows):
        lines.append(f"  ended early: {reason}")
    for row in rows:
        if row.baseline is not None:
            known = spoken[row.number]
            fate = (
                f"diverged at epoch {row.diverged_at}" if row.diverged_at else f"{known.accuracy:.4f}" if known else "-"
            )
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
