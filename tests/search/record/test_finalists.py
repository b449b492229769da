"""Finalists: filled in step by step."""

import math
from dataclasses import replace

import optuna

from search.record.record import Record
from search.record.rows import FinalistRow
from tests.support.records import (
    a_score,
)

optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_a_finalist_is_filled_in_step_by_step(record: Record) -> None:
    ranked = FinalistRow(3, 1, best_epoch=7, validation={"loss": 0.1, "accuracy": 0.98})
    line = record.sign("test 1 model", "mnist", "f00", 1).line
    tested = FinalistRow(3, 1, test={"loss": 0.2, "accuracy": 0.97}, ledger=line, model="3-1.safetensors")
    for row in (ranked, tested, tested, ranked):  # the last two as after a kill
        record.save_finalist(row)
    assert record.finalists() == [
        replace(ranked, test={"loss": 0.2, "accuracy": 0.97}, ledger=line, model="3-1.safetensors")
    ]


def test_a_finalists_score_that_is_there_stays(record: Record) -> None:
    first, other = a_score(0, 1, accuracy=0.5), a_score(1, 1, accuracy=math.inf)
    record.record_finalists("rank", 0, [(33, 0, first)])
    record.record_finalists("rank", 5, [(33, 0, a_score(0, 1, accuracy=0.6)), (33, 1, other)])
    record.record_finalists("retrain", 0, [(33, 0, other)])
    assert record.finalist_scores("rank") == [(0, 33, 0, first), (5, 33, 1, other)]
    assert record.finalist_scores("retrain") == [(0, 33, 0, other)]
