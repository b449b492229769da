"""Addresses of databases: which are accepted, how they are shown without their password, where their files lie.

Opens nothing.
"""

import re
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from models.errors import UserError
from search.options import DEFAULT_STORAGE

KINDS = ("sqlite", "postgresql")
_INSTEAD = "name a file, sqlite:///runs/studies.db, or for several machines postgresql+psycopg://user@host/database"
_MYSQL = "MySQL and MariaDB are not served: how their transactions and locks go with our leases was never tried"
_JOURNAL = "Optuna's journal is not served: it has no transactions, and our tables cannot stand in it"
_PROXY = "Optuna's gRPC proxy is not served: it passes on Optuna's calls one by one, none of our tables, no transaction"
_OTHER_STORAGES = {  # of Optuna, by the beginning of an address
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "grpc": _PROXY,
    "journal": _JOURNAL,
    "redis": _JOURNAL,
}
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")


def parse(url: str) -> URL:
    """Return an address in SQLAlchemy's form.

    Raises:
        UserError: It is no address, or no database that can keep studies.
    """
    if refused := _other_storage(url):
        raise UserError(refused, _INSTEAD)
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        shown = re.sub(r":[^:@/]*@", ":***@", url)
        raise UserError(f"{shown!r} is not the address of a database", f"write {DEFAULT_STORAGE}") from error
    kind = address.get_backend_name()
    if kind not in KINDS:
        raise UserError(f"{mask(address)} is not a kind of database that can keep a study", _INSTEAD)
    if address.drivername not in _DRIVERS:
        raise UserError(f"{mask(address)} names a driver that we do not use", f"write {kind}://...")
    if kind == "sqlite":
        name = address.database or ":memory:"
        if name.startswith((":memory:", "file:")):
            raise UserError(f"{mask(address)} names no file to keep trials in", f"write {DEFAULT_STORAGE}")
        if address.host or address.username or address.query:
            fact = f"{mask(address)} names a host or an option, which a file does not have"
            raise UserError(fact, "write three slashes before a relative path, as in sqlite:///runs/studies.db")
        if Path(name).is_dir():
            raise UserError(f"{name} is a folder", f"name a file in it: --storage sqlite:///{Path(name)}/studies.db")
    return address


def _other_storage(url: str) -> str | None:
    """Return why a storage of Optuna's is not served that is no database, or one that was not tried."""
    scheme, separator, _ = url.partition("://")
    if separator:
        return _OTHER_STORAGES.get(scheme.partition("+")[0].lower())
    if re.fullmatch(r"[\w.-]+:\d+", url):  # as the proxy is named to Optuna
        return _PROXY
    return _JOURNAL if Path(url).suffix in (".log", ".journal") else None


def mask(address: URL) -> str:
    """Return the address without any password, wherever it stands."""
    secret = {key: "***" for key in address.query if "pass" in key.lower()}
    return address.update_query_dict(secret).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def folder_of(url: str) -> Path:
    """Return the folder in which the studies of a database have their files; the database need not exist.

    Raises:
        UserError: It is no address.
    """
    return folder_beside(parse(url))


def folder_beside(address: URL) -> Path:
    """Return the folder in which the studies of a database have their files. No two databases share it."""
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        return file.with_suffix("") if file.suffix == ".db" else file.with_name(f"{file.name}.files")
    host = address.host or address.query.get("host") or "localhost"  # the second is a socket's folder
    parts = (str(host), str(address.port or ""), address.database or "")
    return Path("runs") / re.sub(r"[^A-Za-z0-9._-]", "_", "-".join(filter(None, parts)))


def folder_refused(where: str, error: OSError) -> UserError:
    """Return what to tell a user of a database, named as in `where`, whose folder beside it cannot be used."""
    fact = f"{where} cannot be used: {error.filename or 'its folder'}: {error.strerror}"
    return UserError(fact, "check the rights of that folder, or name another place with --storage")
