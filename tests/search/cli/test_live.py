"""`--live`: a page in a process of its own, which lives as long as the search and no longer."""

import re
import threading
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from search.cli.live import LivePage
from tests.support.commands import invoke
from tests.support.reports import every_fate
from tests.support.runs import ENDLESS, is_gone, start, study_file, within
from tests.support.servers import Server

pytestmark = pytest.mark.slow


def test_it_tells_its_address_and_ends_with_the_search(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    told, there = list[str](), threading.Event()
    scheduler: Any = SimpleNamespace(name=record.name)
    info: Any = None
    with LivePage(f"sqlite:///{tmp_path}/studies.db", 0, lambda line: (told.append(line), there.set())[0]) as page:
        after_tick = page.begin(scheduler, info)
        after_tick()
        assert there.wait(60)
        address = told[0].removeprefix("live at ")
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert b"Studyhall live" in answer.read()
    assert page._process is not None
    assert page._process.returncode == 0
    assert len(told) == 1


@pytest.mark.parametrize("where", ["in a file", "on a server"])
def test_it_ends_when_the_search_is_killed(where: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    file, url = study_file(tmp_path, *ENDLESS), f"sqlite:///{tmp_path}/studies.db"
    if where == "on a server":
        server: Server = request.getfixturevalue("server")
        url = server.new()
    process = start(file, url, "--workers", "0", "--live")
    assert process.stdout is not None
    address = next(found[1] for line in process.stdout if (found := re.match(r"live at (\S+)", line)))
    with urllib.request.urlopen(f"{address}events", timeout=10) as events:
        assert events.readline() == b"event: snapshot\n"
        process.kill()
        assert b"event: end\n" in list(events)
    process.communicate()
    assert within(10, lambda: not pages_of(url))


def pages_of(url: str) -> list[int]:
    """The processes of live pages of a database."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--until-eof" in words and url.encode() in words and not is_gone(int(entry.parent.name)):
            found.append(int(entry.parent.name))
    return found


def test_a_port_without_a_page_is_refused(tmp_path: Path) -> None:
    done = invoke("search.run", "--study", "mlp", "--port", "8000", folder=tmp_path)
    assert (done.exit_code, done.lines[0]) == (2, "error: --port goes with --live")
