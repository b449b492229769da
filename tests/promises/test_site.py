"""The site: it is built from the pages with warnings as errors, and its links lead from page to page."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import ROOT, environment

pytest.importorskip("material", reason="needs mkdocs-material: pip install 'studyhall[site]'")


@pytest.fixture(scope="module")
def site(_exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, with the reports of tests in its gallery."""
    folder = tmp_path_factory.mktemp("site")
    settings = {"STUDYHALL_GALLERY": str(_exported), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**environment(), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.mark.slow
def test_every_page_of_the_repository_is_on_it_and_can_be_searched(site: Path) -> None:
    pages = [page.stem for page in (ROOT / "docs").glob("*.md")]
    assert not [page for page in pages if not (site / page / "index.html").exists()]
    index = (site / "search" / "search_index.json").read_text()
    assert '"location":"ranges/#samplers"' in index
    assert '"location":"project/decisions/' in index
    assert '"location":"source/' not in index


@pytest.mark.slow
def test_links_to_files_of_the_repository_lead_to_pages_that_show_them(site: Path) -> None:
    assert 'href="ranges/#the-objective"' in (site / "index.html").read_text()
    assert 'href="../source/search/loop/coordinator.py/"' in (site / "lanes" / "index.html").read_text()
    assert "<code>" in (site / "source/search/loop/coordinator.py/index.html").read_text()


@pytest.mark.slow
def test_doors_are_told_by_their_docstrings(site: Path) -> None:
    doors = (site / "doors" / "index.html").read_text()
    for door in ("search.loggers.base.Logger.log_trial", "models.metrics.base.Metric.compute"):
        assert f'id="{door}"' in doors


@pytest.mark.slow
def test_the_gallery_has_reports_that_open(site: Path) -> None:
    gallery = (site / "gallery" / "index.html").read_text()
    assert 'href="mlp%40digits.html"' in gallery
    assert "Studyhall report" in (site / "gallery" / "mlp@digits.html").read_text()
