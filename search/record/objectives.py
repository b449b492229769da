"""The objectives of a study in Optuna's tables: their directions, and of two the names of their metrics."""

import json

from optuna.study import StudyDirection
from sqlalchemy import select
from sqlalchemy.engine import Connection

from search.objective import Objective
from search.optuna.internals import DIRECTIONS, METRIC_NAMES, STUDY_SYSTEM_ATTRIBUTES
from search.record.database import Database


def put_objectives(database: Database, connection: Connection, study_id: int, objective: Objective) -> bool:
    """Write the directions of a study, and the names that `optuna.Study.set_metric_names` writes.

    Returns:
        Whether these are its directions; one of another program may have others, which stay.
    """
    wanted = [StudyDirection[each.direction.upper()] for each in objective.all]
    rows = [{"study_id": study_id, "objective": at, "direction": each} for at, each in enumerate(wanted)]
    mine = DIRECTIONS.c.study_id == study_id
    there = select(DIRECTIONS.c.direction).where(mine).order_by(DIRECTIONS.c.objective)
    if not connection.scalars(there).all():
        connection.execute(database.insert(DIRECTIONS).on_conflict_do_nothing(), rows)
    if connection.scalars(there).all() != wanted:
        return False
    if objective.beside is not None:
        names = json.dumps([each.metric for each in objective.all])
        row = {"study_id": study_id, "key": METRIC_NAMES, "value_json": names}
        connection.execute(database.insert(STUDY_SYSTEM_ATTRIBUTES).on_conflict_do_nothing(), [row])
    return True
