"""Which lane is to blame where a tick fails again and again."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from models.config.messages import EpochMetrics, LaneSpec
from models.errors import UserError
from search.fleet.base import EngineError
from search.fleet.signs_of_life import silent_host
from search.loop.engine_failures import EngineFailures, LaneFailed

TICK = 7


class Lanes:
    """A fleet with lanes that hang alone, and lanes whose worker dies so many times as they are trained alone."""

    def __init__(
        self, hang: set[int], lanes: Sequence[int] = (1, 2, 3), deaths: Mapping[int, int] | None = None
    ) -> None:
        self._hang, self._lanes, self._deaths, self.trained = hang, lanes, Counter(deaths), list[int]()

    def lanes(self) -> list[int]:
        return list(self._lanes)

    def tick(
        self, number: int, joining: Sequence[tuple[int, LaneSpec]], *, only: int | None = None
    ) -> list[EpochMetrics]:
        assert only is not None
        self.trained.append(only)
        if only in self._hang:
            raise silent_host("worker 0", 600)
        if self._deaths[only]:
            self._deaths[only] -= 1
            raise EngineError("worker 0 died: killed by SIGKILL", died=True)
        return [EpochMetrics(lane=only, epoch=1, train={}, validation={}, seconds=0.0)]


def until_told(fleet: Lanes) -> list[int]:
    """Train a tick lane by lane, as often as the loop would; returns the lanes that have scores."""
    failures = EngineFailures()
    for _ in range(2):
        failures.count(TICK, silent_host("worker 0", 600))
    for _ in range(4):
        assert failures.will_repeat_at(TICK)
        try:
            return [score.lane for score in failures.one_by_one(TICK, fleet, ())]  # type: ignore[arg-type]
        except EngineError as error:
            failures.count(TICK, error)
    raise AssertionError("it would go on for ever")


def test_a_tick_that_hung_by_chance_is_trained() -> None:
    assert until_told(Lanes(set())) == [1, 2, 3]


def test_a_lane_whose_worker_is_killed_once_is_trained() -> None:
    assert until_told(Lanes(set(), deaths={1: 1, 3: 1})) == [1, 2, 3]


def test_a_lane_whose_worker_dies_each_time_is_to_blame() -> None:
    with pytest.raises(LaneFailed, match="worker 0 died") as raised:
        until_told(fleet := Lanes(set(), deaths={2: 9}))
    assert (raised.value.lane, fleet.trained) == (2, [1, 2, 1, 2])


def test_a_lane_that_hangs_after_another_was_trained_is_to_blame() -> None:
    with pytest.raises(LaneFailed, match="worker 0 hung") as raised:
        until_told(Lanes({2}))
    assert raised.value.lane == 2


def test_a_lane_that_hangs_first_is_tried_again_as_the_last() -> None:
    with pytest.raises(LaneFailed) as raised:
        until_told(fleet := Lanes({1}))
    assert (raised.value.lane, fleet.trained) == (1, [1, 2, 3, 1])


@pytest.mark.parametrize("fleet", [Lanes({1, 2, 3}), Lanes({4}, lanes=[4])], ids=["every", "only"])
def test_no_lane_is_to_blame_where_none_can_be_trained(fleet: Lanes) -> None:
    with pytest.raises(UserError, match=r"tick 7 does not end: worker 0 hung: .*, 4 times in a row") as raised:
        until_told(fleet)
    assert "--worker-timeout SECONDS" in raised.value.remedy
