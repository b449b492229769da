"""What is done when an engine fails: the tick again, then lane by lane, and which lane is to blame. Knows no trial."""

from collections.abc import Sequence

from models.config.messages import EpochMetrics, LaneSpec
from models.errors import UserError
from search.fleet.base import EngineError
from search.fleet.fleet import Fleet


class LaneFailed(Exception):  # noqa: N818 - a fact rather than an error
    """A lane cannot be trained, even alone."""

    def __init__(self, lane: int, reason: str) -> None:
        super().__init__(lane, reason)
        self.lane, self.reason = lane, reason


class EngineFailures:
    """Counts the failures of a tick: it will fail again where an engine raised, or a worker died twice."""

    def __init__(self) -> None:
        self._tick, self._deaths, self._will_repeat = 0, 0, False
        self._suspect: int | None = None  # the lane that hung before any other had been trained alone
        self._died_alone = set[int]()  # lanes whose worker died while it trained them alone

    def count(self, tick: int, error: EngineError) -> None:
        """Count a failure in a tick, unless its machine was lost, which says nothing of the tick."""
        if error.lost:
            return
        if tick != self._tick:
            self._tick, self._deaths, self._will_repeat, self._suspect = tick, 0, False, None
            self._died_alone.clear()
        self._deaths += error.died
        self._will_repeat = self._will_repeat or not error.died or self._deaths >= 2

    def will_repeat_at(self, tick: int) -> bool:
        """Return whether a tick is to be trained lane by lane."""
        return self._will_repeat and tick == self._tick

    def one_by_one(self, tick: int, fleet: Fleet, joining: Sequence[tuple[int, LaneSpec]]) -> list[EpochMetrics]:
        """Train every lane alone for one tick.

        Raises:
            LaneFailed: This lane fails; of one that hangs it is known once another has been trained, and of one whose
                worker dies when that happens a second time.
            UserError: The first two lanes hang, or the only one: nothing tells that it is a lane's fault.
            EngineError: A machine was lost; or a worker died for the first time with this lane alone; or the first lane
                hangs, which is trained last the next time.
        """
        specs = {spec.lane: [(engine, spec)] for engine, spec in joining}
        scores: list[EpochMetrics] = []
        for lane in sorted({*fleet.lanes(), *specs}, key=lambda lane: (lane == self._suspect, lane)):
            try:
                scores += fleet.tick(tick, specs.get(lane, []), only=lane)
            except EngineError as error:
                if error.lost:
                    raise
                if error.died and not error.silent and lane not in self._died_alone:
                    self._died_alone.add(lane)  # it may have been killed from outside
                    raise
                if not error.silent or scores:
                    raise LaneFailed(lane, str(error)) from error
                if self._suspect is not None:
                    raise UserError(
                        f"tick {tick} does not end: {error}, {self._deaths + 1} times in a row",
                        "give more time to a minibatch that needs it, with --worker-timeout SECONDS, or look what it "
                        "waits for; then give the same command again, it goes on",
                    ) from error
                self._suspect = lane
                raise
        return sorted(scores, key=lambda score: score.lane)
