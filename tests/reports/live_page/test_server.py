"""The live page over HTTP: the events of real searches; nobody's absence or slowness harms anybody."""

import http.client
import io
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

import optuna
import pytest

from models.errors import UserError
from reports.live_page import feed as feeds
from reports.live_page.feed import Feed
from reports.live_page.server import LiveServer
from search.record.store import Store
from tests.support.commands import search_here
from tests.support.live import Browser, Event, asked, read_events, served
from tests.support.records import optuna_storage
from tests.support.reports import EVIL, add, every_fate
from tests.support.runs import study_file
from tests.support.servers import Server

PROMOTING = (("lanes=3,", "lanes=3,\n    pruner=Promotion(reduction_factor=2),"), ("Int, Mlp,", "Int, Mlp, Promotion,"))


def events(server: LiveServer, last: str = "") -> Iterator[Event]:
    """Read the stream from a browser's own connection until the server ends it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    with closing(connection):
        connection.request("GET", "/events", headers={"Last-Event-ID": last} if last else {})
        answer = connection.getresponse()
        assert answer.getheader("Content-Type") == "text/event-stream"
        yield from read_events(io.TextIOWrapper(answer, encoding="utf-8"))


def watch(server: LiveServer, browser: Browser) -> threading.Thread:
    """Let a browser take all events, in a thread that ends when the server does."""
    opened = threading.Event()

    def read() -> None:
        for event in events(server):
            browser.take(event)
            opened.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert opened.wait(10)
    return thread


def address(folder: Path) -> str:
    return f"sqlite:///{folder}/studies.db"


@pytest.fixture(params=["in a file", "on a server"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new database; runs on a server lie below tmp_path as well."""
    monkeypatch.chdir(tmp_path)
    if request.param == "in a file":
        return address(tmp_path)
    server: Server = request.getfixturevalue("server")
    return server.new()


def test_a_browser_sees_a_real_search_as_it_is_recorded(tmp_path: Path, url: str) -> None:
    file = study_file(tmp_path, *PROMOTING)
    search_here(file, url, "--trials", "4", "--epochs", "4")
    browser, over = Browser(), threading.Event()
    with served(url, "small") as (server, feed):
        assert feed_state(server) == ("finished", 4)
        thread = watch(server, browser)
        poll = threading.Thread(target=lambda: [feed.refresh() for _ in iter(lambda: over.wait(0.02), True)])
        poll.start()
        try:
            search_here(file, url, "--trials", "14", "--epochs", "4")
        finally:
            over.set()
            poll.join()
        feed.refresh()
    thread.join()
    record = Store(url, create=False).find("small")
    assert record is not None
    curves = record.curves()
    for row in record.trials():
        trial = browser.trials[row.number]
        assert (trial["state"], trial["value"]) == (row.state, row.value)
        trained = [float(f"{it.validation['accuracy']:.6g}") for it in curves[row.number]] if row.joined else []
        assert trial["curve"] == trained
    assert browser.now["phase"] == "finished"
    assert browser.kinds.count("change") >= 2, "ticks come as they are recorded, if several at a time"
    assert browser.kinds[-1] == "end"
    told = [(line["n"], line["kind"]) for line in browser.lines]
    assert {kind for _, kind in told} >= {"began", "paused", "complete"}
    came_back = [n for n, ticks in record.ticks().items() for one, next_ in pairwise(ticks) if next_ > one + 1]
    assert sorted(n for n, kind in told if kind == "promoted") == sorted(came_back)
    ends = sorted(number for number, kind in told if kind in ("complete", "pruned", "diverged", "failed"))
    assert ends == list(range(14)), "each trial ends once"
    leader = max(curves, key=lambda number: record.trials()[number].value or 0)
    assert browser.now["leader"] == leader


def feed_state(server: LiveServer) -> tuple[str, int]:
    first = next(iter(events(server))).data
    return first["now"]["phase"], len(first["trials"])


def test_a_browser_that_comes_back_goes_on_where_it_was(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, feed):
        first = next(iter(events(server)))
        add(record, 6, [0.5], None)
        feed.refresh()
        (missed,) = islice(events(server, first.id), 1)
        assert (missed.kind, [trial["n"] for trial in missed.data["trials"]]) == ("change", [6])
        assert next(iter(events(server, "another-7"))).kind == "snapshot"
        assert next(iter(events(server))).kind == "snapshot"


