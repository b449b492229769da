"""What one more end adds to a front: against its definition, and in closed form against drawing."""

import numpy as np

from search.curves.frontier import LEVELS, BestScore, Frontier, expected_improvement

SCORES, COSTS = np.array([-2.0, -1.0, -0.2, -1.5]), np.array([1.0, 2.0, 4.0, 3.0])


def frontier(draws: int = 1) -> Frontier:
    return Frontier(SCORES, COSTS, (1.0, 4.0), draws)


def best_for(cost: float) -> float:
    return max(float(score) for score, at in zip(SCORES, COSTS, strict=True) if at <= cost)


def test_stairs_are_the_best_that_is_had_for_no_more() -> None:
    levels = np.linspace(1.0, 4.75, LEVELS)
    np.testing.assert_array_equal(frontier().stairs, [best_for(level) for level in levels])


def test_an_end_adds_what_it_lifts_the_stairs_by() -> None:
    levels = np.linspace(1.0, 4.75, LEVELS)
    for end, cost in ((-0.5, 1.5), (0.3, 4.5), (-3.0, 0.5), (-1.2, 0.2)):
        lift = np.mean([max(0.0, end - best_for(level)) if cost <= level else 0.0 for level in levels])
        np.testing.assert_allclose(frontier().gains(np.array([[end]]), np.array([[cost]])), [lift])
    dearer = frontier().gains(np.array([[0.5]]), np.array([[4.4]]))
    assert dearer[0] > 0  # beyond all that is known of, and better
    dominated = frontier().gains(np.array([[-1.1]]), np.array([[2.5]]))
    assert dominated[0] == 0


def test_what_was_added_is_added_once() -> None:
    front, end, cost = frontier(), np.array([0.0]), np.array([2.0])
    assert front.gains(end[None], cost[None])[0] > 0
    front.add(end, cost)
    assert front.gains(end[None], cost[None])[0] == 0


def test_a_configuration_that_comes_out_otherwise_moves_the_stairs_by_what_stands_there_instead() -> None:
    levels = np.linspace(1.0, 4.75, LEVELS)
    others = [(-2.0, 1.0), (-0.2, 4.0), (-1.5, 3.0)]  # without the trial of row 1

    def height(score: float, cost: float) -> float:
        points = [*others, (score, cost)]
        return float(np.mean([max(each for each, at in points if at <= level) for level in levels]))

    came_to = np.array([(-0.9, 2.0), (-1.1, 2.4), (-3.0, 1.5), (0.1, 1.2)])
    changes = frontier().changes([1], 1, came_to[:, 0], came_to[:, 1])
    np.testing.assert_allclose(changes, [height(*point) - height(-1.0, 2.0) for point in came_to.tolist()])
    # A second training of it does not stand in for the first.
    twice = Frontier(np.append(SCORES, -1.05), np.append(COSTS, 2.0), (1.0, 4.0), 1)
    np.testing.assert_allclose(twice.changes([1, 4], 1, came_to[:, 0], came_to[:, 1]), changes)


def test_the_closed_form_is_the_mean_of_draws() -> None:
    generator = np.random.Generator(np.random.PCG64(3))
    mean, deviation = np.array([-0.8, 0.1, -2.5]), np.array([0.5, 0.2, 1.0])
    cost, of_cost = np.array([1.5, 3.0, 1.2]), np.array([0.4, 0.1, 0.8])
    draws = 40_000
    ends = mean[:, None] + deviation[:, None] * generator.standard_normal((3, draws))
    costs = cost[:, None] + of_cost[:, None] * generator.standard_normal((3, draws))
    front = frontier(draws)
    np.testing.assert_allclose(
        front.improvement(mean, deviation, cost, None), front.gains(ends, cost[:, None]), atol=0.01
    )
    np.testing.assert_allclose(front.improvement(mean, deviation, cost, of_cost), front.gains(ends, costs), atol=0.01)


def test_of_one_objective_it_is_expected_improvement() -> None:
    generator = np.random.Generator(np.random.PCG64(4))
    mean, deviation = np.array([-0.5, 0.2]), np.array([1.0, 0.3])
    ends = mean[:, None] + deviation[:, None] * generator.standard_normal((2, 40_000))
    gains = BestScore(np.zeros(40_000)).gains(ends, np.zeros((1, 1)))
    np.testing.assert_allclose(gains, expected_improvement(mean, deviation), atol=0.01)
