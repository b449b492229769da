"""Databases as earlier versions of the program left them: in a file, or on a server."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.pool import NullPool

# What the program wrote when its tables had version 2: `mlp@digits` is searched and exported, `own` is searched.
VERSION_2 = Path(__file__).parents[1] / "search" / "record" / "data" / "version_2.sql"

# Version 1 had no snapshots in the database, and was otherwise the same.
TO_VERSION_1 = "DROP TABLE studyhall_snapshots; UPDATE studyhall_schema SET version = 1;"

_SERVERS_WORDS = {
    r"\bDATETIME\b": "TIMESTAMP",
    r"\bDOUBLE\b": "DOUBLE PRECISION",
    r"\bBLOB\b": "BYTEA",
    r"INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT": "SERIAL PRIMARY KEY",
    r"\) *\n? WITHOUT ROWID": ")",
}
_OURS_IN_ORDER = ("schema", "studies", "ledger", "curves", "finalist_curves", "finalists", "snapshots")
_OPTUNAS_OWN = ("version_info", "alembic_version")  # Optuna fills them in when it makes its tables


def old_file(file: Path, version: int) -> None:
    """Make a file of tables of version 1 or 2."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as database:
        database.executescript(VERSION_2.read_text())
        if version == 1:
            database.executescript(TO_VERSION_1)


def old_server(url: str, version: int) -> None:
    """Make tables of version 1 or 2, with the same rows, in an empty database of a server."""
    optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})
    engine = create_engine(url, poolclass=NullPool)
    with closing(sqlite3.connect(":memory:")) as source, engine.begin() as connection:
        source.row_factory = sqlite3.Row
        source.executescript(VERSION_2.read_text())
        definitions = dict(source.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
        for table in _OURS_IN_ORDER:
            definition = definitions[f"studyhall_{table}"]
            for here, there in _SERVERS_WORDS.items():
                definition = re.sub(here, there, definition)
            connection.execute(text(definition))
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            rows = [dict(row) for row in source.execute(f"SELECT * FROM {table.name}")]
            if table.name not in _OPTUNAS_OWN and rows:
                names = ", ".join(f":{name}" for name in rows[0])
                columns = ", ".join(f'"{name}"' for name in rows[0])
                connection.execute(text(f"INSERT INTO {table.name} ({columns}) VALUES ({names})"), rows)
        if version == 1:
            for statement in TO_VERSION_1.split(";")[:-1]:
                connection.execute(text(statement))
    engine.dispose()
