"""Web applications as Python servers take them (WSGI, PEP 3333): their type, and answers that are refusals."""

import json
from collections.abc import Callable, Iterable
from typing import Any

# A request's environment and how to begin the answer, to the answer's bytes.
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

LOOPBACK = ("localhost", "127.0.0.1", "::1")  # names of this machine's own address
READING = ("GET", "HEAD")  # the dashboard shows with these; every other method changes something


def answer(start: Callable[..., Any], status: str, reason: str) -> list[bytes]:
    """Answer in the form of the dashboard's own refusals, so that its pages show the reason."""
    body = json.dumps({"reason": reason}).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def hostname(header: str) -> str:
    """Return the name in a Host header, without the port and an IPv6 address's brackets."""
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() and not header.endswith("]") else header
    return name.strip("[]").lower()
