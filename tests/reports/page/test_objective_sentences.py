"""What is said of the test where another metric is searched for: by it, and without a contradiction."""

import re
from pathlib import Path

import numpy as np
import pytest

from reports.figures.statistics import LEVEL
from reports.page.data import FinalistData, ReportData
from reports.page.verdict import verdict
from tests.support.reports import check_of, every_fate, report_of, with_logits, write_report

OBJECTIVES = ("average_precision", "f1", "calibration_error", "loss")


def finalists(report: ReportData) -> FinalistData:
    assert report.finalists is not None
    return report.finalists


def simulated(report: ReportData, draws: np.random.Generator) -> ReportData:
    """Give four finalists, the baseline 0 among them, in a random order, answers to rows of two classes."""
    seeds, rows = int(draws.integers(1, 6)), int(draws.choice([40, 150, 400]))
    labels = np.sort((draws.random(rows) < 0.3).astype(np.int64))
    labels[[0, -1]] = 0, 1  # both classes are there
    hard, logits = draws.normal(0, 1.5, rows), {}
    for trial in draws.permutation(4):
        skill, sure = 1.5 + draws.normal(0, 0.6), float(np.exp(draws.normal(0, 0.7)))
        for seed in range(seeds):
            right = skill + draws.normal(0, 0.15) + hard + draws.normal(0, 0.7, rows)
            margin = np.where(labels == 1, right, -right) * sure
            logits[int(trial), seed] = np.stack([np.zeros(rows), margin], 1).astype(np.float32)
    return with_logits(report, logits, labels)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[ReportData]:
    draws, made = np.random.default_rng(0), []
    for objective in OBJECTIVES:
        record = every_fate(tmp_path_factory.mktemp(objective), objective=objective)
        report = report_of(record, {2: 0.9, 0: 0.6}, images=40)
        made += [simulated(report, draws) for _ in range(5)]
    return made


@pytest.mark.parametrize(("objective", "is_told"), [("average_precision", True), ("macro_f1", False)])
def test_which_of_two_classes_a_metric_is_of_is_said(objective: str, is_told: bool, tmp_path: Path) -> None:
    report = report_of(every_fate(tmp_path, objective=objective), {2: 0.9, 0: 0.6}, images=40)
    told = verdict(simulated(report, np.random.default_rng(0)))
    second = finalists(report).predictions.classes[1]
    sentence = f"Average precision is of the class “{second}” alone, the second of the two."
    assert (sentence in told.sentences) == is_told
    assert ("of the class" in " ".join(told.sentences)) == is_told


def named(text: str, pattern: str) -> set[int]:
    """Return the numbers of the trials in the first place of a text that a pattern leads to."""
    place = re.search(pattern + r" trials? ([\d, and]+)", text)
    return {int(number) for number in re.findall(r"\d+", place[1])} if place else set()


@pytest.mark.slow
def test_every_p_value_fits_its_interval_and_every_gap_its_means(reports: list[ReportData]) -> None:
    apart = []
    for report in reports:
        of = finalists(report)
        first = of.tested(of.winner.number).mean
        for row in of.rivals.itertuples():
            assert row.apart == (row.p < 1 - LEVEL) == (row.low > 0 or row.high < 0)
            gap = first - of.tested(row.trial).mean
            assert row.gap == pytest.approx(gap if of.figure.greater_is_better else -gap)
            apart.append(row.apart)
    assert 10 < sum(apart) < len(apart) - 10  # both happen


@pytest.mark.slow
def test_no_sentence_or_check_contradicts_another(reports: list[ReportData]) -> None:
    wins, cheap = 0, 0
    for report in reports:
        of, told = finalists(report), verdict(report)
        text, rivals = " ".join(told.sentences), of.rivals.set_index("trial")
        alike = set(rivals[~rivals["apart"]].index)
        assert named(text, "cannot be told apart from") == alike
        assert named(check_of(report, "finalists inseparable").text, "winner and") == alike
        learned = check_of(report, "better than the commonest class").outcome == "passed"
        assert ("always answering the classes' shares would have" in told.headline) == (not learned)
        assert (" wins: " in told.headline) == (not alike and learned)
        mean = of.figure.text(of.tested(of.winner.number).mean)
        assert f"test {of.figure.title} {mean} (" in told.headline
        if of.winner.number != 0:
            beaten = check_of(report, "baseline beaten").outcome == "passed"
            assert beaten == (rivals.loc[0, "apart"] and rivals.loc[0, "gap"] > 0)
            assert ("the two can be told apart" in text) == rivals.loc[0, "apart"]
        if taken := named(text, "may be given for less work, take"):
            margin = of.figure.margin(of.tested(of.winner.number).mean)
            assert rivals.loc[taken.pop(), "high"] <= margin
            cheap += 1
        wins += not alike
    assert wins
    assert cheap


def test_what_is_searched_for_leads_the_page_and_its_tables(tmp_path: Path) -> None:
    record = every_fate(tmp_path, objective="macro_f1")
    report = report_of(record, {2: 0.9, 1: 0.88, 0: 0.6}, images=200)
    page = write_report(report, tmp_path)
    assert report.results is not None
    first = report.results.iloc[0]
    headline = f"test macro f1 {first['test_macro_f1_mean']:.4f} (95% interval {first['test_macro_f1_low']:.4f} to"
    assert headline in verdict(report).headline
    assert "Test macro f1 of every seed" in page
    assert "test macro f1 of the winner less that of the other" in page
    assert "drawn anew with replacement, 300 times" in page
    seeds = (tmp_path / "figures" / "finalists.csv").read_text().splitlines()
    assert seeds[0] == "rank,trial,baseline,seed,validation_macro_f1,test_macro_f1"
