"""Events for browsers: a snapshot first, then what changes, each with an id, so that a browser that lost its connection
goes on where it was (server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html).

Many browsers read one feed; a slow one delays nobody. Knows neither HTTP nor what a search is.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from reports.live_page.follower import Follower

KEPT = 256  # events that a browser may have missed; one that missed more gets a snapshot
SILENCE_SECONDS = 15.0  # after which a line is sent all the same: a browser that has gone is found out by it


class Feed:
    """What a follower tells, for any number of browsers.

    Args:
        follower: The search.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._name = uuid4().hex[:8]  # ids of another server's events are not ours
        self._changed = threading.Condition()
        self._events: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._number = 0
        self._since = 0  # the event from which on increments make sense
        self._closed = False
        self._readers = 0

    def refresh(self) -> None:
        """Ask the record once, and send what has changed."""
        reading = self._follower.read()
        with self._changed:
            change = self._follower.fold(reading)
            if change is None:
                return
            self._number += 1
            if "trials" in change:
                self._events.append((self._number, self._event("change", self._number, change)))
            else:  # another study, or the same with another budget: everybody needs all of it
                self._events.clear()
                self._since = self._number
            self._changed.notify_all()

    def close(self) -> None:
        """Let every stream end, once it has sent what there is, with an event that says so."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_for_readers(self, seconds: float) -> None:
        """Wait until no stream is left, or for so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._readers, seconds)

    def stream(self, last: str = "") -> Iterator[bytes]:
        """Yield events, for ever or until the feed is closed.

        Args:
            last: The id of the last event that the browser has, if it has one.
        """
        name, _, number = last.rpartition("-")
        seen = int(number) if name == self._name and number.isdigit() else -1
        with self._changed:
            self._readers += 1
        try:
            while True:
                with self._changed:
                    if seen >= self._number and not self._closed:
                        self._changed.wait(SILENCE_SECONDS)
                    seen, events = self._missed(seen)
                    closed = self._closed
                yield b"".join(events) or b": still here\n\n"
                if closed:
                    yield b"event: end\ndata: {}\n\n"
                    return
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    def _missed(self, seen: int) -> tuple[int, list[bytes]]:
        """Return the events after one that a browser has, or a snapshot where they are no longer there."""
        oldest = self._number - len(self._events)
        if seen > self._number or seen < max(self._since, oldest):
            return self._number, [self._event("snapshot", self._number, self._follower.snapshot())]
        return self._number, [event for number, event in self._events if number > seen]

    def _event(self, kind: str, number: int, data: dict[str, Any]) -> bytes:
        text = json.dumps(data, separators=(",", ":"), allow_nan=False)
        return f"event: {kind}\nid: {self._name}-{number}\ndata: {text}\n\n".encode()
