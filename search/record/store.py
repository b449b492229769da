"""The store: a database of studies, which are begun, found and archived in it.

What a study's trials are is record.py's.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from optuna.study import StudyDirection
from sqlalchemy import Integer, and_, func, insert, select, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.engine import Connection, Row

from models.errors import UserError
from search.config.study import Study
from search.objective import Objective
from search.options import DEFAULT_STORAGE
from search.optuna_internals import (
    DIRECTIONS,
    METRIC_NAMES,
    STUDIES,
    STUDY_ATTRIBUTES,
    STUDY_SYSTEM_ATTRIBUTES,
    TRIALS,
)
from search.record.database import Database, number_of
from search.record.fingerprint import compare
from search.record.record import Record
from search.record.tables import LINK, Studies


class Store:
    """A database of studies.

    Args:
        url: Its address.
        create: Make it, where it is not there; readers say False.
        clock: Returns the present time in UTC; the database's clock unless given.

    Raises:
        Absent: It is not there, and is not to be made.
        UserError: The address, file or server cannot be used.

    Example:
        >>> record = Store("sqlite:///runs/studies.db", create=False).find("mlp")
        >>> record.trials()[0].value
        0.9127
    """

    def __init__(
        self, url: str = DEFAULT_STORAGE, *, create: bool = True, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.database = Database(url, create=create)
        self.masked = self.database.masked
        self.clock = clock or self.database.clock

    def folder(self, study: str) -> Path:
        """Return the folder in which a study has its files. Raises UserError for a name that cannot be one."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@~-]{0,99}", study):
            raise UserError(
                f"{study!r} cannot be the name of a study",
                "use up to 100 letters, digits and . _ @ ~ -, a letter first",
            )
        return self.database.folder / study

    def names(self) -> list[str]:
        """Return the names of all studies of ours, sorted."""
        with self.database.reading() as connection:
            return sorted(connection.scalars(_studies().with_only_columns(STUDIES.c.study_name)))

    def find(self, name: str) -> Record | None:
        """Return the record of a study; None where there is none."""
        with self.database.reading() as connection:
            row = connection.execute(_studies().where(STUDIES.c.study_name == name)).one_or_none()
        return None if row is None else self._record(row)

    def begin(
        self, name: str, study: Study, fingerprint: Mapping[str, Any], environment: Mapping[str, Any], text: str
    ) -> Record:
        """Return the record of a new study, or of the one that was begun with the same fingerprint.

        What a fingerprint leaves open, like the number of trials, is as given now, and so is `text`, the study file;
        claiming the lease writes both down.

        Raises:
            UserError: The study was begun with another fingerprint, or is another program's.
        """
        folder = self.folder(name)
        named = _studies().where(STUDIES.c.study_name == name)
        row = {
            "study": study.model_dump(mode="json"),
            "text": text,
            "fingerprint": dict(fingerprint),
            "environment": dict(environment),
            "begun": self.clock(),
            "generation": 0,
        }
        with self.database.transaction() as connection:
            # First a statement that writes, so that of two commands that begin the same study one waits for the other.
            put = self.database.insert(STUDIES).values(study_name=name)
            connection.execute(put.on_conflict_do_nothing())
            # Where the row is there, one waits here; or both would take an Optuna study without trials into use.
            connection.execute(select(STUDIES.c.study_id).where(STUDIES.c.study_name == name).with_for_update())
            if connection.execute(named).one_or_none() is None:
                self._adopt(connection, name, row, study.objective)
            record = self._record(connection.execute(named).one())
        compare(name, record.fingerprint, json.loads(json.dumps(fingerprint)))
        folder.mkdir(parents=True, exist_ok=True)
        record.study, record.text = study, text
        return record

    def _adopt(self, connection: Connection, name: str, row: Mapping[str, Any], objective: Objective) -> None:
        """Take an Optuna study without trials into use, with this row of ours."""
        study_id = connection.scalar(select(STUDIES.c.study_id).where(STUDIES.c.study_name == name))
        wanted = StudyDirection[objective.direction.upper()]
        direction = {"study_id": study_id, "objective": 0, "direction": wanted}
        connection.execute(self.database.insert(DIRECTIONS).values(direction).on_conflict_do_nothing())
        directions = connection.scalars(select(DIRECTIONS.c.direction).where(DIRECTIONS.c.study_id == study_id)).all()
        trials = connection.scalar(select(func.count()).select_from(TRIALS).where(TRIALS.c.study_id == study_id))
        if directions != [wanted] or trials:
            raise UserError(
                f"{self.masked} has a study `{name}` of another program", "give yours a new name with --name"
            )
        number = number_of(connection.execute(insert(Studies).values(row)))
        link = {"study_id": study_id, "key": LINK, "value_json": json.dumps(number)}
        connection.execute(insert(STUDY_ATTRIBUTES).values(link))
        # As Study.set_metric_names does: the dashboard then says what its axes show.
        named = {
            "study_id": study_id,
            "key": METRIC_NAMES,
            "value_json": json.dumps([f"validation {objective.metric}"]),
        }
        put = self.database.insert(STUDY_SYSTEM_ATTRIBUTES)
        connection.execute(put.values(named).on_conflict_do_nothing())

    def _record(self, row: Row[Any]) -> Record:
        return Record(self.database, self.folder(row.study_name), self.clock, row)

    def archive(self, name: str) -> str:
        """Rename a study and its folder to `name~YYYYMMDD-HHMMSS`, in UTC; returns that name.

        Raises:
            UserError: There is no such study, or another process runs it.
        """
        record = self.find(name)
        if record is None:
            raise UserError(f"there is no study `{name}` in {self.masked}", "leave out --restart to begin it")
        with record.lease():
            taken = set(self.names())
            moment = self.clock()
            while (archived := f"{name[:84]}~{moment:%Y%m%d-%H%M%S}") in taken:
                moment += timedelta(seconds=1)
            # The folder first. A kill between the two leaves the study without snapshots, which a run makes anew; the
            # other way round the next study of this name would find the snapshots of this one.
            if record.folder.exists():
                record.folder.rename(self.folder(archived))
            with record.writing() as connection:
                rename = update(STUDIES).where(STUDIES.c.study_id == record.study_id)
                connection.execute(rename.values(study_name=archived))
        return archived


def _studies() -> Any:
    """Select Optuna's row of a study joined with ours, of every study that has both."""
    linked = and_(STUDY_ATTRIBUTES.c.study_id == STUDIES.c.study_id, STUDY_ATTRIBUTES.c.key == LINK)
    ours = Studies.id == sql_cast(STUDY_ATTRIBUTES.c.value_json, Integer)
    return select(STUDIES, Studies.__table__).join_from(STUDIES, STUDY_ATTRIBUTES, linked).join(Studies, ours)
