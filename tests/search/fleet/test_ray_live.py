"""The live page of a search on a Ray cluster: what it shows while the search runs, and how it ends."""

import io
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from search.record.store import Store
from tests.support.commands import search_here
from tests.support.live import Browser, read_events
from tests.support.nodes import Nodes
from tests.support.runs import finish, search, start, started, study_file, within
from tests.support.warm_start import WarmPopen

pytestmark = pytest.mark.slow

ENDS = ("complete", "pruned", "diverged", "failed")


def address_in(lines: Iterable[str]) -> str:
    """The page's address, from what a command says."""
    return next(found[1] for line in lines if (found := re.search(r"live at (http\S+/)", line)))


def watch(address: str, browser: Browser, each: Callable[[], object]) -> None:
    """Let a browser take all events until the page ends."""
    with urllib.request.urlopen(f"{address}events", timeout=120) as answer:
        for event in read_events(io.TextIOWrapper(answer, encoding="utf-8")):
            browser.take(event)
            each()


def fates(browser: Browser) -> list[int]:
    """The trials whose end the page has told, by number."""
    return sorted(line["n"] for line in browser.lines if line["kind"] in ENDS)


def assert_as_recorded(browser: Browser, url: str) -> None:
    """The page has the whole curve of every trial, and the fate of those that are over, once."""
    record = Store(url, create=False).find("small")
    assert record is not None
    curves, rows = record.curves(), record.trials()
    for row in rows:
        trial = browser.trials[row.number]
        trained = [float(f"{it.validation['accuracy']:.6g}") for it in curves[row.number]] if row.joined else []
        assert trial["curve"] == trained
        if row.state != "running":
            assert (trial["state"], trial["value"]) == (row.state, row.value)
    assert fates(browser) == [row.number for row in rows if row.state != "running"]


def command(*words: str, folder: Path) -> "subprocess.Popen[str]":
    """Start `python -m ...`."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return started(WarmPopen([sys.executable, "-m", *words], text=True, cwd=folder, **pipes))


def test_it_grows_tick_by_tick_and_ends_with_the_search(nodes: Nodes, url: str, tmp_path: Path) -> None:
    file = study_file(tmp_path, ("trials=20", "trials=4000"))
    process = start(file, url, "--cluster", nodes.address, "--live")
    assert process.stdout is not None
    browser, phases, grown = Browser(), list[str](), list[int]()

    def look() -> None:
        phases.append(browser.now["phase"])
        grown.append(sum(len(trial["curve"]) for trial in browser.trials.values()))
        if len(fates(browser)) >= 12 and len({*grown}) > 8 and "stopped" not in phases:
            phases.append("stopped")
            process.send_signal(signal.SIGINT)

    watch(address_in(process.stdout), browser, look)
    said = finish(process)
    assert process.returncode == 130, said
    assert list(dict.fromkeys(phases)) == ["training", "stopped", "paused"]
    assert grown == sorted(grown)
    assert len({*grown}) > 8, "ticks come one by one"
    assert browser.kinds[-1] == "end"
    assert_as_recorded(browser, url)


def test_a_node_that_dies_takes_nothing_from_it(nodes: Nodes, url: str, tmp_path: Path) -> None:
    file = study_file(tmp_path, ("trials=20", "trials=4000"))
    process = start(file, url, "--cluster", nodes.address, "--live")
    assert process.stdout is not None
    browser, grown, before = Browser(), list[int](), list[int]()

    def look() -> None:
        grown.append(sum(len(trial["curve"]) for trial in browser.trials.values()))
        if not before and len({*grown}) == 4:
            nodes.kill()
            before.append(grown[-1])
        elif len(before) == 1 and grown[-1] > before[0] + 24:  # four ticks of six lanes
            before.append(grown[-1])
            process.send_signal(signal.SIGINT)

    watch(address_in(process.stdout), browser, look)
    said = finish(process)
    assert process.returncode == 130, said
    assert grown == sorted(grown), "what is done again is not told again"
    assert_as_recorded(browser, url)


def test_from_another_process_it_shows_the_end_and_becomes_the_report(nodes: Nodes, url: str, tmp_path: Path) -> None:
    file = study_file(tmp_path)
    search_here(file, url, "--trials", "4", "--epochs", "4")
    page = command("studyhall", "live", "small", "--storage", url, folder=tmp_path)
    assert page.stdout is not None
    address, browser, phases = address_in(page.stdout), Browser(), list[str]()
    thread = threading.Thread(target=watch, args=(address, browser, lambda: phases.append(browser.now["phase"])))
    thread.start()
    search(file, url, "--trials", "20", "--epochs", "4", "--cluster", nodes.address)
    assert within(30.0, lambda: browser.now.get("phase") == "finished" and len(browser.trials) == 20)
    assert browser.now["report"] is None
    assert_as_recorded(browser, url)
    options = ("--study", "small", "--top", "1", "--seeds", "1", "--storage", url, "--cluster", nodes.address)
    export = command("reports.export", *options, folder=tmp_path)
    said = finish(export)
    assert export.returncode == 0, said
    assert within(30.0, lambda: (browser.now["phase"], browser.now["report"]) == ("finished", "new"))
    with urllib.request.urlopen(f"{address}report", timeout=30) as answer:
        assert answer.read() == next(tmp_path.rglob("report.html")).read_bytes()
    page.send_signal(signal.SIGINT)
    thread.join(30)
    assert not thread.is_alive()
    finish(page)
    assert browser.kinds[-1] == "end"
    begun = [phase for phase in phases if phase != "paused"]  # as it is until the search has the lease
    assert list(dict.fromkeys(begun)) == ["finished", "training", "exporting"]
