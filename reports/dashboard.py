"""python -m reports.dashboard: optuna-dashboard on this machine's own address, read-only unless asked. See `--help`.

optuna-dashboard has neither a login nor a read-only mode: whoever reaches it can delete a study. Here a gate lets
only reading requests pass, and a production WSGI server listens on loopback. /reports leads to the report page of
every study. It reads a database while a search writes it.
"""

import errno
import logging
import os
import re
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape

from models.console import Debug, UngroupedCommand, bounded_int, command, new_app, out, start
from reports.served.wsgi import LOOPBACK, READING, Wsgi, answer, hostname
from search.cli.options import Storage
from search.options import DEFAULT_STORAGE

if TYPE_CHECKING:
    from search.record.store import Store

app = new_app()

Allowed = Literal["nothing", "notes", "everything"]  # what the pages may change
REFUSALS = {
    "nothing": "this dashboard is read-only; start it with --allow-notes or --allow-changes to let it write",
    "notes": "this dashboard writes notes only; start it with --allow-changes to let it write",
}
THREADS = 8  # about as many requests as a page of the dashboard sends at a time

EXAMPLES = """
[bold]Examples[/]

  look at the studies in runs/studies.db:
  python -m reports.dashboard

  another database, at another port:
  python -m reports.dashboard --storage sqlite:////data/studies.db --port 8081

  write notes there as well:
  python -m reports.dashboard --allow-notes
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
    allow_notes: Annotated[
        bool, typer.Option("--allow-notes", metavar="", help="Let the pages write notes, and nothing else.")
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
        allowed: Allowed = "everything" if allow_changes else "notes" if allow_notes else "nothing"
        server = serve(application(store, storage, allowed=allowed, host=host), host, port)
        how = {
            "nothing": "read-only; --allow-notes lets it write notes, --allow-changes everything",
            "notes": "notes are written, and nothing else",
            "everything": "changes are allowed",
        }[allowed]
        address = f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}"
        out.print(escape(f"{store.masked} at {address}/ ({how}); Ctrl-C ends it"))
        out.print(escape(f"reports at {address}/reports"))
        if host not in LOOPBACK:
            what = {"nothing": "see", "notes": "see, and write notes to,", "everything": "see and change"}[allowed]
            out.print(f"[yellow]note:[/] there is no login: whoever reaches {escape(host)} can {what} all of it")
        server.run()


def application(store: "Store", url: str, *, allowed: Allowed, host: str = "127.0.0.1") -> Wsgi:
    """Return the dashboard of a database as a WSGI application."""
    from optuna.artifacts import FileSystemArtifactStore
    from optuna.storages import RDBStorage
    from optuna_dashboard import wsgi
    from sqlalchemy import event

    from reports.served.artifacts import artifact_folder
    from reports.served.report_pages import with_reports
    from search.record.postgres import read_only
    from search.record.sqlite import BUSY_SECONDS

    sqlite = url.startswith("sqlite")
    storage = RDBStorage(
        url.replace("{", "{{").replace("}", "}}"),  # Optuna formats the address
        engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}} if sqlite else None,
    )
    weakref.finalize(storage, storage.engine.dispose)  # closes the connections
    if allowed == "nothing":
        # A second lock behind the gate: these connections cannot write, whatever asks them to.
        make_read_only = (lambda connection, _: connection.execute("PRAGMA query_only = ON")) if sqlite else read_only
        event.listen(storage.engine, "connect", make_read_only)
        storage.engine.dispose()  # connections that were made before
    dashboard: Wsgi = wsgi(storage, artifact_store=FileSystemArtifactStore(artifact_folder(store)))
    return gate(with_reports(dashboard, store), allowed=allowed, hosts=LOOPBACK if host in LOOPBACK else ())


def gate(inner: Wsgi, *, allowed: Allowed, hosts: tuple[str, ...]) -> Wsgi:
    """Return an application that passes requests to `inner`: those that read, and of others those that are allowed.

    Args:
        inner: The application behind the gate.
        allowed: Which requests pass besides GET and HEAD: none, those that write a note, or all.
        hosts: Host names of which a request must name one, if any are given. Without that, a page of another site
            whose name was made to lead here could read and write as the user can (DNS rebinding).
    """

    def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if hosts and hostname(environ.get("HTTP_HOST", "")) not in hosts:
            return answer(start, "403 Forbidden", f"this dashboard answers to {', '.join(hosts)} only")
        method = environ["REQUEST_METHOD"]
        writes_note = method == "PUT" and re.fullmatch(r"/api/studies/\d+(/\d+)?/note", environ.get("PATH_INFO", ""))
        if method not in READING and allowed != "everything" and not (allowed == "notes" and writes_note):
            return answer(start, "403 Forbidden", REFUSALS[allowed])
        return inner(environ, start)

    return guarded


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


if __name__ == "__main__":
    start(app)
