"""Where a result comes from: what the page says of the data."""

from dataclasses import replace

import pytest

from reports.page.data import ReportData
from reports.page.provenance import data_text
from tests.support.reports import a_study

COUNTS = {"examples": {"train": 1198, "validation": 240}}


def test_the_page_tells_how_many_examples_each_part_has(tested: ReportData) -> None:
    report = replace(tested, environment=COUNTS)
    assert data_text(report) == "digits: 1,198 training + 240 validation + 600 test images"
    assert data_text(replace(report, finalists=None)) == "digits: 1,198 training + 240 validation examples"


def test_folds_are_told_with_the_examples_that_all_of_them_have(tested: ReportData) -> None:
    report = replace(tested, environment=COUNTS, study=a_study(folds=5))
    assert data_text(report) == "digits: 1,438 training (5 folds) + 600 test images"


@pytest.mark.parametrize("tests_it", [True, False])
def test_a_study_of_before_tells_what_is_known(tested: ReportData, tests_it: bool) -> None:
    report = tested if tests_it else replace(tested, finalists=None)
    assert data_text(report) == ("digits: 600 test images" if tests_it else "digits")
