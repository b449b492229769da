"""/reports of the dashboard: a page that lists all studies with links to their reports, and the reports themselves.

Reads the record and report.html; knows nothing of optuna-dashboard.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import escape

from reports.served.wsgi import READING, Wsgi, answer
from search.cli.listing import recorded_row
from search.record.store import Store

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Reports</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.6 system-ui; margin: 2rem }}
th, td {{ padding: .1rem 1.2rem .1rem 0; text-align: left; white-space: nowrap }}
th {{ font-weight: 600; border-bottom: 1px solid }}
</style>
<h1>Reports</h1>
{table}
<p><a href="/dashboard">The dashboard</a>
"""
_COLUMNS = ("data", "family", "trials", "best", "state", "seen")  # of --list
_HEADS = ("study", "report", "data", "family", "trials", "best validation score", "state", "last trial")


def with_reports(inner: Wsgi, store: Store) -> Wsgi:
    """Return an application that answers /reports/NAME with a study's report, /reports with the list of all.

    Args:
        inner: Answers everything else.
        store: The database of the studies.
    """

    def answering(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")  # as PEP 3333 has it
        if not f"{path}/".startswith("/reports/") or environ["REQUEST_METHOD"] not in READING:
            return inner(environ, start)
        name = path.removeprefix("/reports").removeprefix("/")
        by_folder = environ.get("QUERY_STRING") == "folder"
        try:
            page = _file(store, name, by_folder=by_folder).read_bytes() if name else _index(store)
        except OSError:
            return answer(start, "404 Not Found", f"there is no report of {name!r}; reports.export writes them")
        start("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page)))])
        return [page] if environ["REQUEST_METHOD"] == "GET" else []

    return answering


def _file(store: Store, name: str, *, by_folder: bool) -> Path:
    """Return the report of the study of this name, or of the one that was begun under it and renamed since.

    Where both are there, `by_folder` takes the second: so ask notes, which stay when a study is renamed.

    Raises:
        FileNotFoundError: There is no such study.
    """
    looks = (store.find_by_folder, store.find) if by_folder else (store.find, store.find_by_folder)
    record = next((found for look in looks if (found := look(name)) is not None), None)
    if record is None:
        raise FileNotFoundError(name)
    return record.folder / "report.html"


def _index(store: Store) -> bytes:
    """Return the page that lists all studies."""
    rows = []
    for name in store.names():
        record, row = store.find(name), recorded_row(store, name).cells()
        if record is None:  # deleted between two looks
            continue
        report = record.folder / "report.html"
        link = "none yet"
        if report.is_file():
            written = datetime.fromtimestamp(report.stat().st_mtime, UTC)
            link = f'<a href="/reports/{quote(name, safe="")}">{written:%Y-%m-%d %H:%M} UTC</a>'
        cells = [escape(name), link, *(escape(row[column]) for column in _COLUMNS)]
        rows.append(f"<tr><td>{'<td>'.join(cells)}")
    heads = f"<tr><th>{'<th>'.join(_HEADS)}"
    return _PAGE.format(table="".join(["<table>", heads, *rows, "</table>"]) if rows else "<p>no study yet").encode()
