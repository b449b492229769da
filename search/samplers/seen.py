"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

from collections.abc import Iterable, Mapping

from models.config.base import Value
from search.trial import TrialRow

# --- repeats ----------------------------------------------------------------------------------------------------------


class SeenConfigurations:
    """Which trials tried what, of those that count: trials that are neither failed nor themselves repeats.

    Told of every trial when it is begun and when it ends, in any order, and as often as one likes.
    """

    def __init__(self, rows: Iterable[TrialRow] = ()) -> None:
        self._first: dict[frozenset[tuple[str, Value]], int] = {}
        for row in rows:
            self.add(row)

    def first(self, drawn: Mapping[str, Value]) -> int | None:
        """The number of the trial that tries the same, live ones among them; None if it is new."""
        return self._first.get(frozenset(drawn.items()))

    def add(self, row: TrialRow) -> None:
        """Count a trial, unless another one tried the same before it."""
        if row.state != "failed" and row.repeat_of is None:
            self._first.setdefault(frozenset(row.params.items()), row.number)

    def end(self, row: TrialRow) -> None:
        """Count a trial no more if it failed."""
        if row.state == "failed" and self.first(row.params) == row.number:
            del self._first[frozenset(row.params.items())]
