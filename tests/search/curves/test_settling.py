"""When a search has settled: told from scores whose spread over seeds is known."""

import math
from dataclasses import replace

import pytest

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.curves.plan import Plan
from search.curves.settling import SEEDS, outlook, seed_deviation
from search.loop.history import SearchHistory
from search.pruners.expected_gain import GAIN_WORTH
from search.trial import TrialRow
from tests.support.records import a_study

STUDY = a_study(epochs=1, until_settled=True)
TRIED = 30  # trials before anything can have settled: ten for each parameter
LEADER = {"learning_rate": 0.1, "hidden": 64, "weight_decay": 1e-3}


def complete(number: int, value: float, learning_rate: float = 0.1) -> TrialRow:
    return TrialRow(number, "complete", LEADER | {"learning_rate": learning_rate}, joined=1, value=value)


def history(rows: list[TrialRow]) -> SearchHistory:
    """A search with these trials, each of one epoch, after as many bad ones as it takes."""
    scores, bad = [], [complete(number, 0.1 + 0.001 * number, 0.01 + 0.001 * number) for number in range(TRIED)]
    rows = [*bad, *(replace(row, number=TRIED + row.number) for row in rows)]
    for row in rows:
        if row.value is not None:
            metrics = {"accuracy": row.value, "loss": 1 - row.value}
            epoch = EpochMetrics(lane=row.number, epoch=1, train=metrics, validation=metrics, seconds=0.0)
            scores.append((1, epoch))
    return SearchHistory(STUDY, rows, len(rows), scores, 1)


def test_the_deviation_is_pooled_over_configurations() -> None:
    rows = [complete(0, 0.90), complete(1, 0.92), complete(2, 0.94), complete(3, 0.5, 0.2), complete(4, 0.54, 0.2)]
    assert seed_deviation(rows) is None  # three degrees of freedom
    rows += [complete(5, 0.52, 0.2), complete(6, 0.7, 0.3), TrialRow(7, "running", LEADER, joined=1)]
    assert seed_deviation(rows) == pytest.approx(math.sqrt((2 * 0.02**2 + 2 * 0.02**2) / 4))


def test_a_repeat_that_was_not_trained_tells_nothing_of_seeds() -> None:
    rows = [complete(0, 0.9), *(TrialRow(n, "complete", LEADER, repeat_of=0, value=0.9) for n in range(1, 9))]
    assert seed_deviation(rows) is None


def test_the_leader_is_trained_again_before_anything_is_called_settled() -> None:
    nothing, much = Plan(prospect=0.0, spread=0.1), Plan(prospect=0.1 * GAIN_WORTH, spread=0.1)
    rows = [complete(0, 0.8, 0.2), complete(1, 0.9)]
    assert outlook(history(rows), much) == "go on"
    for number in range(2, 1 + SEEDS):
        assert outlook(history(rows), nothing) == "train again"
        rows.append(TrialRow(number, "running", LEADER, joined=1, repeat_of=1))
    assert outlook(history(rows), nothing) == "go on"  # until they are over


@pytest.mark.parametrize(("prospect", "told"), [(0.0099, "settled"), (0.0101, "go on")])
def test_settled_is_where_no_more_is_expected_than_another_seed_changes(prospect: float, told: str) -> None:
    rows = [complete(number, 0.9 + 0.01 * (number % 2)) for number in range(4)] + [complete(4, 0.905)]
    deviation = seed_deviation(rows)
    assert deviation == pytest.approx(0.005)
    assert outlook(history(rows), Plan(prospect=prospect / 2, spread=0.3)) == told


def test_a_study_that_has_measured_nothing_has_not_settled() -> None:
    over = [complete(number, 0.9, 0.1 + 0.01 * number) for number in range(5)]  # and is now to go on until it has
    assert STUDY.sampler.exhausted_reason(STUDY, over) is None
    measured = [complete(number, 0.9 + 0.01 * (number % 2)) for number in range(5)]
    assert "settled" in (STUDY.sampler.exhausted_reason(STUDY, measured) or "")
    assert STUDY.sampler.exhausted_reason(STUDY, [*measured, TrialRow(5, "running", LEADER, joined=1)]) is None


def test_another_sampler_cannot_say_when() -> None:
    with pytest.raises(ValueError, match="until_settled: the sampler tpe does not say what more trials are expected"):
        Study.model_validate(dict(STUDY) | {"sampler": "tpe"})
