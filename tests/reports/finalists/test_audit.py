"""Which pruned trials an audit trains on: drawn by the seed, and only those that pruning cut."""

from reports.finalists.audit import draw
from search.trial import TrialRow
from tests.support.reports import a_study


def test_a_larger_audit_adds_to_a_smaller_one() -> None:
    rows = [TrialRow(number, "pruned", {}, joined=1) for number in range(30)]
    few, many = ({row.number for row in draw(a_study(), rows, number)} for number in (4, 12))
    assert len(few) == 4
    assert few < many
    assert few != {0, 1, 2, 3}


def test_an_audit_draws_neither_diverged_trials_nor_repeats() -> None:
    rows = [
        TrialRow(0, "pruned", {}, joined=1, diverged_at=1),
        TrialRow(1, "pruned", {}, repeat_of=0),
        TrialRow(2, "complete", {}, joined=1),
        TrialRow(3, "pruned", {}, joined=1),
    ]
    assert [row.number for row in draw(a_study(), rows, 10)] == [3]
