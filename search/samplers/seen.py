"""Configurations that were tried before, so that a repeat of a finished trial is not trained again."""

from collections.abc import Iterable, Mapping

from models.config.base import Value
from search.trial import TrialRow


class SeenConfigurations:
    """Remembers which trial first tried a configuration. Trials that failed or are repeats themselves do not count.

    Args:
        rows: The trials so far. A trial can be added in any order, and more than once.
    """

    def __init__(self, rows: Iterable[TrialRow] = ()) -> None:
        self._first: dict[frozenset[tuple[str, Value]], int] = {}
        for row in rows:
            self.add(row)

    def first(self, params: Mapping[str, Value]) -> int | None:
        """Return the number of the trial, finished or live, that tries these parameters; None if they are new."""
        return self._first.get(frozenset(params.items()))

    def add(self, row: TrialRow) -> None:
        """Count a trial, unless another one tried the same before it."""
        if row.state != "failed" and row.repeat_of is None:
            self._first.setdefault(frozenset(row.params.items()), row.number)

    def end(self, row: TrialRow) -> None:
        """Forget a trial that failed: its configuration may be tried again."""
        if row.state == "failed" and self.first(row.params) == row.number:
            del self._first[frozenset(row.params.items())]
