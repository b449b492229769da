"""python -m reports.dashboard: optuna-dashboard on this machine's own address, read-only unless asked. See `--help`.

optuna-dashboard has neither a login nor a read-only mode: whoever reaches it can delete a study. Here a gate lets
only reading requests pass, and a production WSGI server listens on loopback. /reports leads to the report page of
every study. It reads a database while a search writes it.
"""

import errno
import json
import logging
import os
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from models.console import Debug, UngroupedCommand, bounded_int, command, new_app, out, start
from search.cli.options import Storage
from search.options import DEFAULT_STORAGE

if TYPE_CHECKING:
    from search.record.store import Store

app = new_app()

# WSGI (PEP 3333): a request's environment and how to begin the answer, to the answer's bytes.
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
READING = ("GET", "HEAD")  # the dashboard shows with these; every other method changes something
THREADS = 8  # about as many requests as a page of the dashboard sends at a time

EXAMPLES = """
[bold]Examples[/]

  look at the studies in runs/studies.db:
  python -m reports.dashboard

  another database, at another port:
  python -m reports.dashboard --storage sqlite:////data/studies.db --port 8081

  write notes and delete studies there as well:
  python -m reports.dashboard --allow-changes
"""


@app.command(cls=UngroupedCommand, epilog=EXAMPLES)
def main(
    storage: Storage = DEFAULT_STORAGE,
    port: Annotated[
        int, typer.Option(parser=bounded_int(0, 65535), metavar="P", help="Where it listens; 0 takes a free one.")
    ] = 8080,
    host: Annotated[
        str, typer.Option(metavar="NAME", help="Another address than this machine's own: others can then see it.")
    ] = "127.0.0.1",
    allow_changes: Annotated[
        bool, typer.Option("--allow-changes", metavar="", help="Let the pages write notes, and rename and delete.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Show all studies of a database in the browser, by optuna-dashboard."""
    with command(debug):
        import optuna

        from search.record.store import Store

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page that waits a moment is no news
        store = Store(storage, create=False)
        server = serve(application(store, storage, allow_changes=allow_changes, host=host), host, port)
        how = "changes are allowed" if allow_changes else "read-only; --allow-changes lets it write"
        address = f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}"
        out.print(escape(f"{store.masked} at {address}/ ({how}); Ctrl-C ends it"))
        out.print(escape(f"reports at {address}/reports"))
        if host not in LOOPBACK:
            what = "see and change" if allow_changes else "see"
            out.print(f"[yellow]note:[/] there is no login: whoever reaches {escape(host)} can {what} all of it")
        server.run()


def application(store: "Store", url: str, *, allow_changes: bool, host: str = "127.0.0.1") -> Wsgi:
    """Return the dashboard of a database as a WSGI application."""
    from optuna.artifacts import FileSystemArtifactStore
    from optuna.storages import RDBStorage
    from optuna_dashboard import wsgi
    from sqlalchemy import event

    from reports.artifacts import artifact_folder
    from search.record.postgres import read_only
    from search.record.sqlite import BUSY_SECONDS

    sqlite = url.startswith("sqlite")
    storage = RDBStorage(
        url.replace("{", "{{").replace("}", "}}"),  # Optuna formats the address
        engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}} if sqlite else None,
    )
    weakref.finalize(storage, storage.engine.dispose)  # closes the connections
    if not allow_changes:
        # A second lock behind the gate: these connections cannot write, whatever asks them to.
        make_read_only = (lambda connection, _: connection.execute("PRAGMA query_only = ON")) if sqlite else read_only
        event.listen(storage.engine, "connect", make_read_only)
        storage.engine.dispose()  # connections that were made before
    dashboard: Wsgi = wsgi(storage, artifact_store=FileSystemArtifactStore(artifact_folder(store)))
    return gate(with_reports(dashboard, store), allow_changes=allow_changes, hosts=LOOPBACK if host in LOOPBACK else ())


def gate(inner: Wsgi, *, allow_changes: bool, hosts: tuple[str, ...]) -> Wsgi:
    """Return an application that passes requests to `inner`: those that read, and others only if changes are allowed.

    Args:
        inner: The application behind the gate.
        allow_changes: Let other requests than GET and HEAD pass.
        hosts: Host names of which a request must name one, if any are given. Without that, a page of another site
            whose name was made to lead here could read and write as the user can (DNS rebinding).
    """

    def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if hosts and _hostname(environ.get("HTTP_HOST", "")) not in hosts:
            return _answer(start, "403 Forbidden", f"this dashboard answers to {', '.join(hosts)} only")
        if not allow_changes and environ["REQUEST_METHOD"] not in READING:
            return _answer(
                start, "403 Forbidden", "this dashboard is read-only; start it with --allow-changes to let it write"
            )
        return inner(environ, start)

    return guarded


def with_reports(inner: Wsgi, store: "Store") -> Wsgi:
    """Return an application that answers /reports/NAME with a study's report, /reports with links to all reports."""
    from models.errors import UserError

    def answering(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        before, _, name = environ.get("PATH_INFO", "").rpartition("/")
        index = (before, name) in (("", "reports"), ("/reports", ""))
        if not (index or before == "/reports") or environ["REQUEST_METHOD"] not in READING:
            return inner(environ, start)
        try:
            page = _index(store) if index else (store.folder(name) / "report.html").read_bytes()
        except (UserError, OSError):  # not the name of a study, or of one without a report
            return _answer(start, "404 Not Found", f"there is no report of {name!r}; reports.export writes them")
        start("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page)))])
        return [page] if environ["REQUEST_METHOD"] == "GET" else []

    return answering


def _index(store: "Store") -> bytes:
    """Return the page with links to all reports."""
    rows = []
    for name in store.names():  # letters, digits and . _ @ ~ - only
        has_report = (store.folder(name) / "report.html").is_file()
        rows.append(f'<li><a href="/reports/{name}">{name}</a>' if has_report else f"<li>{name}: no report yet")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Reports</title><style>:root{color-scheme:light dark}body{font:1rem/1.6 system-ui;margin:2rem}</style>"
        f'<h1>Reports</h1><ul>{"".join(rows) or "<li>no study yet"}</ul><p><a href="/dashboard">The dashboard</a>'
    ).encode()


def serve(application: Wsgi, host: str, port: int) -> Any:
    """Return a server that listens and waits for `run`; port 0 takes a free one, which `effective_port` tells.

    Raises:
        UserError: The server cannot listen there.
    """
    import socket

    from waitress import create_server

    from models.errors import UserError

    try:
        # A socket of our own: waitress leaves its socket open where it cannot bind it.
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.create_server(address[:2], family=family)
    except socket.gaierror:
        raise UserError(f"{host} is no address of this machine", "leave out --host, or name one that is") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} of {host} is in use", f"choose another with --port, like --port {port % 65535 + 1}"
            ) from None
        raise UserError(
            f"nothing can listen at port {port} of {host}: {os.strerror(error.errno or 0)}",
            "choose another --port, above 1023, or leave out --host",
        ) from None
    return create_server(application, sockets=[bound], threads=THREADS, ident="studyhall")


def _answer(start: Callable[..., Any], status: str, reason: str) -> list[bytes]:
    """Answer in the form of the dashboard's own refusals, so that its pages show the reason."""
    body = json.dumps({"reason": reason}).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _hostname(header: str) -> str:
    """Return the name in a Host header, without the port and an IPv6 address's brackets."""
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() and not header.endswith("]") else header
    return name.strip("[]").lower()


if __name__ == "__main__":
    start(app)
