"""The checks: each judges or says why it cannot, and sees what is wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.page.checks.registry import CHECKS, run_checks
from reports.page.checks.space import bound_near
from reports.page.data import ReportData
from search.config.space import Choice, Float, Int, Range
from search.record.record import Record
from tests.support.reports import a_record, a_study, add, check_of, report_of


def test_every_check_judges_or_says_why_it_cannot(searched: ReportData, tested: ReportData) -> None:
    for report in (searched, tested):
        results = run_checks(report)
        assert {result.name for result in results} == set(CHECKS.names()) - {"better than the mean"}
        assert all(result.text.endswith(".") for result in results)
        assert all(result.question.endswith("?") for result in results)


def test_checks_that_found_something_come_first(tested: ReportData) -> None:
    outcomes = [result.outcome for result in run_checks(tested)]
    assert outcomes == sorted(outcomes, key=["look", "passed", "not applicable"].index)


def test_checks_see_what_is_wrong(searched: ReportData) -> None:
    assert check_of(searched, "search finished").outcome == "look"
    bound = check_of(searched, "best value at a bound")
    assert bound.outcome == "look"
    assert "hidden (500 of 16..512 log: move the high bound outwards)" in bound.text
    assert check_of(searched, "trials that failed").outcome == "passed"
    assert check_of(searched, "still learning at the end").outcome == "passed"
    assert check_of(searched, "finalists inseparable").outcome == "not applicable"


def test_where_the_last_epoch_counts_the_curve_says_whether_it_was_the_best(tmp_path: Path) -> None:
    for number, (curve, outcome) in enumerate([([0.5, 0.9, 0.8, 0.7], "passed"), ([0.5, 0.6, 0.7, 0.8], "look")]):
        record = a_record(tmp_path / str(number), a_study(keep="last", baselines=()))
        add(record, 0, curve, "complete")
        assert check_of(report_of(record), "still learning at the end").outcome == outcome


def test_a_trial_that_was_cut_while_ahead_is_named(fated: Record) -> None:
    passed = check_of(report_of(fated), "cut while ahead")
    assert (passed.outcome, passed.text) == (
        "passed",
        "None of 1 pruned trial had an epoch above what trial 2, the search's best, has.",
    )
    add(fated, 6, [0.5, 0.95, 0.6], "pruned")
    add(fated, 7, [0.5, 0.93], "pruned")
    found = check_of(report_of(fated), "cut while ahead")
    assert found.outcome == "look"
    assert found.text.startswith("Trials 6, 7 had scored better than trial 2 ended with (0.9000), and were pruned: ")
    assert "trial 6 had 0.9500 after epoch 2." in found.text


def test_what_one_more_training_may_gain_is_held_against_another_seed(fated: Record) -> None:
    report = report_of(fated)
    assert report.prospect is not None
    assert report.prospect > 0
    assert "not measured before an export" in check_of(report, "settled").text
    tested = report_of(fated, {2: 0.9, 0: 0.6})  # all seeds of the winner have one validation accuracy
    assert check_of(tested, "settled").outcome == "look"
    assert tested.finalists is not None
    rows = {
        (trial, seed): replace(row, validation={"accuracy": 0.9 + 0.2 * seed, "loss": 0.3})
        for (trial, seed), row in tested.finalists.rows.items()
    }
    spread = replace(tested, prospect=0.1, finalists=replace(tested.finalists, rows=rows))
    found = check_of(spread, "settled")
    assert found.outcome == "passed"
    assert "by 0.1, another seed changes accuracy by 0.2 (standard deviation)." in found.text


def test_a_published_figure_outside_our_interval_is_looked_at(fated: Record) -> None:
    assert check_of(report_of(fated, {2: 0.9, 0: 0.8}), "published figure reproduced").outcome == "look"
    assert check_of(report_of(fated, {2: 0.9, 0: 0.5}), "published figure reproduced").outcome == "passed"


def test_a_second_opening_of_the_test_set_is_looked_at(fated: Record) -> None:
    with fated.lease():
        fated.sign("test", "digits", "f00", 6)
    assert check_of(report_of(fated, {2: 0.9, 0: 0.6}), "test set opened before").outcome == "passed"
    with fated.lease():
        fated.sign("test", "digits", "f00", 6)
    result = check_of(report_of(fated, {2: 0.9, 0: 0.6}), "test set opened before")
    assert (result.outcome, "opened twice" in result.text) == ("look", True)


@pytest.mark.parametrize(
    ("searched", "value", "side"),
    [
        (Float(0.001, 1.0, log=True), 0.9, "high"),
        (Float(0.001, 1.0, log=True), 0.5, None),
        (Float(0.0, 1.0), 0.03, "low"),
        (Int(16, 512, log=True), 16, "low"),
        (Float(1e-7, 1e-2, log=True, low_is_zero=True), 0.0, None),  # none at all: there is nothing below
        (Float(1e-7, 1e-2, log=True, low_is_zero=True), 9e-3, "high"),
        (Choice(("none", "some")), "none", None),
    ],
)
def test_a_bound_is_near_as_the_range_is_searched(searched: Range, value: object, side: str | None) -> None:
    assert bound_near(searched, value) == side
