"""Migrations: how tables of an earlier version become those of today. Each step leads from one version to the next.

A step is plain SQL, so that it stays right however tables.py changes later. All steps run in one transaction, which
database.py opens.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.engine import Connection

BATCH = 10_000  # rows that are rewritten at a time


def _add_snapshots(connection: Connection) -> None:
    """From version 1 to 2: a table for the snapshots of studies on a server."""
    on_server = connection.dialect.name == "postgresql"
    names = "study INTEGER NOT NULL, run TEXT NOT NULL, tick INTEGER NOT NULL, file TEXT NOT NULL"
    content = f"piece INTEGER NOT NULL, bytes {'BYTEA' if on_server else 'BLOB'} NOT NULL"
    keys = "PRIMARY KEY (study, run, tick, file, piece), FOREIGN KEY (study) REFERENCES studyhall_studies (id)"
    connection.execute(text(f"CREATE TABLE studyhall_snapshots ({names}, {content}, {keys})"))
    if on_server:
        connection.execute(text("ALTER TABLE studyhall_snapshots ALTER COLUMN bytes SET STORAGE EXTERNAL"))


# --- from version 2 to 3 ----------------------------------------------------------------------------------------------

_STANDARD = ("loss", "accuracy")  # all the metrics that there were


def _name_metrics(connection: Connection) -> None:
    """From version 2 to 3: metrics are stored by name, and a study is dumped in the names of today."""
    curve = ("train", "validation")
    _join_columns(connection, "studyhall_curves", ("study", "trial", "epoch"), curve)
    _join_columns(connection, "studyhall_finalist_curves", ("study", "phase", "trial", "seed", "epoch"), curve)
    _join_columns(connection, "studyhall_finalists", ("study", "trial", "seed"), (*curve, "test"), nullable=True)
    connection.execute(text("ALTER TABLE studyhall_snapshots RENAME COLUMN piece TO chunk"))
    update = text("UPDATE studyhall_studies SET study = :study, fingerprint = :fingerprint WHERE id = :id")
    for row in connection.execute(text("SELECT id, study, fingerprint FROM studyhall_studies")).all():
        study, fingerprint = (json.loads(it) if isinstance(it, str) else it for it in (row.study, row.fingerprint))
        renamed = {"study": _rename_study(study), "fingerprint": _rename_fingerprint(fingerprint)}
        connection.execute(update, {"id": row.id} | {name: json.dumps(value) for name, value in renamed.items()})


def _join_columns(
    connection: Connection, table: str, key: tuple[str, ...], splits: tuple[str, ...], *, nullable: bool = False
) -> None:
    """Join the columns of a split (`train_loss`, `train_accuracy`) to one of metrics by name (`train`)."""
    old = [f"{split}_{metric}" for split in splits for metric in _STANDARD]
    rows = connection.execute(text(f"SELECT {', '.join((*key, *old))} FROM {table}")).mappings().all()  # noqa: S608
    for split in splits:
        constraint = "" if nullable else " NOT NULL DEFAULT '{}'"
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {split} TEXT{constraint}"))
    values, where = ", ".join(f"{it} = :{it}" for it in splits), " AND ".join(f"{it} = :{it}" for it in key)
    update = text(f"UPDATE {table} SET {values} WHERE {where}")  # noqa: S608
    for start in range(0, len(rows), BATCH):
        joined = []
        for row in rows[start : start + BATCH]:
            metrics = {split: _metrics(row, split, nullable=nullable) for split in splits}
            joined.append({name: row[name] for name in key} | metrics)
        connection.execute(update, joined)
    for column in old:
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))


def _metrics(row: RowMapping, split: str, *, nullable: bool) -> str | None:
    """Return the metrics of a split by name, as JSON. NULL stood for NaN, and for what was not measured."""
    values = {metric: row[f"{split}_{metric}"] for metric in _STANDARD}
    if nullable and all(value is None for value in values.values()):
        return None
    if row.get("phase") == "retrain" and split == "validation":  # nothing is held out then
        return "{}"
    return json.dumps({name: None if value is None or math.isnan(value) else value for name, value in values.items()})


_PRUNER_FIELDS = {
    "keep": "keep_fraction",
    "first": "min_epochs",
    "spacing": "reduction_factor",
    "rivals": "min_trials",
}


def _rename_study(study: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dumped study in the names of today."""
    renamed = dict(study)
    if renamed["pruner"]["name"] == "peer":
        fields = {_PRUNER_FIELDS.get(name, name): value for name, value in renamed["pruner"].items()}
        renamed["pruner"] = fields | {"name": "successive_halving"}
    if renamed["family"]["name"] == "own":
        renamed["family"] = renamed["family"] | {"name": "custom"}
    return renamed


