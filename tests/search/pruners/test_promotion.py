"""Promotion, beside algorithm 2 of Li et al. 2020 as the paper has it, on known curves."""

import math

import pytest

from models.config.base import Parameters
from search.config.space import Float
from search.config.study import Study
from search.loop.history import SearchHistory
from search.pruners.promotion import Promotion
from search.trial import TrialRow
from tests.support.memory_record import epoch_metrics

PARAMS: Parameters = {"learning_rate": 0.1}
EPOCHS = 10


def a_study(pruner: Promotion) -> Study:
    space = {"learning_rate": Float(1e-3, 1.0, log=True)}
    return Study(family="linear", space=space | {"weight_decay": 0.0}, epochs=EPOCHS, pruner=pruner)


def accuracy(trial: int, epoch: int) -> float:
    """A curve that rises, by a rank that changes with the epochs; all values differ."""
    return (trial * 37 % 101) / 202 + (trial * 53 % 97) / 194 * epoch / EPOCHS


class Paper:
    """Algorithm 2, for one worker at a time: `get_job` promotes from the highest rung that has a candidate."""

    def __init__(self, keep: float, rungs: list[int]) -> None:
        self._keep, self._rungs = keep, rungs
        self._reached: list[dict[int, float]] = [{} for _ in rungs]  # rung -> trial -> loss
        self._promoted: list[set[int]] = [set() for _ in rungs]
        self._begun = 0

    def get_job(self) -> tuple[int, int]:
        """Return a trial and the epoch that it trains to."""
        for k in reversed(range(len(self._rungs))):
            best = sorted(self._reached[k], key=self._reached[k].__getitem__)
            candidates = best[: math.ceil(self._keep * len(best) - 1e-9)]  # ours is rounded up
            if promotable := [trial for trial in candidates if trial not in self._promoted[k]]:
                self._promoted[k].add(promotable[0])
                return promotable[0], self._rungs[k + 1] if k + 1 < len(self._rungs) else EPOCHS
        self._begun += 1
        return self._begun - 1, self._rungs[0]

    def report(self, trial: int, epoch: int) -> None:
        if epoch in self._rungs:
            self._reached[self._rungs.index(epoch)][trial] = -accuracy(trial, epoch)


@pytest.mark.parametrize("keep", [1 / 3, 0.5])
def test_one_lane_does_what_algorithm_2_does(keep: float) -> None:
    rule = Promotion(keep_fraction=keep, min_epochs=1, reduction_factor=3)
    paper, history = Paper(keep, [1, 3, 9]), SearchHistory(a_study(rule), [], 0, [])
    theirs, ours, tick = [], [], 0
    for _ in range(120):
        trial, until = paper.get_job()
        paper.report(trial, until)
        theirs.append((trial, until))
        if promoted := rule.promote(history, 1):
            (number,) = promoted
            history.paused.remove(number)
        else:
            number = len(history.rows)
            history.begin(TrialRow(number, "running", PARAMS, joined=tick + 1))
        for epoch in range(len(history.curves.get(number, [])) + 1, EPOCHS + 1):
            tick += 1
            metrics = epoch_metrics(number, epoch, accuracy(number, epoch))
            history.add_scores(tick, [metrics])
            if epoch < EPOCHS and rule.judge(epoch, history.curves[number][-1], history) == "pause":
                history.paused.add(number)
                break
        ours.append((number, epoch))
    assert ours == theirs
    assert {epoch for _, epoch in ours} == {1, 3, 9, 10}


def test_no_more_are_promoted_than_lanes_are_free() -> None:
    rule = Promotion(keep_fraction=0.5)
    rows = [TrialRow(number, "running", PARAMS, joined=1) for number in range(6)]
    scores = [(1, epoch_metrics(number, 1, number / 10)) for number in range(6)]
    history = SearchHistory(a_study(rule), rows, 6, scores, tick=1, paused=range(6))
    assert rule.promote(history, 9) == [5, 4, 3]
    assert rule.promote(history, 2) == [5, 4]


def test_the_trial_that_makes_room_is_the_last_of_its_rung() -> None:
    rows = [TrialRow(number, "running", PARAMS, joined=1) for number in range(5)]
    first = [(1, epoch_metrics(number, 1, value)) for number, value in enumerate((0.1, 0.5, 0.2, 0.4, 0.3))]
    later = [(2, epoch_metrics(number, 2, value)) for number, value in ((1, 0.6), (3, 0.7))]
    history = SearchHistory(a_study(Promotion()), rows, 5, first + later, tick=2, paused=[1, 2, 4])
    # Of two at epoch 2 trial 1 is behind one half, trial 2 at epoch 1 behind three fifths.
    assert history.least_promising() == 2
    history.paused.remove(2)
    assert history.least_promising() == 1
