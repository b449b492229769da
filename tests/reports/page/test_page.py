"""The page: it stands alone, is safe to open, comes out the same twice, and every study gets one."""

import re
from pathlib import Path

import pytest

from reports.page.data import ReportData
from reports.page.notes import study_note
from reports.page.style import PALETTE
from reports.page.verdict import verdict
from search.pruners.none import NoPruner
from search.record.record import Record
from search.trial import Ending
from tests.support.reports import PageReader, a_record, a_study, add, report_of, write_report


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, tested: ReportData) -> tuple[Path, Path]:
    """Two folders with the report of the same finalists, written one after the other."""
    first, second = (tmp_path_factory.mktemp(name) for name in ("first", "second"))
    for folder in (first, second):
        write_report(tested, folder)
    return first, second


@pytest.fixture(scope="module")
def page(twice: tuple[Path, Path]) -> PageReader:
    return PageReader((twice[0] / "report.html").read_text())


def test_a_page_stands_alone(page: PageReader) -> None:
    assert {address.partition(":")[0] for address in page.addresses if not address.startswith("#")} == {"data"}
    anchors = {address[1:] for address in page.addresses if address.startswith("#")}
    assert anchors <= set(page.ids)
    assert "link" in page.tags  # an empty icon, so that no browser asks for one


def test_what_a_study_brings_in_stays_text_in_the_page(page: PageReader) -> None:
    assert page.tags.count("script") == 1
    assert page.text.count("<script>alert(1)</script>") >= 3  # the study's line, its file, its baseline's name


def test_what_a_study_brings_in_stays_text_in_the_note(fated: Record) -> None:
    note = study_note(report_of(fated, {0: 0.9, 2: 0.6}))
    assert "<script" not in note
    assert "alert(1)" in note


def test_the_same_record_makes_the_same_page(twice: tuple[Path, Path]) -> None:
    first, second = twice
    files = sorted(file.relative_to(first) for file in first.rglob("*") if file.is_file())
    assert len(files) > 20
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)


def test_every_figure_has_its_three_files(twice: tuple[Path, Path]) -> None:
    figures = twice[0] / "figures"
    stems = {file.stem for file in figures.iterdir()}
    assert stems >= {"finalists", "history", "curves", "times", "parameter-hidden", "mistakes", "weights"}
    assert stems >= {"trial-2-confusion", "trial-2-epochs"}
    for stem in stems:
        assert {file.suffix for file in figures.glob(f"{stem}.*")} == {".csv", ".png", ".svg"}


@pytest.mark.slow
def test_a_drawing_in_the_page_follows_its_colours(searched: ReportData, tmp_path: Path) -> None:
    text = write_report(searched, tmp_path)
    drawings = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert "var(--plain)" in drawings
    assert not any(colour in drawings for colour in PALETTE.values())
    assert 'role="img"' in drawings


def test_the_page_says_how_to_get_it_again(page: PageReader) -> None:
    assert "python -m search.run --study study.py --name made --dataset digits --trials 10 --epochs 4" in page.text
    assert "python -m reports.export --study made" in page.text
    assert "f00" in page.text  # the fingerprint's hash of the data


@pytest.mark.slow
def test_an_unfinished_study_of_a_loss_has_a_page(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(objective="loss", baselines=()))
    add(record, 0, [0.5, 0.75], "complete")
    page = PageReader(write_report(report_of(record), tmp_path / "out"))
    assert "Validation loss after each epoch." in page.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trials", "headline"),
    [
        ([], "Nothing is known yet: the study has no trial."),
        ([([], None)], "Nothing is known yet: no trial is complete."),
        ([([0.5], None)], "Nothing is known yet: no trial is complete."),
        ([([0.5], "pruned"), ([0.4, 0.5], "pruned")], "Nothing is known yet: no trial is complete."),
        ([([float("nan")], "pruned"), ([0.2, float("nan")], "pruned")], "Nothing is known yet: no trial is complete."),
        ([([0.5, 0.5, 0.5, 0.5], "complete")], "The search's best is trial 0"),
        ([([1.0, 1.0, 1.0, 1.0], "complete")], "The search's best is trial 0"),
    ],
    ids=["empty", "just begun", "unfinished", "all pruned", "all diverged", "one trial", "no error at all"],
)
def test_every_study_gets_a_page(
    tmp_path: Path, trials: list[tuple[list[float], Ending | None]], headline: str
) -> None:
    record = a_record(tmp_path, a_study(baselines=(), pruner=NoPruner()))
    for number, (curve, fate) in enumerate(trials):
        add(record, number, curve, fate)
    report = report_of(record)
    assert verdict(report).headline.startswith(headline)
    assert "How to get this again" in PageReader(write_report(report, tmp_path / "out")).text


@pytest.mark.slow
def test_a_test_without_a_mistake_says_so(fated: Record, tmp_path: Path) -> None:
    text = PageReader(write_report(report_of(fated, {2: 1.0}, seeds=1), tmp_path)).text
    assert "No test image was classified wrongly." in text
