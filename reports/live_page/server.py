"""The live page over HTTP, on this machine's own address alone: the page, its events, and the report once it is there.

A thread for each connection, since a stream of events lasts. Only reads.
"""

import errno
import os
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from models.errors import UserError
from reports.live_page.feed import Feed
from reports.live_page.follower import Follower
from reports.served.wsgi import LOOPBACK, hostname

MOST_STREAMS = 64  # browsers at a time: each takes a thread
PATIENCE_SECONDS = 30.0  # for a browser that takes nothing of what it is sent

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}


def _page() -> bytes:
    """Return the page, in the style of the report's."""
    here = Path(__file__).parent
    style = (here.parent / "page" / "templates" / "page.css").read_text(encoding="utf-8")
    return (here / "page.html").read_text(encoding="utf-8").replace("/* page.css */", style).encode()


class LiveServer(ThreadingHTTPServer):
    """Serves one study. `serve_forever` in a thread of its own; `address` is where.

    Args:
        feed: The events.
        follower: Knows where the report is.
        port: 0 takes a free one.

    Raises:
        UserError: The port cannot be had.
    """

    daemon_threads = True
    block_on_close = False  # a browser need not have gone for us to end
    request_queue_size = 64

    def __init__(self, feed: Feed, follower: Follower, port: int) -> None:
        self.feed, self.follower, self.streams = feed, follower, 0
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {os.strerror(error.errno or 0)}"
            raise UserError(
                f"port {port} of 127.0.0.1 {what}", "choose another above 1023 with --port, or leave it out"
            ) from None

    @property
    def address(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is no error; any other is told where the command was given."""
        with suppress(ConnectionError, TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: LiveServer
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        with suppress(ConnectionError, TimeoutError):  # the browser has gone
            self._answer()

    do_HEAD = do_GET  # noqa: N815

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        if hostname(self.headers.get("Host", "")) not in LOOPBACK:  # another site's name that was made to lead here
            self._send(403, "text/plain", f"this page answers to {', '.join(LOOPBACK)} only".encode())
        elif path == "/":
            self._send(200, "text/html", _page(), _HEADERS)
        elif path == "/events" and self.command == "GET":
            self._stream()
        elif path == "/report":
            report = self.server.follower.report
            try:
                self._send(200, "text/html", b"" if report is None else report.read_bytes())
            except OSError:
                self._send(404, "text/plain", b"there is no report yet")
        else:
            self._send(404, "text/plain", b"nothing is here")

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Cache-Control": "no-store"}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _stream(self) -> None:
        if self.server.streams >= MOST_STREAMS:
            self._send(503, "text/plain", b"too many browsers look at this page")
            return
        self.server.streams += 1
        self.close_connection = True
        try:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Connection", "close")
            self.end_headers()
            stream = self.server.feed.stream(self.headers.get("Last-Event-ID", ""))
            try:
                for events in stream:
                    self.wfile.write(events)
            finally:
                stream.close()  # type: ignore[attr-defined]
        finally:
            self.server.streams -= 1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server has it
        """Say nothing of requests."""
