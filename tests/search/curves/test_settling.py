"""When a search has settled: told from scores whose spread over seeds is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.curves.frontier import LEVELS, Frontier
from search.curves.plan import Plan
from search.curves.settling import AGAIN, POINTS, SEEDS, front_deviation, leader, outlook, seed_deviation
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


# --- of two objectives ------------------------------------------------------------------------------------------------

FRONT = a_study(epochs=1, until_settled=True, objective=("accuracy", "loss"))


def trained(number: int, accuracy: float, loss: float, learning_rate: float, again: bool = False) -> TrialRow:
    params = LEADER | {"learning_rate": learning_rate}
    return TrialRow(number, "complete", params, joined=1, value=accuracy, second=loss, repeat_of=0 if again else None)


def front_history(rows: list[TrialRow]) -> SearchHistory:
    """A search for accuracy and loss with these trials, behind a few that are dominated."""
    bad = [trained(number, 0.1 + 0.001 * number, 3.0, 0.01 + 0.001 * number) for number in range(TRIED)]
    rows = [*bad, *(replace(row, number=TRIED + place) for place, row in enumerate(rows))]
    scores = []
    for row in rows:
        metrics = {"accuracy": row.value or 0.0, "loss": row.second or 0.0}
        scores.append((1, EpochMetrics(lane=row.number, epoch=1, train=metrics, validation=metrics, seconds=0.0)))
    return SearchHistory(FRONT, rows, len(rows), scores, 1)


def known_front(history: SearchHistory) -> Frontier:
    """The front whose scores are accuracies and whose costs are losses."""
    rows = list(history.rows.values())
    scores, costs = np.array([row.value for row in rows]), np.array([row.second for row in rows])
    return Frontier(scores, costs, (0.0, 4.0), 1, [row.number for row in rows])


POINTS_OF_FRONT = [(0.9, 2.0, 0.1), (0.8, 1.5, 0.2), (0.7, 1.0, 0.3), (0.6, 0.5, 0.4), (0.55, 0.4, 0.5)]


def test_points_spread_over_the_front_are_trained_again_in_turn() -> None:
    rows = [trained(0, *point) for point in POINTS_OF_FRONT]
    nothing, trials = Plan(prospect=0.0, spread=0.1), []
    for _ in range(POINTS * AGAIN):
        at = front_history(rows)
        assert outlook(at, nothing) == "train again"
        params = leader(at)
        assert params is not None
        accuracy, loss, rate = next(point for point in POINTS_OF_FRONT if point[2] == params["learning_rate"])
        rows.append(trained(0, accuracy - 0.01, loss, rate, again=True))
        trials.append(rate)
    assert sorted(trials) == sorted(2 * [0.1, 0.2, 0.3, 0.5])  # both ends, and what adds most between them
    assert outlook(front_history(rows), nothing) == "go on"  # no plan says where the front stands


def test_what_seeds_move_a_front_by_is_what_they_move_each_point_by() -> None:
    """Every point is had at one cost in all seeds, so that a seed moves its step up or down, by the same everywhere."""
    rows = [trained(0, *point) for point in POINTS_OF_FRONT]
    for accuracy, loss, rate in POINTS_OF_FRONT[:4]:
        rows += [
            trained(0, accuracy - 0.01, loss, rate, again=True),
            trained(0, accuracy - 0.02, loss, rate, again=True),
        ]
    at = front_history(rows)
    made = Plan(front=known_front(at), unit=1.0)
    levels = np.linspace(0.0, 5.0, LEVELS)
    away = [0.01, 0.0, -0.01]  # of each of four configurations; eight degrees of freedom
    squares = 0.0
    places = sorted((loss, accuracy) for accuracy, loss, _ in POINTS_OF_FRONT)
    for place, (loss, accuracy) in enumerate(places):

        def height(own: float, loss: float = loss, place: int = place) -> float:
            others = [each for index, each in enumerate(places) if index != place]
            had = [[a for at_loss, a in (*others, (loss, own)) if at_loss <= level] for level in levels]
            return float(np.mean([max(each, default=0.1) for each in had]))

        squares += 4 * sum((height(accuracy + each) - height(accuracy)) ** 2 for each in away) / 8
    assert front_deviation(at, made) == pytest.approx(math.sqrt(squares) / 5)
    assert outlook(at, replace(made, prospect=math.sqrt(squares) / 5.1)) == "settled"
    assert outlook(at, replace(made, prospect=math.sqrt(squares) / 4.9)) == "go on"
    fewer = front_history(rows[:-1])  # seven degrees of freedom
    assert front_deviation(fewer, Plan(front=known_front(fewer), unit=1.0)) is None


def test_a_front_that_has_settled_says_by_how_many_trainings() -> None:
    rows = [trained(0, *point) for point in POINTS_OF_FRONT]
    assert FRONT.sampler.exhausted_reason(FRONT, rows) is None
    rows += [trained(0, accuracy, loss, rate, again=True) for accuracy, loss, rate in 2 * POINTS_OF_FRONT[:4]]
    assert "as 8 trainings from other seeds have shown" in (FRONT.sampler.exhausted_reason(FRONT, rows) or "")


def test_another_sampler_cannot_say_when() -> None:
    with pytest.raises(ValueError, match="until_settled: the sampler tpe does not say what more trials are expected"):
        Study.model_validate(dict(STUDY) | {"sampler": "tpe"})
