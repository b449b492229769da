"""The live page for tests: served in this process, read as a browser reads it."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from reports.live_page.feed import Feed
from reports.live_page.follower import Follower
from reports.live_page.server import LiveServer
from search.record.store import Store


@contextmanager
def served(url: str, name: str) -> Iterator[tuple[LiveServer, Feed]]:
    """Serve a study until the end; `Feed.refresh` looks for news, as the command does several times a second."""
    follower = Follower(Store(url, create=False), url, name)
    feed = Feed(follower)
    feed.refresh()
    with LiveServer(feed, follower, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server, feed
        finally:
            feed.close()
            feed.wait_for_readers(2.0)
            server.shutdown()
            thread.join()


@dataclass
class Event:
    """One event as it was sent."""

    kind: str
    id: str
    data: Any


def read_events(lines: Iterator[str]) -> Iterator[Event]:
    """Read a stream of events."""
    kind = number = ""
    for line in lines:
        name, _, value = line.rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "id":
            number = value
        elif name == "data":
            yield Event(kind, number, json.loads(value))


def asked(server: LiveServer, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """Return the status and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@dataclass
class Browser:
    """What the page would know: it takes a snapshot, and then changes."""

    trials: dict[int, dict[str, Any]] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    best: list[list[float]] = field(default_factory=list)
    now: dict[str, Any] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    last: str = ""

    def take(self, event: Event) -> None:
        """Take over an event, as page.html does."""
        self.kinds.append(event.kind)
        if event.kind == "end":
            return
        self.now, self.last = event.data["now"], event.id
        if event.kind == "snapshot":
            self.trials = {trial["n"]: trial for trial in event.data["trials"]}
            self.lines, self.best = event.data["lines"], event.data["best"]
            return
        for trial in event.data["trials"]:
            known = self.trials.setdefault(trial["n"], {"curve": []})
            curve = [*known["curve"][: trial["from"]], *trial["curve"]]
            known.update({**trial, "from": 0, "curve": curve})
        self.lines = self.lines + event.data["lines"]
        self.best = self.best + event.data["best"]
