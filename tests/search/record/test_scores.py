"""Scores: written in one transaction, read back by Optuna, and idempotent."""

import math

import optuna
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from search.record.record import Record
from tests.support.records import (
    SPACE,
    a_score,
    a_trial,
    insert,
    trials_by_optuna,
)

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.mark.slow
def test_a_thousand_scores_are_read_back_trials_by_optuna(record: Record, url: str) -> None:
    record.write(0, begun=[a_trial(number) for number in range(1000)], distributions=SPACE)
    scores = [a_score(number, accuracy=number / 1000) for number in range(1000)]
    statements: list[object] = []

    def note(*execution: object) -> None:
        statements.append(execution[2])

    event.listen(Engine, "before_cursor_execute", note)
    record.write(0, scores=scores)
    event.remove(Engine, "before_cursor_execute", note)
    assert 0 < len(statements) < 100  # a row at a time would be thousands
    assert [trial.intermediate_values for trial in trials_by_optuna(url)] == [
        {1: number / 1000} for number in range(1000)
    ]
    assert record.scores() == [(0, score) for score in scores]


def test_scores_come_back_by_tick_then_trial(record: Record) -> None:
    for number in range(3):
        insert(record, a_trial(number))
    record.write(1, scores=[a_score(2, 1), a_score(0, 2)])
    record.write(0, scores=[a_score(1, 1), a_score(0, 1)])
    assert [(tick, score.lane) for tick, score in record.scores()] == [(0, 0), (0, 1), (1, 0), (1, 2)]


def test_a_curve_is_told_by_epoch(record: Record) -> None:
    insert(record, a_trial(0))
    insert(record, a_trial(1))
    record.write(0, scores=[a_score(0, 2), a_score(1, 1)])
    record.write(1, scores=[a_score(0, 1)])
    assert record.curve(0) == [a_score(0, 1), a_score(0, 2)]


def test_a_score_that_is_there_stays(record: Record, url: str) -> None:
    insert(record, a_trial(0))
    insert(record, a_trial(1))
    record.write(0, scores=[a_score(0, accuracy=0.5)])
    record.write(7, scores=[a_score(0, accuracy=0.6), a_score(1, accuracy=0.7)])
    assert record.scores() == [(0, a_score(0, accuracy=0.5)), (7, a_score(1, accuracy=0.7))]
    assert [trial.intermediate_values for trial in trials_by_optuna(url)] == [{1: 0.5}, {1: 0.7}]


def test_what_is_no_number_comes_back(record: Record, url: str) -> None:
    insert(record, a_trial(0))
    record.write(
        0, scores=[a_score(0, 1, accuracy=math.nan, loss=math.nan), a_score(0, 2, accuracy=0.1, loss=math.inf)]
    )
    (_, first), (_, second) = record.scores()
    assert math.isnan(first.validation["loss"])
    assert math.isnan(first.validation["accuracy"])
    assert second.validation["loss"] == math.inf
    assert math.isnan(trials_by_optuna(url)[0].intermediate_values[1])


def test_a_tick_is_written_whole_or_not_at_all(record: Record, url: str) -> None:
    insert(record, a_trial(0))
    untimed = a_score(0, 2).model_copy(update={"seconds": None})  # which the last of the tables does not take
    with pytest.raises(IntegrityError):
        record.write(0, scores=[a_score(0, 1), untimed])
    assert record.scores() == []
    assert trials_by_optuna(url)[0].intermediate_values == {}
