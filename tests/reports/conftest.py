"""What tests of reports start from: one study of every fate of a trial, read once."""

from pathlib import Path

import pytest

from reports.page.data import ReportData
from search.record.record import Record
from tests.support.reports import every_fate, report_of


@pytest.fixture
def fated(tmp_path: Path) -> Record:
    """The study of `every_fate`, to be changed."""
    return every_fate(tmp_path)


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    """The report of `every_fate` before an export."""
    return report_of(every_fate(tmp_path_factory.mktemp("searched")))


@pytest.fixture(scope="session")
def tested(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    """The report of `every_fate` with two finalists, trial 2 and the baseline, which can be told apart."""
    return report_of(every_fate(tmp_path_factory.mktemp("tested")), {2: 0.9, 0: 0.6})
