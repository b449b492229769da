"""A table in a notebook that shows a search while it runs, in its place. Imports IPython when it is made.

Is told what any callback is told; knows no scheduler.
"""

from html import escape
from typing import TYPE_CHECKING, Any

from models.errors import UserError
from search.cli.wording import duration

if TYPE_CHECKING:
    from search.cli.callbacks import TickEvent


class LiveTable:
    """A table of how far a search is, which each tick changes in its place: `on_tick=LiveTable()` of `run_study`.

    Raises:
        UserError: There is no IPython.

    Example:
        >>> run_study("mlp", quiet=True, on_tick=LiveTable())  # doctest: +SKIP
    """

    def __init__(self) -> None:
        try:
            from IPython.display import display
        except ImportError:
            raise UserError("LiveTable is for notebooks, and there is no IPython", "leave on_tick out") from None
        self._display: Any = display
        self._handle: Any = None
        self._rows: dict[str, str] = {}
        self._bests: list[float] = []  # the best so far, each time that it changed

    def __call__(self, tick: "TickEvent") -> None:
        """Show how far the search is now."""
        if tick.best is not None and tick.best not in self._bests[-1:]:
            self._bests.append(tick.best)
        left = f"about {duration(tick.seconds_left)} left" if tick.seconds_left else ""
        self._rows = {
            "trials": f"{tick.done} of {tick.trials} over, {tick.alive} in training",
            "best so far": " → ".join(f"{best:.4g}" for best in self._bests[-4:]),
            "time": ", ".join(filter(None, [f"tick {tick.tick}", left])),
        }
        if self._handle is None:
            self._handle = self._display(self, display_id=True)
        else:
            self._handle.update(self)

    def __repr__(self) -> str:
        return "\n".join(f"{name:12} {value}" for name, value in self._rows.items())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in self._rows.items()
        )
        return f"<table>{rows}</table>"