def _rename_fingerprint(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fingerprint, whose keys are the fields of a study with dots between them, in the names of today."""
    renamed = dict(fingerprint)
    if renamed.get("pruner.name") == "peer":
        fields = {f"pruner.{old}": f"pruner.{new}" for old, new in _PRUNER_FIELDS.items()}
        renamed = {fields.get(key, key): value for key, value in renamed.items()}
        renamed["pruner.name"] = "successive_halving"
    if renamed.get("family.name") == "own":
        renamed["family.name"] = "custom"
    return renamed


# --- from version 3 to 4 ----------------------------------------------------------------------------------------------


def _know_own(connection: Connection) -> None:
    """From version 3 to 4: our rows know Optuna's study and their folder, and which trials are ours.

    The number in a study's attribute was all that tied it to our row: of several with the same number, the oldest is
    the original and the others are copies of it.
    """
    for column in ("study_id INTEGER", "link TEXT NOT NULL DEFAULT ''", "folder TEXT NOT NULL DEFAULT ''"):
        connection.execute(text(f"ALTER TABLE studyhall_studies ADD COLUMN {column}"))
    connection.execute(text("CREATE INDEX ix_studyhall_studies_study_id ON studyhall_studies (study_id)"))
    connection.execute(text("UPDATE studyhall_studies SET link = CAST(id AS TEXT), folder = '~' || CAST(id AS TEXT)"))
    linked = (
        "SELECT a.value_json AS link, s.study_id, s.study_name FROM studies s JOIN study_user_attributes a "
        "ON a.study_id = s.study_id WHERE a.key = 'studyhall' ORDER BY s.study_id DESC"
    )
    update = text("UPDATE studyhall_studies SET study_id = :study_id, folder = :study_name WHERE link = :link")
    for row in connection.execute(text(linked)).mappings().all():  # the oldest comes last, and stays
        fits = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@~-]*", row["study_name"])  # or Optuna's dashboard renamed it
        connection.execute(update, dict(row) if fits else {**row, "study_name": f"~{row['link']}"})
    key = "study INTEGER NOT NULL, trial INTEGER NOT NULL"
    keys = "PRIMARY KEY (study, trial), FOREIGN KEY (study) REFERENCES studyhall_studies (id)"
    without_rowid = " WITHOUT ROWID" if connection.dialect.name == "sqlite" else ""
    connection.execute(text(f"CREATE TABLE studyhall_trials ({key}, ended BOOLEAN NOT NULL, {keys}){without_rowid}"))
    ours = (
        "INSERT INTO studyhall_trials (study, trial, ended) SELECT s.id, t.number, t.state <> 'RUNNING' FROM trials t "
        "JOIN studyhall_studies s ON s.study_id = t.study_id WHERE EXISTS (SELECT 1 FROM trial_user_attributes a "
        "WHERE a.trial_id = t.trial_id AND a.key IN ('joined', 'repeat_of'))"
    )
    connection.execute(text(ours))


# --- from version 4 to 5 ----------------------------------------------------------------------------------------------


def _say_more_in_the_ledger(connection: Connection) -> None:
    """From version 4 to 5: a line of the ledger says who looked, with which command, and what was seen."""
    for column in ("kind", "name", "who", "command"):
        connection.execute(text(f"ALTER TABLE studyhall_ledger ADD COLUMN {column} TEXT NOT NULL DEFAULT ''"))
    connection.execute(text("ALTER TABLE studyhall_ledger ADD COLUMN figures TEXT"))
    kind = "CASE WHEN purpose LIKE 'evaluation of %' THEN 'evaluation' ELSE 'export' END"
    name = (
        "SELECT COALESCE(s.study_name, o.folder) FROM studyhall_studies o LEFT JOIN studies s "
        "ON s.study_id = o.study_id WHERE o.id = studyhall_ledger.study"
    )
    connection.execute(text(f"UPDATE studyhall_ledger SET kind = {kind}, name = ({name})"))  # noqa: S608


# --- from version 5 to 6 ----------------------------------------------------------------------------------------------


def _add_members(connection: Connection) -> None:
    """From version 5 to 6: an epoch of a trial of several lanes has the metrics of each."""
    for table in ("studyhall_curves", "studyhall_finalist_curves"):
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN members TEXT"))


# Version -> the step that leads from it to the next.
STEPS: dict[int, Callable[[Connection], None]] = {
    1: _add_snapshots,
    2: _name_metrics,
    3: _know_own,
    4: _say_more_in_the_ledger,
    5: _add_members,
}
