"""The store: a database of studies, which are begun, found and archived in it.

What a study's trials are is record.py's.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain, count
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Connection, Row

from models.errors import UserError
from search.config.study import Study
from search.objective import Objective
from search.options import DEFAULT_STORAGE
from search.optuna.internals import (
    STUDIES,
    STUDY_ATTRIBUTES,
    TRIALS,
)
from search.record.database import Database
from search.record.fingerprint import compare
from search.record.links import are_gone, follow_renamed, have_been_renamed, select_studies
from search.record.objectives import put_objectives
from search.record.record import Record
from search.record.tables import (
    LINK,
    Curves,
    FinalistCurves,
    Finalists,
    Ledger,
    SnapshotChunk,
    Studies,
    Trials,
)


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

    def names(self) -> list[str]:
        """Return the names of all studies of ours, sorted."""
        self._follow_renamed()
        with self.database.reading() as connection:
            return sorted(connection.scalars(select_studies().with_only_columns(STUDIES.c.study_name)))

    def find(self, name: str) -> Record | None:
        """Return the record of a study; None where there is none."""
        self._follow_renamed()
        with self.database.reading() as connection:
            row = connection.execute(select_studies().where(STUDIES.c.study_name == name)).one_or_none()
        return None if row is None else self._record(row)

    def pulse(self, name: str) -> tuple[Any, ...] | None:
        """Return what is another value after every write to a study of ours; None where there is none.

        One row, whatever the study has: for whoever follows a search by asking several times a second.
        """
        with self.database.reading() as connection:
            found = connection.execute(_PULSE, {"name": name}).one_or_none()
        return None if found is None else tuple(found)

    def find_by_folder(self, folder: str) -> Record | None:
        """Return the record of the study whose files lie in this folder: that name it was begun under."""
        self._follow_renamed()
        with self.database.reading() as connection:
            row = connection.execute(select_studies().where(Studies.folder == folder)).one_or_none()
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
        named = select_studies().where(STUDIES.c.study_name == name)
        if self.find(name) is None:
            check_name(name)
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
                about = {
                    "family": study.family.label,
                    "data": study.dataset,
                    "epochs": study.epochs,
                    "seed": study.seed,
                    "device": fingerprint.get("device"),
                    "objective": ", ".join(each.column.replace("_", " ", 1) for each in study.objective.all),
                }
                self._adopt(connection, name, row, study.objective, about)
            record = self._record(connection.execute(named).one())
        compare(name, record.fingerprint, json.loads(json.dumps(fingerprint)))
        record.folder.mkdir(parents=True, exist_ok=True)
        record.study, record.text = study, text
        return record

    def _adopt(
        self,
        connection: Connection,
        name: str,
        row: Mapping[str, Any],
        objective: Objective,
        about: Mapping[str, Any],
    ) -> None:
        """Take an Optuna study without trials into use, with this row of ours and these attributes."""
        study_id = connection.scalar(select(STUDIES.c.study_id).where(STUDIES.c.study_name == name))
        ours = put_objectives(self.database, connection, int(study_id or 0), objective)
        trials = connection.scalar(select(func.count()).select_from(TRIALS).where(TRIALS.c.study_id == study_id))
        if not ours or trials:
            raise UserError(
                f"{self.masked} has a study `{name}` of another program, or a copy without our record",
                "give yours a new name with --name",
            )
        self._forget_deleted(connection)
        link = json.dumps(uuid.uuid4().hex)
        mine = {"study_id": study_id, "link": link, "folder": self._free_folder(connection, name)}
        connection.execute(insert(Studies).values({**row, **mine}))
        attributes = {LINK: link} | {name: json.dumps(value) for name, value in about.items()}
        put = self.database.insert(STUDY_ATTRIBUTES).on_conflict_do_nothing()
        copied = STUDY_ATTRIBUTES.c.study_id == study_id, STUDY_ATTRIBUTES.c.key == LINK
        connection.execute(delete(STUDY_ATTRIBUTES).where(*copied))
        of_study = [{"study_id": study_id, "key": key, "value_json": text} for key, text in attributes.items()]
        connection.execute(put, of_study)

    def _free_folder(self, connection: Connection, name: str) -> str:
        """Return the name of a folder for a new study: its own name, unless a renamed study has that folder."""
        taken = set(connection.scalars(select(Studies.folder)))
        return next(it for it in chain([name], (f"{name}~{n}" for n in count(2))) if it not in taken)

    def _forget_deleted(self, connection: Connection) -> None:
        """Remove what is kept of studies that were deleted with Optuna, and put their folders aside.

        Their lines in the ledger stay, and the row that these belong to: what was seen of a test set was seen.
        """
        follow_renamed(self.database, connection)
        gone = connection.execute(select(Studies.id, Studies.folder).where(are_gone())).all()
        ids = [row.id for row in gone]
        for table in (Curves, Finalists, FinalistCurves, SnapshotChunk, Trials):
            connection.execute(delete(table).where(table.study.in_(ids)))
        in_ledger = select(Ledger.id).where(Ledger.study == Studies.id).exists()
        connection.execute(delete(Studies).where(Studies.id.in_(ids), ~in_ledger))
        for row in gone:
            aside = f"~deleted-{row.id}"
            with suppress(FileNotFoundError):
                (self.database.folder / row.folder).rename(self.database.folder / aside)
            connection.execute(update(Studies).where(Studies.id == row.id).values(study_id=None, folder=aside))

    def _follow_renamed(self) -> None:
        """Let rows of ours follow studies that were renamed by way of a copy."""
        with self.database.reading() as connection:
            renamed = have_been_renamed(connection)
        if renamed:
            with self.database.transaction() as connection:
                follow_renamed(self.database, connection)

    def _record(self, row: Row[Any]) -> Record:
        return Record(self.database, self.database.folder / row.folder, self.clock, row)

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
            folder = record.folder.with_name(f"{record.folder.name[:84]}~{moment:%Y%m%d-%H%M%S}")
            if record.folder.exists():
                record.folder.rename(folder)
            with record.writing() as connection:
                rename = update(STUDIES).where(STUDIES.c.study_id == record.study_id)
                connection.execute(rename.values(study_name=archived))
                connection.execute(update(Studies).where(Studies.id == record.row).values(folder=folder.name))
        return archived


def check_name(name: str) -> None:
    """Raise UserError where a study cannot be begun under a name, which its folder will have."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@~-]{0,99}", name):
        shown = name if len(name) <= 100 else f"{name[:40]}... ({len(name)} characters)"
        raise UserError(
            f"{shown!r} cannot be the name of a study",
            "use up to 100 letters, digits and . _ @ ~ -, a letter or digit first; --name gives it another",
        )


_PULSE = (  # built once
    select_studies()
    .with_only_columns(Studies.id, Studies.generation, Studies.owner, Studies.until)
    .where(STUDIES.c.study_name == bindparam("name"))
)
