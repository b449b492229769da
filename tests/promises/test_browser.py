"""The report in a real browser: Debian's Chromium, driven by Playwright. Skipped where there is no Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.live import served
from tests.support.reports import EVIL, add, every_fate

pytestmark = pytest.mark.slow

# Nothing of the network is asked for: neither by the page nor by the browser of its own accord.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")  # no longer than it is needed: tests of other files kill and fork processes
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def report(runs: Path) -> str:
    return f"file://{runs}/studies/mlp@digits/report.html"


@pytest.fixture
def complaints() -> list[str]:
    """What a page's console and network had to say against it."""
    return []


def opened(browser: Browser, address: str, complaints: list[str], width: int = 800, scheme: str = "light") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    ours = ("file:", "data:", "http://127.0.0.1:")
    page.on("request", lambda it: it.url.startswith(ours) or complaints.append(f"asks for {it.url}"))
    page.goto(address)
    return page


def test_a_report_opens_without_a_complaint(browser: Browser, report: str, complaints: list[str]) -> None:
    page = opened(browser, report, complaints)
    assert page.title() == "mlp@digits · Studyhall report"
    assert ": test accuracy 0." in page.locator(".headline").inner_text()
    assert complaints == []


@pytest.mark.parametrize("width", [400, 800, 1400])
def test_a_report_never_scrolls_sideways(browser: Browser, report: str, complaints: list[str], width: int) -> None:
    page = opened(browser, report, complaints, width)
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_no_picture_is_broken(browser: Browser, report: str, complaints: list[str]) -> None:
    page = opened(browser, report, complaints)
    shown = page.evaluate("[...document.images].map(it => it.complete && it.naturalWidth > 0)")
    assert shown
    assert all(shown)
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg.drawing')].map(it => it.getBoundingClientRect())"
        ".map(it => [it.width, it.height])"
    )
    visible = [(width, height) for width, height in sizes if width]
    assert len(visible) >= 8
    assert all(height > 40 for _, height in visible)


def test_every_picture_is_told_in_words(browser: Browser, report: str, complaints: list[str]) -> None:
    page = opened(browser, report, complaints)
    told = page.evaluate("[...document.images].map(it => it.alt)")
    told += page.evaluate("[...document.querySelectorAll('svg.drawing')].map(it => it.getAttribute('aria-label'))")
    assert all(len(words) > 10 for words in told)


@pytest.mark.parametrize(("width", "form"), [(400, "narrow"), (800, "wide")])
def test_a_drawing_is_shown_in_the_form_that_fits(
    browser: Browser, report: str, complaints: list[str], width: int, form: str
) -> None:
    page = opened(browser, report, complaints, width)
    assert page.locator(f"svg.{form}").first.is_visible()
    assert not page.locator(f"svg.{'wide' if form == 'narrow' else 'narrow'}").first.is_visible()


def test_a_table_sorts_by_the_column_that_is_clicked(browser: Browser, report: str, complaints: list[str]) -> None:
    page = opened(browser, report, complaints)
    table = page.locator("table.sortable", has=page.get_by_role("button", name="at epoch"))
    head = table.get_by_role("columnheader", name="learning rate")
    place = table.locator("thead th").evaluate_all(
        "(all, one) => all.findIndex(it => it.innerText === one)", "learning rate"
    )

    def values() -> list[float]:
        cells = table.locator(f"tbody td:nth-child({place + 1})")
        return [float(it) for it in cells.evaluate_all("all => all.map(it => it.dataset.value)")]

    before = values()
    assert len(before) > 2
    head.get_by_role("button").click()
    assert values() == sorted(before)
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert values() == sorted(before, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"


def test_light_and_dark_are_both_legible(browser: Browser, report: str, complaints: list[str]) -> None:
    ask = "getComputedStyle(document.body)"
    for scheme in ("light", "dark"):
        page = opened(browser, report, complaints, scheme=scheme)
        paper, ink = (page.evaluate(f"{ask}.{it}") for it in ("backgroundColor", "color"))
        assert contrast(paper, ink) > 7  # WCAG's stricter bound for text
        assert page.locator("svg.drawing text").first.evaluate("it => getComputedStyle(it).fill") != paper


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast of two colours like `rgb(1, 2, 3)`."""

    def luminance(colour: str) -> float:
        parts = [int(it) / 255 for it in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_a_printed_report_keeps_to_its_paper(browser: Browser, report: str, complaints: list[str]) -> None:
    page = opened(browser, report, complaints, width=680)  # A4 less two margins of 15 mm, in CSS pixels
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == 680


def test_a_printed_report_is_dark_on_white_without_navigation(
    browser: Browser, report: str, complaints: list[str]
) -> None:
    page = opened(browser, report, complaints, scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert contrast(page.evaluate("getComputedStyle(document.body).color"), "rgb(255, 255, 255)") > 7
    assert page.pdf(format="A4").startswith(b"%PDF")


# --- the live page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1280, "light")])
def test_the_live_page_follows_a_search(
    browser: Browser, tmp_path: Path, complaints: list[str], width: int, scheme: str
) -> None:
    record = every_fate(tmp_path)
    with served(f"sqlite:///{tmp_path}/studies.db", record.name) as (server, feed):
        page = opened(browser, server.address, complaints, width, scheme)
        expect(page.locator("#headline")).to_have_text(
            "Trial 2 leads with validation accuracy 0.9000, 0.2000 better than the baseline."
        )
        expect(page.locator("#about")).to_have_text(f"about {EVIL}")
        assert page.locator("#curves path.curve").count() == 6
        expect(page.locator("#unfinished tbody tr")).to_have_count(1)
        add(record, 6, [0.7, 0.95, 0.97, 0.98], "complete", tick=4)
        add(record, 7, [0.5], None, tick=8)
        feed.refresh()
        expect(page.locator("#headline")).to_contain_text("Trial 6 leads with validation accuracy 0.9800")
        expect(page.locator("#unfinished tbody tr")).to_have_count(2)
        expect(page.locator("#lines")).to_contain_text("trial 6 complete 0.9800 at epoch 4, 1st of 4 there")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        paper, ink = (page.evaluate(f"getComputedStyle(document.body).{it}") for it in ("backgroundColor", "color"))
        assert contrast(paper, ink) > 7
        feed.close()
        expect(page.locator("#over")).to_contain_text("reports.live --study made")
        page.close()
    assert complaints == []


def test_the_live_page_becomes_the_report(browser: Browser, runs: Path, complaints: list[str]) -> None:
    with served(f"sqlite:///{runs}/studies.db", "mlp@digits") as (server, _):
        page = opened(browser, server.address, complaints)
        expect(page).to_have_title("mlp@digits · Studyhall report")
        page.goto(f"{server.address}#search")
        expect(page.locator("#headline")).to_contain_text("is best with validation accuracy")
        page.close()
    assert complaints == []
