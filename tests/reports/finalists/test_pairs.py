"""Which finalists can be told apart."""

from dataclasses import replace

from reports.finalists.pairs import pairs_frame
from reports.page.data import ReportData
from search.record.record import Record
from tests.support.reports import finalists_of


def test_finalists_of_one_worth_cannot_be_told_apart(fated: Record) -> None:
    finalists = finalists_of(fated, {2: 0.9, 1: 0.899, 0: 0.6})
    apart = finalists.pairs.set_index(["first", "second"])["apart"].to_dict()
    assert apart == {(2, 1): False, (2, 0): True, (1, 0): True}


def test_more_than_a_dozen_finalists_are_compared_with_the_winner_alone(tested: ReportData) -> None:
    assert tested.finalists is not None
    predictions = tested.finalists.predictions
    logits = {(number, 0): predictions.logits[2, 0] for number in range(20)}
    pairs = pairs_frame(range(20), 1, replace(predictions, logits=logits))
    assert len(pairs) == 19
    assert set(pairs["first"]) == {0}
