"""How tables of an earlier version become those of today. Each step leads from one version to the next.

A step says in plain SQL what the tables were like then, so that it stays right however tables.py changes later.
"""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from search.record.tables import Ours, SnapshotChunk, to_json

BATCH = 10_000  # rows that are rewritten at a time


def _add_snapshots(connection: Connection) -> None:
    Ours.metadata.create_all(connection, tables=[Ours.metadata.tables[SnapshotChunk.__tablename__]])


def _metrics_by_name(connection: Connection) -> None:
    """Four columns of floats become two of metrics by name; words of the study that have other names are renamed."""
    keys: dict[str, tuple[str, ...]] = {
        "studyhall_curves": ("study", "trial", "epoch"),
        "studyhall_finalist_curves": ("study", "phase", "trial", "seed", "epoch"),
        "studyhall_finalists": ("study", "trial", "seed"),
    }
    for table, key in keys.items():
        splits = ("train", "validation", "test") if table == "studyhall_finalists" else ("train", "validation")
        missing = "" if table == "studyhall_finalists" else " NOT NULL DEFAULT '{}'"
        for split in splits:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {split} TEXT{missing}"))
        _fill(connection, table, key, splits)
        for split in splits:
            for metric in ("loss", "accuracy"):
                connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {split}_{metric}"))
    for row in connection.execute(text("SELECT id, study, fingerprint FROM studyhall_studies")).all():
        study, fingerprint = (json.loads(it) if isinstance(it, str) else it for it in (row.study, row.fingerprint))
        connection.execute(
            text("UPDATE studyhall_studies SET study = :study, fingerprint = :fingerprint WHERE id = :id"),
            {
                "id": row.id,
                "study": json.dumps(_renamed_study(study)),
                "fingerprint": json.dumps(_renamed_fingerprint(fingerprint)),
            },
        )


def _fill(connection: Connection, table: str, key: tuple[str, ...], splits: tuple[str, ...]) -> None:
    """Write the metrics of every row by name."""
    wanted = ", ".join((*key, *(f"{split}_{metric}" for split in splits for metric in ("loss", "accuracy"))))
    put = ", ".join(f"{split} = :{split}" for split in splits)
    update = text(f"UPDATE {table} SET {put} WHERE {' AND '.join(f'{name} = :{name}' for name in key)}")  # noqa: S608
    rows = connection.execute(text(f"SELECT {wanted} FROM {table}")).mappings().all()  # noqa: S608
    absent = None if table == "studyhall_finalists" else "{}"  # where nothing was held out, or nothing known yet
    for start in range(0, len(rows), BATCH):
        filled = []
        for row in rows[start : start + BATCH]:
            metrics = {split: {name: row[f"{split}_{name}"] for name in ("loss", "accuracy")} for split in splits}
            filled.append(
                {name: row[name] for name in key}
                | {
                    split: absent if all(value is None for value in named.values()) else to_json(named)
                    for split, named in metrics.items()
                }
            )
        connection.execute(update, filled)


_PRUNER_FIELDS = {
    "keep": "keep_fraction",
    "first": "min_epochs",
    "spacing": "reduction_factor",
    "rivals": "min_trials",
}


def _renamed_study(study: dict[str, Any]) -> dict[str, Any]:
    """Return a dumped study in the words of today."""
    renamed = dict(study)
    if renamed["pruner"]["name"] == "peer":
        fields = {_PRUNER_FIELDS.get(name, name): value for name, value in renamed["pruner"].items()}
        renamed["pruner"] = fields | {"name": "successive_halving"}
    if renamed["family"]["name"] == "own":
        renamed["family"] = renamed["family"] | {"name": "custom"}
    return renamed


def _renamed_fingerprint(fingerprint: dict[str, Any]) -> dict[str, Any]:
    """Return a fingerprint, whose keys are the fields of a study with dots between them, in the words of today."""
    renamed = dict(fingerprint)
    if renamed.get("pruner.name") == "peer":
        renamed = {
            f"pruner.{_PRUNER_FIELDS[key.removeprefix('pruner.')]}"
            if key.removeprefix("pruner.") in _PRUNER_FIELDS and key.startswith("pruner.")
            else key: value
            for key, value in renamed.items()
        }
        renamed["pruner.name"] = "successive_halving"
    if renamed.get("family.name") == "own":
        renamed["family.name"] = "custom"
    return renamed


# From each version to the next.
STEPS: dict[int, Callable[[Connection], None]] = {1: _add_snapshots, 2: _metrics_by_name}