def test_one_that_has_missed_too_much_is_told_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "KEPT", 2)
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, feed):
        first = next(iter(events(server)))
        for number in range(6, 10):
            add(record, number, [0.5], None)
            feed.refresh()
        back = next(iter(events(server, first.id)))
        assert (back.kind, len(back.data["trials"])) == ("snapshot", 10)


def test_nothing_is_written(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    before = [Store(address(tmp_path)).pulse(record.name), *database_text(tmp_path)]
    with served(address(tmp_path), record.name) as (server, feed):
        next(iter(events(server)))
        feed.refresh()
    assert [Store(address(tmp_path)).pulse(record.name), *database_text(tmp_path)] == before


def database_text(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "studies.db")) as database:
        return list(database.iterdump())


def test_a_study_that_is_deleted_is_told(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, feed):
        optuna.delete_study(study_name=record.name, storage=optuna_storage(address(tmp_path)))
        feed.refresh()
        now = next(iter(events(server))).data["now"]
        assert now["trouble"] == "there is no study `made` any more"
        assert now["planned"] == 10, "what was known stays on the page"


def test_a_database_that_is_removed_is_told_and_not_made_again(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, feed):
        (tmp_path / "studies.db").unlink()
        feed.refresh()
        assert "was removed or replaced" in next(iter(events(server))).data["now"]["trouble"]
    assert not (tmp_path / "studies.db").exists()


def test_a_writer_that_holds_the_database_keeps_nobody_waiting(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    writer = sqlite3.connect(tmp_path / "studies.db", isolation_level=None)
    with closing(writer), served(address(tmp_path), record.name) as (server, feed):
        writer.execute("BEGIN EXCLUSIVE")
        feed.refresh()
        assert next(iter(events(server))).data["now"]["trouble"] is None
        writer.execute("ROLLBACK")


def test_many_browsers_of_which_some_go_away_or_take_nothing(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, feed):
        silent = socket.create_connection(("127.0.0.1", server.server_port))
        silent.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")  # and reads nothing
        browsers = [Browser() for _ in range(8)]
        threads = [watch(server, browser) for browser in browsers]
        next(iter(events(server)))  # goes away after the first event
        add(record, 6, [0.5], None)
        feed.refresh()
        feed.close()
        for thread in threads:
            thread.join(10)
        silent.close()
    assert all(browser.trials.keys() == set(range(7)) for browser in browsers)


def test_only_names_of_this_machine_are_answered(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, _):
        assert server.server_address[0] == "127.0.0.1"
        assert asked(server, "/", Host="elsewhere.example")[0] == 403
        assert asked(server, "/events", Host="elsewhere.example")[0] == 403
        assert asked(server, "/")[0] == 200
        assert asked(server, "/", "HEAD") == (200, b"")
        assert asked(server, "/../studies.db")[0] == 404
        assert asked(server, "/", "POST")[0] == 501


def test_the_page_needs_nothing_else_and_holds_no_word_of_the_study(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, _):
        page = asked(server, "/")[1].decode()
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert EVIL not in page
    assert "--winner:" in page, "the report's own colours"


def test_the_report_is_shown_once_it_is_there(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, feed):
        assert asked(server, "/report") == (404, b"there is no report yet")
        (record.folder / "report.html").write_text("<h1>told</h1>")
        assert asked(server, "/report") == (200, b"<h1>told</h1>")
        add(record, 6, [0.5, 0.6], "pruned")  # ended after the report was written
        feed.refresh()
        assert next(iter(events(server))).data["now"]["report"] == "old"


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (server, feed), pytest.raises(UserError, match="is in use"):
        LiveServer(feed, server.follower, server.server_port)


def test_a_stream_ends_with_the_feed(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    with served(address(tmp_path), record.name) as (_, feed):
        stream = feed.stream()
        assert next(stream).startswith(b"event: snapshot\n")
        feed.close()
        assert list(stream)[-1] == b"event: end\ndata: {}\n\n"
        assert isinstance(feed, Feed)
