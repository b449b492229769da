"""The dashboard over HTTP, for tests: of any database, on a port of its own."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from reports import dashboard
from search.record.store import Store

Ask = Callable[..., tuple[int, bytes]]


@contextmanager
def served(url: str, **options: Any) -> Iterator[Ask]:
    """Serve the studies of a database until the end; yields what asks, by method, path and body."""
    application = dashboard.application(Store(url, create=False), url, **{"allowed": "nothing", **options})
    server = dashboard.serve(application, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()

    def ask(method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=30)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    try:
        yield ask
    finally:
        # In its own thread, which may be awake for another reason and close the trigger before we have pulled it.
        with suppress(OSError):
            server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
        thread.join()
        server.task_dispatcher.shutdown()
