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
        pages = pages_of(process.pid)
        process.kill()
        assert b"event: end\n" in list(events)
    process.communicate()
    assert len(pages) == 1
    assert within(10, lambda: all(map(is_gone, pages)))
    assert not any(url.encode() in command for command in pages.values())  # it may hold a password


def pages_of(search: int) -> dict[int, bytes]:
    """The live pages that a search has started: their processes, each with its command line."""
    children = Path(f"/proc/{search}/task/{search}/children").read_text().split()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return {child: command for child, command in commands.items() if b"--until-eof" in command}


def test_a_port_without_a_page_is_refused(tmp_path: Path) -> None:
    done = invoke("search.run", "--study", "mlp", "--port", "8000", folder=tmp_path)
    assert (done.exit_code, done.lines[0]) == (2, "error: --port goes with --live")
