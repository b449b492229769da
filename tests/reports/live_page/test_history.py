"""What the live page tells of a search: who began, waited, went on, was cut; the same in whatever portions."""

from collections import Counter
from dataclasses import replace

import pytest

from reports.live_page.history import SearchHistory
from search.config.study import Study
from search.pruners.promotion import Promotion
from search.trial import TrialRow
from tests.support.memory_record import epoch_metrics
from tests.support.records import a_study, a_trial

# Trials 0 to 3 begin together; 1 and 3 wait after their first epoch; 1 goes on at tick 4, 3 is cut then; 2 diverges.
SCORES = [
    (1, epoch_metrics(0, 1, 0.5)),
    (1, epoch_metrics(1, 1, 0.8)),
    (1, epoch_metrics(2, 1, 0.7)),
    (1, epoch_metrics(3, 1, 0.4)),
    (2, epoch_metrics(0, 2, 0.6)),
    (2, epoch_metrics(2, 2, 0.1, float("nan"))),
    (3, epoch_metrics(0, 3, 0.65)),
    (4, epoch_metrics(1, 2, 0.85)),
    (5, epoch_metrics(1, 3, 0.9)),
]
ENDS = {  # tick -> the trial that ends with it
    2: replace(a_trial(2, joined=1), state="pruned", diverged_at=2),
    3: replace(a_trial(0, joined=1), state="complete", value=0.65, baseline="known"),
    4: replace(a_trial(3, joined=1), state="pruned", value=0.4, waited_until=4),
    5: replace(a_trial(1, joined=1), state="complete", value=0.9),
}


@pytest.fixture
def study() -> Study:
    return a_study(epochs=3, pruner=Promotion())


def rows(tick: int) -> list[TrialRow]:
    """The trials as the record has them at the end of a tick."""
    ended = {row.number: row for at, row in ENDS.items() if at <= tick}
    begun = [a_trial(number, joined=1, baseline="known" if number == 0 else None) for number in range(4)]
    return [ended.get(row.number, row) for row in begun]


def told(history: SearchHistory) -> list[tuple[int, int, str, str]]:
    return [(it.tick, it.trial, it.kind, it.why) for it in history.happenings if it.kind != "began"]


def test_who_waited_went_on_and_was_cut_is_told_with_the_reason(study: Study) -> None:
    history = SearchHistory(study)
    history.add(rows(5), SCORES)
    assert told(history) == [
        (1, 1, "paused", "0.8000 at epoch 1, 1st of 4 there"),
        (1, 3, "paused", "0.4000 at epoch 1, 4th of 4 there"),
        (2, 2, "diverged", "at epoch 2"),
        (3, 0, "complete", "0.6500 at epoch 3"),
        (4, 1, "promoted", "after epoch 1"),
        (4, 3, "pruned", "0.4000 at epoch 1, 4th of 4 there, having waited"),
        (5, 1, "complete", "0.9000 at epoch 3, 1st of 2 there"),
    ]
    assert history.best == [(3, 0, 0.65), (5, 1, 0.9)]
    assert history.reached == Counter({1: 4, 2: 3, 3: 2})


def test_tick_by_tick_it_comes_to_the_same(study: Study) -> None:
    at_once, by_ticks = SearchHistory(study), SearchHistory(study)
    at_once.add(rows(5), SCORES)
    for tick in range(1, 6):
        by_ticks.add(rows(tick)[by_ticks.first_open :], [it for it in SCORES if it[0] == tick])
    assert sorted(told(by_ticks)) == sorted(told(at_once))
    assert by_ticks.best == at_once.best
    states = [{n: (it.state, it.values, it.rank) for n, it in each.trials.items()} for each in (at_once, by_ticks)]
    assert states[0] == states[1]


def test_a_score_that_comes_before_its_trial_is_known_waits_for_it(study: Study) -> None:
    history = SearchHistory(study)
    history.add(rows(1)[:2], SCORES[:4])
    assert [len(it.values) for it in history.trials.values()] == [1, 1]
    history.add(rows(1)[history.first_open :], SCORES[4:6])
    assert [len(it.values) for it in history.trials.values()] == [2, 1, 2, 1]


def test_a_repeat_is_told_and_never_leads(study: Study) -> None:
    history = SearchHistory(study)
    history.add(rows(5), SCORES)
    repeat = TrialRow(4, "complete", a_trial(1).params, repeat_of=1, value=0.9)
    history.add([repeat], [(5, epoch_metrics(4, 3, 0.9))])
    assert told(history)[-1] == (5, 4, "complete", "repeats trial 1, and was not trained")
    assert history.best[-1][1] == 1
