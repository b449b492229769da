"""The verdict in words: what follows from the finalists, and what is said without them."""

from pathlib import Path

from reports.page.data import ReportData
from reports.page.verdict import verdict
from search.record.record import Record
from tests.support.reports import a_record, a_study, add, check_of, report_of


def test_the_verdict_says_winner_gain_luck_and_the_published_figure(fated: Record) -> None:
    of = verdict(report_of(fated, {2: 0.85, 0: 0.6}))
    assert of.headline.startswith("Trial 2 wins: test accuracy 0.85")
    text = " ".join(of.sentences)
    assert "the two can be told apart (p" in text
    assert "was lucky by 0.0500 in its seed and its epoch" in text  # 0.9 in the search, 0.85 under new seeds
    assert "the published figure lies below that." in text
    assert "Always answering the commonest class, “0”, would have accuracy 0.1000." in text
    assert [name for name, _, _ in of.figures] == [
        "test accuracy",
        "the model file",
        "gain over the baseline",
        "always the commonest class",
        "luck of seed and epoch",
        "published",
    ]


def test_finalists_of_one_worth_are_called_inseparable(fated: Record) -> None:
    report = report_of(fated, {2: 0.9, 1: 0.899, 0: 0.6})
    assert any("cannot be told apart from trial 1" in sentence for sentence in verdict(report).sentences)
    assert check_of(report, "finalists inseparable").outcome == "look"


def test_a_baseline_that_wins_is_called_that(fated: Record) -> None:
    report = report_of(fated, {0: 0.9, 2: 0.7})
    of = verdict(report)
    assert of.headline.startswith("Trial 0, the baseline")
    assert "No other finalist ranked above what was known before the search." in of.sentences
    assert check_of(report, "baseline beaten").outcome == "look"


def test_a_winner_that_the_test_puts_behind_keeps_its_rank(fated: Record) -> None:
    of = verdict(report_of(fated, {2: 0.7, 1: 0.9, 0: 0.6}))
    assert of.headline.startswith("Trial 2 wins")
    assert any("On the test set trial 1 did better" in sentence for sentence in of.sentences)


def test_without_finalists_nothing_is_called_tested(searched: ReportData) -> None:
    headline = "The search's best is trial 2, with validation accuracy 0.9000; nothing is tested yet."
    assert verdict(searched).headline == headline


def test_the_score_is_called_by_the_objectives_name(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(objective="loss", baselines=()))
    add(record, 0, [0.5, 0.75], "complete")
    assert verdict(report_of(record)).headline == (
        "The search's best is trial 0, with validation loss 0.2500; nothing is tested yet."
    )


def test_what_was_searched_for_is_told_and_compared_first_and_accuracy_once(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(objective="loss"))
    add(record, 0, [0.5, 0.6], "complete")
    add(record, 1, [0.5, 0.75], "complete")
    of = verdict(report_of(record, {1: 0.8, 0: 0.6}))
    assert of.headline.startswith("Trial 1 wins: test loss ")
    assert of.sentences[0].startswith("That is better by ")
    assert "with interval +" in of.sentences[0]
    assert of.sentences[2].startswith("The winner's test accuracy is 0.80")
    assert of.sentences[2].endswith("always answering “0” would have 0.1000.")
    assert sum("accuracy" in sentence for sentence in of.sentences) == 2  # the other one is what was published
    assert [name for name, *_ in of.figures[:3]] == ["test loss", "test accuracy", "the model file"]
    assert "always the classes' shares" in [name for name, *_ in of.figures]
