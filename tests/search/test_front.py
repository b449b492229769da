"""Who is dominated: against Optuna's own front and against counting; which points of a front stand for it."""

import math

import numpy as np
import optuna
import pytest

from search.front import Point, contributions, dominates, layers, spread, standing


def draw(seed: int, count: int) -> list[Point]:
    """Points with many ties."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return [(float(a), float(b)) for a, b in generator.integers(0, 9, (count, 2))]


@pytest.mark.parametrize("seed", range(5))
def test_layers_are_fronts_of_what_is_left(seed: int) -> None:
    points = draw(seed, 60)
    left, found, layer = set(range(60)), layers(points), 0
    while left:
        front = {index for index in left if not any(dominates(points[other], points[index]) for other in left)}
        assert {index for index in left if found[index] == layer} == front
        left, layer = left - front, layer + 1


def test_the_front_is_that_of_optuna() -> None:
    points = draw(7, 80)
    study = optuna.create_study(directions=["maximize", "minimize"])
    for first, second in points:
        study.add_trial(optuna.create_trial(values=[-first, second]))
    best = {trial.number for trial in study.best_trials}
    assert {index for index, layer in enumerate(layers(points)) if layer == 0} == best


def test_what_is_not_finite_stands_last() -> None:
    points = [(1.0, math.nan), (2.0, 1.0), (1.0, 2.0), (math.inf, 0.0), (2.0, 2.0)]
    stand = standing(points)
    assert sorted(range(5), key=lambda index: stand[index])[:3] == [1, 2, 4]
    assert stand[0] == stand[3] == (math.inf, math.inf)


def test_a_point_that_adds_more_stands_before_one_that_adds_less() -> None:
    points = [(0.0, 10.0), (1.0, 9.0), (4.0, 4.0), (10.0, 0.0), (4.0, 4.0)]
    assert contributions(points[:4]) == [math.inf, 3 * 1, 6 * 5, math.inf]
    assert contributions(points)[4] == 0.0  # a double
    order = sorted(range(4), key=lambda index: standing(points[:4])[index])
    assert order == [0, 3, 2, 1]


def test_a_front_is_represented_from_end_to_end() -> None:
    points = [(float(place), 100.0 / (1 + place)) for place in range(30)]
    chosen = spread([*points, points[5]], 6)
    assert (chosen[0], chosen[-1], len(chosen)) == (0, 29, 6)
    assert chosen == sorted(chosen)
    assert spread(points, 1) == [0]
    assert spread(points[:3], 9) == [0, 1, 2]
    assert spread([points[3], points[3]], 5) == [0]
