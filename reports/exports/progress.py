"""What an export shows while finalists train: a bar with the time left; in logs and notebooks, lines, ever fewer.

Knows neither studies nor records: it is told how many epochs are trained, of how many.
"""

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from search.cli.progress import LINE_SHARE, LONGEST_SILENCE, redraws_in_place
from search.cli.wording import duration


class ExportProgress:
    """Shows phases of training, one after another. A context manager: leaving it takes the bar away.

    Args:
        console: Where.
        quiet: Show nothing.
        clock: Returns seconds.
    """

    def __init__(self, console: Console, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._quiet, self._clock = console, quiet, clock
        self._phase, self._begun, self._first, self._last, self._shown = "", 0.0, 0, 0.0, -1
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
        self._bar = Progress(*columns, console=console, transient=True)
        self._task: TaskID | None = None

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Show how far a phase is, after a tick.

        Args:
            phase: Its name: "rank", "retrain" or "audit".
            done: Epochs that are trained, of all its models.
            total: Epochs in all; fewer where models diverge.
        """
        now = self._clock()
        if phase != self._phase:
            self._phase, self._begun, self._first, self._last, self._shown = phase, now, done, now, -1
            if self._task is not None:
                self._bar.remove_task(self._task)
                self._task = None
        if self._quiet or done == self._shown:
            return
        text = f"{done} of {total} epochs"
        if done > self._first and done < total:
            text += f" · about {duration((total - done) * (now - self._begun) / (done - self._first))} left"
        if redraws_in_place(self._console):
            if self._task is None:
                self._bar.start()
                self._task = self._bar.add_task(phase, total=total, text=text)
            self._bar.update(self._task, completed=done, total=total, text=text)
        elif done == total or now - self._last >= min(LONGEST_SILENCE, max(1.0, (now - self._begun) / LINE_SHARE)):
            self._last, self._shown = now, done
            self._console.print(f"{phase}: {text}", markup=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()
