"""One trial as the live page has it: its curve, its rank, and what became of it. Knows no record and no other trial."""

import math
from dataclasses import dataclass, field
from typing import Any

from models.config.messages import EpochMetrics
from search.cli.eta import outcome
from search.config.study import Study
from search.objective import Key, select_epoch
from search.trial import TrialRow


@dataclass
class FollowedTrial:
    """A trial with its scores so far."""

    row: TrialRow
    curve: list[EpochMetrics] = field(default_factory=list)  # by epoch; emptied when the trial has ended
    values: list[float | None] = field(default_factory=list)  # of the objective, by epoch; None where it is no number
    tick: int = 0  # of the last score
    paused: bool = False
    rank: tuple[int, int] | None = None  # its place at its last epoch, and of how many that had got there
    key: Key | None = None  # what sorts complete trials, where it is complete and trained itself
    told: int = 0  # scores that the page has been sent

    @property
    def is_over(self) -> bool:
        """Whether the trial has ended."""
        return self.row.state != "running"

    @property
    def state(self) -> str:
        """What the page calls it: training, paused, waiting, complete, pruned, diverged or failed."""
        if self.is_over:
            return outcome(self.row)
        if self.row.is_foreign:
            return "waiting"
        return "paused" if self.paused else "training"

    def add(self, tick: int, score: EpochMetrics, value: float) -> None:
        """Add the score of the next epoch."""
        self.curve.append(score)
        self.values.append(value if math.isfinite(value) else None)
        self.tick, self.paused = tick, False

    def value(self, study: Study) -> float | None:
        """Return the trial's value, or what it would be if the trial ended now."""
        if self.row.value is not None or self.is_over:
            return self.row.value
        selected = select_epoch(self.curve, study.keep, study.objective)
        return None if selected is None else study.objective.value(selected.validation)

    def end(self, row: TrialRow, study: Study) -> None:
        """Take over how the trial ended."""
        self.row, self.paused = row, False
        selected = select_epoch(self.curve, study.keep, study.objective)
        if row.state == "complete" and row.joined is not None and selected is not None:
            self.key = study.objective.key(selected.validation, row.number)
        self.curve = []

    def place(self) -> str:
        """Return how it stands: `7th of 11 there`, or nothing."""
        return "" if self.rank is None or self.rank[1] < 2 else f"{_ordinal(self.rank[0])} of {self.rank[1]} there"

    def as_data(self, study: Study, first: int, *, whole: bool) -> dict[str, Any]:
        """Return what the page is sent: the scores from `first` on, and where `whole`, what never changes as well."""
        value = self.value(study)
        data: dict[str, Any] = {
            "n": self.row.number,
            "state": self.state,
            "value": value if value is not None and math.isfinite(value) else None,
            "text": "" if value is None else study.objective.text(value),
            "from": first,
            "curve": [None if each is None else float(f"{each:.6g}") for each in self.values[first:]],
        }
        if whole:
            params = study.to_external(self.row.params) if self.row.params else {}
            data["params"] = {
                name: f"{each:.3g}" if isinstance(each, float) else str(each) for name, each in params.items()
            }
            data["baseline"] = self.row.baseline
        return data


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
