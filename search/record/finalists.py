"""The finalists of a study: their curves by seed, and their metrics as far as they are known.

Knows neither how finalists are chosen nor how they are trained.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import func, select

from models.config.messages import EpochMetrics
from search.record.lease import LeasedStudy
from search.record.postgres import retried
from search.record.rows import FinalistRow
from search.record.scores import columns_of, metrics_of
from search.record.tables import FinalistCurves, Finalists


class StudyFinalists(LeasedStudy):
    """The finalists of one study."""

    @retried
    def finalists(self) -> list[FinalistRow]:
        """Return all finalists under all seeds, by trial and seed."""
        columns = [getattr(Finalists, field.name) for field in fields(FinalistRow)]
        query = select(*columns).where(Finalists.study == self.row).order_by(Finalists.trial, Finalists.seed)
        with self._database.reading() as connection:
            return [FinalistRow(*row) for row in connection.execute(query)]

    @retried
    def save_finalist(self, row: FinalistRow) -> None:
        """Write what is known of a finalist; a field that is None keeps its value in the table."""
        put = self._database.insert(Finalists).values(study=self.row, **asdict(row))
        kept = {
            field.name: func.coalesce(put.excluded[field.name], getattr(Finalists, field.name))
            for field in fields(FinalistRow)[2:]  # all but the key: trial and seed
        }
        with self.writing() as connection:
            connection.execute(put.on_conflict_do_update(index_elements=["study", "trial", "seed"], set_=kept))

    @retried
    def record_finalists(self, phase: str, tick: int, scores: Sequence[tuple[int, int, EpochMetrics]]) -> None:
        """Write the scores of a tick. A score that is there stays.

        Args:
            phase: "rank", "retrain" or "audit".
            tick: The tick of that phase.
            scores: (trial, seed, metrics) each.
        """
        if not scores:
            return
        rows = [
            columns_of(tick, score)
            | {"study": self.row, "phase": phase, "trial": trial, "seed": seed, "lane": score.lane}
            for trial, seed, score in scores
        ]
        with self.writing() as connection:
            connection.execute(self._database.insert(FinalistCurves).on_conflict_do_nothing(), rows)

    @retried
    def finalist_scores(self, phase: str) -> list[tuple[int, int, int, EpochMetrics]]:
        """Return all scores of a phase as (tick, trial, seed, metrics), by tick and then by lane."""
        curves = FinalistCurves
        query = select(curves.__table__).where(curves.study == self.row, curves.phase == phase)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(curves.tick, curves.lane, curves.epoch)).all()
        return [
            (
                row.tick,
                row.trial,
                row.seed,
                metrics_of(row.lane, row.epoch, row.train, row.validation, row.seconds, row.members),
            )
            for row in rows
        ]
