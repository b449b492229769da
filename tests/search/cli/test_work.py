"""How much work a search is expected to do yet."""

from typing import Any

import pytest

from search.cli.work import expected_epochs, planned_trials, work_left
from search.pruners.expected_gain import USUALLY_GO_ON
from studyhall import ExpectedGain, Float, Grid, Int, Mlp, NoPruner, OptunaPruner, Study, SuccessiveHalving

SPACE = {
    "learning_rate": Float(1e-2, 1.0, log=True),
    "hidden": Int(4, 16),
    "weight_decay": Float(1e-6, 1e-3, log=True),
}


def study(**changes: Any) -> Study:
    return Study(**{"family": Mlp(), "data": "digits", "space": SPACE, "trials": 20, "epochs": 5, **changes})


@pytest.mark.parametrize(
    ("pruner", "epochs"),
    [
        (NoPruner(), 10.0),
        (OptunaPruner(kind="MedianPruner"), 10.0),  # whose rule we do not know
        (SuccessiveHalving(), 1 + 1 / 2 + 2 / 4 + 4 / 8 + 2 / 16),
        (SuccessiveHalving(min_epochs=20), 10.0),
    ],
)
def test_a_judges_rule_says_how_long_trials_live(pruner: Any, epochs: float) -> None:
    assert expected_epochs(study(pruner=pruner, epochs=10))[0] == pytest.approx(epochs)


def test_what_was_seen_outweighs_the_rule() -> None:
    judged = study(pruner=SuccessiveHalving(), epochs=4)
    seen = expected_epochs(judged, reached={1: 1000, 2: 900, 3: 900, 4: 900}, ages={})
    assert seen[0] == pytest.approx(1 + 0.9 * 3, rel=0.02)


def test_a_grid_is_over_when_its_cells_are() -> None:
    grid = Grid(values={"learning_rate": (0.1, 0.2), "hidden": (4, 5, 6), "weight_decay": (1e-3,)})
    assert planned_trials(study(sampler=grid)) == 6
    assert planned_trials(study(sampler=grid, trials=5)) == 5


def test_live_trials_count_by_what_their_own_epochs_take() -> None:
    searched = study(pruner=NoPruner(), epochs=5)
    left = work_left(searched, 0, {1: 2, 2: 2, 3: 1}, {0: 3, 1: 2}, {}, {0: 10.0, 1: 0.1})
    assert left == pytest.approx(2 * 10.0 + 3 * 0.1)


def test_trials_that_have_not_begun_are_like_those_that_have() -> None:
    searched = study(pruner=NoPruner(), epochs=5)
    assert work_left(searched, 4, dict.fromkeys(range(1, 6), 2), {}, {}, {0: 1.0, 1: 3.0}) == pytest.approx(4 * 5 * 2.0)


def test_who_waits_counts_as_often_as_trials_go_on() -> None:
    searched = study(pruner=ExpectedGain(shares=(0.2,)), epochs=5)  # all wait after the first epoch
    seconds = dict.fromkeys(range(10), 2.0)
    waiting = dict.fromkeys(range(10), 1)
    assert work_left(searched, 0, {1: 10}, {}, waiting, seconds) == pytest.approx(10 * USUALLY_GO_ON * 4 * 2.0)
    # Two have gone on and are complete: of the eight that wait so many less are expected to.
    waiting = dict.fromkeys(range(2, 10), 1)
    reached = {1: 10, 2: 2, 3: 2, 4: 2, 5: 2}
    left = work_left(searched, 0, reached, {}, waiting, seconds)
    assert left == pytest.approx((10 * USUALLY_GO_ON - 2) * 4 * 2.0)
    # More than usual have gone on: nothing is expected of the last one.
    reached = {1: 10, 2: 9, 3: 9, 4: 9, 5: 9}
    assert work_left(searched, 0, reached, {}, {9: 1}, seconds) < 1 * 4 * 2.0


def test_of_those_that_wait_the_best_go_on() -> None:
    searched = study(pruner=ExpectedGain(shares=(0.2,)), epochs=5)
    reached, seconds = {1: 10}, {number: 9.0 if number < 7 else 1.0 for number in range(10)}
    best_first = dict.fromkeys(range(10), 1)
    assert work_left(searched, 0, reached, {}, best_first, seconds) == pytest.approx(7 * 4 * 9.0)
    worst_first = dict.fromkeys(range(9, -1, -1), 1)
    assert work_left(searched, 0, reached, {}, worst_first, seconds) == pytest.approx(4 * (4 * 9.0 + 3 * 1.0))


def test_who_was_cut_does_not_come_back() -> None:
    searched = study(pruner=SuccessiveHalving(), epochs=4)
    assert work_left(searched, 0, {1: 10, 2: 5, 3: 2, 4: 2}, {}, {}, dict.fromkeys(range(10), 1.0)) == 0.0
