"""The scores of a study: the metrics of each trial after each epoch, by name, and the tick in which they came.

The objective's value goes to Optuna's table of intermediate values as well, for its dashboard. Knows no verdicts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from models.config.messages import EpochMetrics
from search.objective import Objective
from search.optuna.internals import INTERMEDIATE_VALUES, intermediate_to_stored
from search.record.lease import LeasedStudy
from search.record.postgres import retried
from search.record.tables import Curves


class StudyScores(LeasedStudy):
    """The scores of one study."""

    @retried
    def scores(self, after: int = -1) -> list[tuple[int, EpochMetrics]]:
        """Return the scores as (tick, metrics), by tick and then by trial.

        Args:
            after: The tick after which they came; all of them unless given.
        """
        columns = (Curves.trial, Curves.epoch, Curves.train, Curves.validation, Curves.seconds, Curves.members)
        query = (
            select(Curves.tick, *columns)
            .where(Curves.study == self.row, Curves.tick > after)
            .order_by(Curves.tick, Curves.trial, Curves.epoch)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [  # unpacked: reading a hundred thousand rows by the names of their columns takes twice as long
            (tick, metrics_of(trial, epoch, train, validation, seconds, members))
            for tick, trial, epoch, train, validation, seconds, members in rows
        ]

    def curves(self) -> dict[int, list[EpochMetrics]]:
        """Return the scores of every trial that has some, by epoch."""
        return curves_of(self.scores())

    @retried
    def ticks(self) -> dict[int, list[int]]:
        """Return the ticks of each trial's epochs; where there is a gap, the trial was paused."""
        query = select(Curves.tick, Curves.trial).where(Curves.study == self.row).order_by(Curves.tick, Curves.epoch)
        ticks: dict[int, list[int]] = {}
        with self._database.reading() as connection:
            for tick, trial in connection.execute(query):
                ticks.setdefault(trial, []).append(tick)
        return ticks

    @retried
    def curve(self, number: int) -> list[EpochMetrics]:
        """Return the scores of one trial, by epoch."""
        query = select(Curves.__table__).where(Curves.study == self.row, Curves.trial == number)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(Curves.epoch)).all()
        return [metrics_of(number, row.epoch, row.train, row.validation, row.seconds, row.members) for row in rows]

    def _insert_scores(
        self,
        connection: Connection,
        ids: Mapping[int, int],
        objective: Objective,
        tick: int,
        scores: Sequence[EpochMetrics],
    ) -> None:
        """Insert the scores that are not there; `ids` are Optuna's, by the trial's number."""
        steps = []
        for score in scores:
            stored, kind = intermediate_to_stored(objective.value(score.validation))
            step = {"trial_id": ids[score.lane], "step": score.epoch}
            steps.append(step | {"intermediate_value": stored, "intermediate_value_type": kind})
        curves = [columns_of(tick, score) | {"study": self.row, "trial": score.lane} for score in scores]
        connection.execute(self._database.insert(INTERMEDIATE_VALUES).on_conflict_do_nothing(), steps)
        connection.execute(self._database.insert(Curves).on_conflict_do_nothing(), curves)


def curves_of(scores: Iterable[tuple[int, EpochMetrics]]) -> dict[int, list[EpochMetrics]]:
    """Return scores, given with their ticks, by trial and epoch."""
    curves: dict[int, list[EpochMetrics]] = {}
    for _, metrics in scores:
        curves.setdefault(metrics.lane, []).append(metrics)
    return curves


def columns_of(tick: int, score: EpochMetrics) -> dict[str, Any]:
    """Return the columns that every table of curves has."""
    of_row = score.model_dump(include={"epoch", "train", "validation", "seconds"})
    members = [lane.model_dump(include={"train", "validation", "seconds"}) for lane in score.members]
    return {"tick": tick, **of_row, "members": members}


def metrics_of(
    lane: int,
    epoch: int,
    train: Mapping[str, float],
    validation: Mapping[str, float],
    seconds: float,
    members: Sequence[Mapping[str, Any]],
) -> EpochMetrics:
    """Return the metrics of a row without checking them again."""
    lanes = tuple(
        EpochMetrics.model_construct(lane=lane * len(members) + member, epoch=epoch, **of)
        for member, of in enumerate(members)
    )
    return EpochMetrics.model_construct(
        lane=lane, epoch=epoch, train=train, validation=validation, seconds=seconds, members=lanes
    )
