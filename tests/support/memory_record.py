"""A record in memory, for tests of samplers: trials that end as a function says, without a database or a model."""

import dataclasses
import math
from collections.abc import Callable, Sequence

from models.config.base import Parameters
from models.config.messages import EpochMetrics
from search.config.study import Study
from search.samplers.optuna_mirror import Mirror
from search.trial import State, TrialRow

LIVE = 8  # trials that run at a time


def epoch_metrics(number: int, epoch: int, accuracy: float, loss: float | None = None) -> EpochMetrics:
    """Return the metrics of a trial after an epoch; the loss is 1 less the accuracy unless given."""
    validation = {"loss": 1.0 - accuracy if loss is None else loss, "accuracy": accuracy}
    return EpochMetrics(lane=number, epoch=epoch, train=validation, validation=validation, seconds=0.1)


class MemoryRecord:
    """A record that is filled as the loop would fill it: of the live trials the oldest ends first.

    Args:
        study: The study.
        curve: Gives a trial's (accuracy, loss) per epoch. A trial whose last loss is no number has diverged.
        complete_after: The epochs after which a trial is complete and not pruned.
    """

    def __init__(
        self, study: Study, curve: Callable[[TrialRow], Sequence[tuple[float, float]]], complete_after: int = 1
    ) -> None:
        self.study, self._curve, self._complete_after = study, curve, complete_after
        self.rows: list[TrialRow] = []
        self.scores: list[tuple[int, EpochMetrics]] = []

    def mirror(self) -> Mirror:
        """Build a mirror anew, as after a crash."""
        return Mirror(self.study, self.rows, self.scores)

    def fill(self, trials: int, mirror: Mirror) -> "MemoryRecord":
        """Let so many trials be begun, or as many as the sampler has."""
        while len(self.rows) < trials:
            if sum(row.state == "running" for row in self.rows) == LIVE:
                self._end_the_oldest(mirror)
            params = self.study.sampler.propose(self.study, len(self.rows), mirror)
            if params is None:
                break
            self.begin(params, mirror)
        return self

    def begin(self, params: Parameters, mirror: Mirror) -> None:
        """Let a trial run."""
        number = len(self.rows)
        self.rows.append(TrialRow(number=number, state="running", params=params, notes=mirror.notes_of(number)))
        mirror.insert(self.rows[-1])

    def _end_the_oldest(self, mirror: Mirror) -> None:
        row = next(row for row in self.rows if row.state == "running")
        curve = self._curve(row)
        for epoch, (accuracy, loss) in enumerate(curve, start=1):
            self.scores.append((len(self.scores), epoch_metrics(row.number, epoch, accuracy, loss)))
            mirror.report(self.scores[-1][1])
        diverged = math.isnan(curve[-1][1])
        state: State = "pruned" if diverged or len(curve) < self._complete_after else "complete"
        value = None if diverged else curve[-1][0]
        self.rows[row.number] = dataclasses.replace(row, state=state, value=value)
        mirror.tell(row.number, state, value)

    def params(self) -> list[Parameters]:
        """Return what every trial tries."""
        return [row.params for row in self.rows]
