"""Which of Optuna's studies a row of ours belongs to, also after a study was renamed by way of a copy.

Optuna's dashboard renames by making a study of the new name, copying trials and attributes, and deleting the old one.
Each study has a mark of ours; where the study of a row is gone, and one with its mark is there, the row follows.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.engine import Connection

from search.config.study import Study
from search.optuna.internals import INTERMEDIATE_VALUES, STUDIES, STUDY_ATTRIBUTES, TRIALS
from search.record.database import Database
from search.record.objectives import put_objectives
from search.record.tables import LINK, Curves, Finalists, Studies, Trials
from search.record.trials import OPEN_STATES


def is_linked() -> ColumnElement[bool]:
    """Return the condition that an Optuna study is the one that a row of ours belongs to."""
    return and_(Studies.study_id == STUDIES.c.study_id, _is_marked())


def select_studies() -> Any:
    """Select Optuna's row of a study joined with ours, of every study that has both."""
    ours = [column for column in Studies.__table__.columns if column.name != "study_id"]
    return select(STUDIES, *ours).join_from(STUDIES, Studies, is_linked())


def are_gone() -> ColumnElement[bool]:
    """Return the condition that the study of a row of ours is not there any more."""
    return ~select(STUDIES.c.study_id).where(is_linked()).exists()


def follow_renamed(database: Database, connection: Connection) -> None:
    """Let each row of ours whose study is gone follow to the newest study with its mark, where there is one."""
    for row in connection.execute(select(Studies.id, Studies.study).where(_are_renamed())).all():
        newest = select(func.max(STUDIES.c.study_id)).join(Studies, _is_marked()).where(Studies.id == row.id)
        study_id = connection.scalar(newest)
        if study_id is None or not _cut_to(connection, row.id, study_id):
            continue
        put_objectives(database, connection, study_id, Study.model_validate(row.study).objective)
        connection.execute(update(Studies).where(Studies.id == row.id).values(study_id=study_id))


def have_been_renamed(connection: Connection) -> bool:
    """Return whether there is a row that `follow_renamed` would look at; this only reads."""
    return connection.scalar(select(Studies.id).where(_are_renamed()).limit(1)) is not None


def _are_renamed() -> ColumnElement[bool]:
    return and_(Studies.study_id.is_not(None), are_gone(), select(STUDIES.c.study_id).where(_is_marked()).exists())


def _is_marked() -> ColumnElement[bool]:
    """Return the condition that an Optuna study has the mark of a row of ours, as a copy has as well."""
    mark = STUDY_ATTRIBUTES.c.study_id == STUDIES.c.study_id, STUDY_ATTRIBUTES.c.key == LINK
    return select(STUDY_ATTRIBUTES.c.study_id).where(*mark, STUDY_ATTRIBUTES.c.value_json == Studies.link).exists()


def _cut_to(connection: Connection, row: int, study_id: int) -> bool:
    """Make a row's trials and curves those that a copy has, which may have been made while a search went on.

    What a search then does again comes out the same. A copy that lacks trials of which finalists were trained is left
    alone.

    Returns:
        Whether the copy can be followed.
    """
    numbers = select(func.count()).select_from(TRIALS).where(TRIALS.c.study_id == study_id)
    count = connection.scalar(numbers) or 0
    open_ = select(TRIALS.c.number).where(TRIALS.c.study_id == study_id, TRIALS.c.state.in_(OPEN_STATES))
    mine, beyond, undone = Trials.study == row, Trials.trial >= count, Trials.trial.in_(open_)
    behind = connection.scalar(select(func.count()).where(mine, beyond | (undone & Trials.ended)))
    if behind and connection.scalar(select(Finalists.trial).where(Finalists.study == row).limit(1)) is not None:
        return False
    copied = (
        select(TRIALS.c.trial_id)
        .join(INTERMEDIATE_VALUES, INTERMEDIATE_VALUES.c.trial_id == TRIALS.c.trial_id)
        .where(TRIALS.c.study_id == study_id, TRIALS.c.number == Curves.trial)
        .where(INTERMEDIATE_VALUES.c.step == Curves.epoch)
    )
    connection.execute(delete(Curves).where(Curves.study == row, ~copied.exists()))
    connection.execute(delete(Trials).where(mine, beyond))
    connection.execute(update(Trials).where(mine, undone).values(ended=False))
    return True
