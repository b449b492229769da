"""One database: Optuna's tables, ours beside them, and how it is opened or refused.

search.storage is the only caller and gives the rows their meaning; nothing here knows what becomes of a trial. Optuna's
tables are used as Optuna lays them out: the version of that layout is checked whenever a database is opened. Foreign
errors of this border (SQLAlchemy's, SQLite's, the file system's) become `UserError` here, and nowhere else.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from models.errors import UserError

DEFAULT_FILE = "runs/studies.db"

# The one place that knows how a dialect says "insert unless it is there".
_INSERT: dict[str, Callable[[Any], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


# --- addresses --------------------------------------------------------------------------------------------------------


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        shown = re.sub(r":[^:@/]*@", ":***@", url)
        raise UserError(f"{shown!r} is not the address of a database", f"write sqlite:///{DEFAULT_FILE}") from error
    if address.get_backend_name() not in _INSERT:
        fact = f"{_mask(address)} is not a kind of database we know"
        raise UserError(fact, "use sqlite:///... or postgresql+psycopg://...")
    if address.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"):
        fact = f"{_mask(address)} names a driver that we do not use"
        raise UserError(fact, f"write {address.get_backend_name()}://...")
    if address.get_backend_name() == "sqlite" and (address.database or ":memory:").startswith((":memory:", "file:")):
        raise UserError(f"{_mask(address)} names no file to keep trials in", f"write sqlite:///{DEFAULT_FILE}")
    if address.get_backend_name() == "sqlite" and (file := Path(address.database or "")).is_dir():
        raise UserError(f"{file} is a folder", f"name a file in it: --storage sqlite:///{file}/studies.db")
    return address


def _mask(address: URL) -> str:
    """The address without any password, wherever it stands."""
    secret = {key: "***" for key in address.query if "pass" in key.lower()}
    return address.update_query_dict(secret).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def folder_of(url: str) -> Path:
    """Where the runs of a database lie, whether it is there or not. Raises UserError for what is no address."""
    return _folder(_parse(url))


def _folder(address: URL) -> Path:
    """Where the runs of this database lie: no two databases share it."""
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        return file.with_suffix("") if file.suffix == ".db" else file.with_name(f"{file.name}.files")
    host = address.host or address.query.get("host") or "localhost"  # the second is a socket's folder
    parts = (str(host), str(address.port or ""), address.database or "")
    return Path("runs") / re.sub(r"[^A-Za-z0-9._-]", "_", "-".join(filter(None, parts)))
