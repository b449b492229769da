"""python -m reports.live: a search in the browser while it runs, wherever it runs. See `--help`.

Reads the record of a study and serves one page on this machine's own address; writes nothing. `search --live` starts
this command beside the search.
"""

import sys
import threading
from contextlib import suppress
from typing import Annotated

import typer
from rich.markup import escape

from models.console import Debug, UngroupedCommand, bounded_int, command, new_app, out, start
from search.cli.options import Storage
from search.options import DEFAULT_STORAGE

app = new_app()

ASK_SECONDS = 0.25  # between two looks into the database: an event is later by half of that, on average
LAST_WORDS_SECONDS = 2.0  # that browsers have to take the last events

EXAMPLES = """
[bold]Examples[/]

  watch a search that runs, here or on other machines:
  python -m reports.live --study mlp

  at an address that stays the same:
  python -m reports.live --study mlp --port 8123

  a study of another database:
  python -m reports.live --study mlp --storage sqlite:////data/studies.db
"""


@app.command(cls=UngroupedCommand, epilog=EXAMPLES)
def main(
    study: Annotated[str, typer.Option(metavar="NAME", help="The study to watch, or its file.")],
    storage: Storage = DEFAULT_STORAGE,
    port: Annotated[
        int, typer.Option(parser=bounded_int(0, 65535), metavar="P", help="Where it listens; 0 takes a free one.")
    ] = 0,
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True)] = False,
    debug: Debug = False,
) -> None:
    """Show a search in the browser while it runs: curves, who was cut and why, the best so far, the time left."""
    with command(debug):
        import optuna

        if until_eof:  # the search says where its database is, with the password that it may have
            storage = sys.stdin.readline().rstrip("\n")
        from reports.exports.exporting import find_record
        from reports.live_page.feed import Feed
        from reports.live_page.follower import Follower
        from reports.live_page.server import LiveServer
        from search.record.store import Store

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        store = Store(storage, create=False)
        follower = Follower(store, storage, find_record(store, study).name)
        feed, over = Feed(follower), threading.Event()
        feed.refresh()
        with LiveServer(feed, follower, port) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
            if until_eof:  # the search closes it when it ends, and so does its death
                threading.Thread(target=_set_at_end_of_input, args=(over,), daemon=True).start()
                out.print(f"live at {server.address}", markup=False)
            else:
                out.print(escape(f"`{study}` in {store.masked} is live at {server.address}; Ctrl-C ends it"))
            sys.stdout.flush()
            with suppress(KeyboardInterrupt):
                while not over.wait(ASK_SECONDS):
                    feed.refresh()
                feed.refresh()
            feed.close()
            feed.wait_for_readers(LAST_WORDS_SECONDS)
            server.shutdown()


def _set_at_end_of_input(event: threading.Event) -> None:
    sys.stdin.read()
    event.set()


if __name__ == "__main__":
    start(app)
