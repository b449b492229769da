"""Who gets the free lanes: paused trials that go on, or new configurations, whichever promise most for their epochs.

A curve process says where every trial, begun or not, may end. Lanes are given one after the other to whatever adds
most, for the square of the epochs that it still takes, to the expected best end of all that is known and already
chosen: expected improvement of a batch, as q-EI (Ginsbourger et al. 2010) by Monte Carlo. All of it follows from the
history, the seed and the number of free lanes. Knows no record and no engine.
"""

import math
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from models.config.base import Parameters
from models.seeds import derive
from search.curves.frontier import BestScore, Frontier, Incumbent, expected_improvement
from search.curves.kernels import Array
from search.curves.learnt import InformedProcess, informed
from search.curves.observed import Observed, newest_value, observed
from search.curves.process import CurveProcess
from search.curves.second import KnownCost, LearntCost, second_objective
from search.front import standing
from search.samplers.allowed import nth_allowed
from search.samplers.unit_cube import features, from_unit_cube, to_unit_cube

if TYPE_CHECKING:
    from search.config.study import Study
    from search.loop.history import SearchHistory

CONSIDERED = 150  # trials that the process observes
DRAWS = 256  # joint draws of all ends
# Candidates: drawn evenly, around each leader; those that compete.
EVEN, AROUND, LEADERS, OFFERED = 256, 48, 8, 100
# Of the cube's edge, by which a candidate lies beside its leader. With small ones alone a search stays where it leads
# first, since what surely adds a little there comes before all else. Large ones come to the ends of ranges, which even
# draws of several parameters never do. Measured on LCBench and `mlp`.
STRIDES = (0.05, 0.2, 0.5, 1.0)
# Extrapolated curves are less certain than a process says that was fitted to their beginnings; measured on LCBench.
DOUBT = 1.25
# The power of the epochs left that a gain is divided by. At 1 a trial that is nearly trained waits for new ones whose
# ends are guesses; at 2 it ends first, and what is learnt of it serves all others. Measured on LCBench and `mlp`.
EPOCHS_LEFT = 2


@dataclass
class Plan:
    """Who gets the free lanes, the most promising first.

    Attributes:
        resumed: Paused trials that go on.
        new: Configurations to begin.
        gains: For each paused trial what its end is expected to add to the best score, in units of the objective.
        expected: For each paused trial its expected score at the end, turned so that higher is better.
        second: For each paused trial what the objective beside it is expected to end at, the lower the better.
        prospect: The largest gain over the best score so far that is expected of any trial, live ones among them; of
            two objectives, the largest lift of the front.
        spread: By how much the best score so far is above the median of all.
        unit: What a score of 1 is in units of the objective, near the best.
        front: What is known of all trials, of two objectives.
    """

    resumed: list[int] = field(default_factory=list)
    new: list[Parameters] = field(default_factory=list)
    gains: dict[int, float] = field(default_factory=dict)
    expected: dict[int, float] = field(default_factory=dict)
    second: dict[int, float] = field(default_factory=dict)
    prospect: float = 0.0
    spread: float = 0.0
    unit: float = 0.0
    front: Frontier | None = None


def draw_seed(study: "Study", purpose: str, *numbers: int) -> int:
    """Return a seed that two studies share only if they search the same: else one lucky point would win them all."""
    family = study.family.model_dump_json(exclude={"file", "source"})  # not where its code lies: its hash says which
    about = f"{family} {study.dataset} {sorted(study.space.items())}"
    return derive(study.seed, f"{purpose} {about}", *numbers)


def spread_point(study: "Study", number: int) -> Parameters:
    """Return the configuration that a trial tries before anything is known: a point of an even sequence.

    The additive recurrence of the plastic number's generalisation (Roberts 2018), shifted by the study's seed: as even
    as a Sobol sequence for a handful of parameters, and a function of the trial's number.
    """
    root, dimensions = 1.0, len(study.space)
    for _ in range(60):  # the positive root of x^(d + 1) = x + 1
        root = (1 + root) ** (1 / (dimensions + 1))
    shift = np.random.Generator(np.random.PCG64(draw_seed(study, "spread"))).random(dimensions)

    def point(place: int) -> Parameters:
        shares = (shift + (place + 1) / root ** np.arange(1, dimensions + 1)) % 1.0
        return from_unit_cube(study.space, shares.tolist())

    return nth_allowed(study, number, map(point, count())) if study.where else point(number)


def plan(history: "SearchHistory", free: int, *, begin: int) -> Plan | None:
    """Return who gets the free lanes.

    Args:
        history: The search so far.
        free: Lanes to give away.
        begin: How many new trials may be among them.

    Returns:
        None where too little is known to say.
    """
    with threadpool_limits(1, user_api="blas"):  # sums differ with the number of threads, and choices with the sums
        seen = observed(history, history.tick, CONSIDERED)
        if seen is None:
            return None
        process = informed(history)
        process.observe(seen.scores)
        second = second_objective(history, CONSIDERED)
        return _Competition(history, seen, process, second, history.tick, len(history.mirror)).plan(free, begin)


class _Competition:
    """All that may be given a lane, and what is expected of it."""

    def __init__(
        self,
        history: "SearchHistory",
        seen: Observed,
        process: CurveProcess | InformedProcess,
        second: KnownCost | LearntCost | None,
        *seeds: int,
    ) -> None:
        self._history, self._seen, self._process, self._space = history, seen, process, history.study.space
        self._random = np.random.Generator(np.random.PCG64(draw_seed(history.study, "plan", *seeds)))
        self._row = {number: row for row, number in enumerate(seen.numbers)}
        self._paused = [number for number in seen.numbers if number in history.paused]
        self._live = sorted(history.live)
        self._second, self._front = second, None if second is None else self._frontier(second)

    def plan(self, free: int, begin: int) -> Plan:
        """Give lanes away, one after the other."""
        scale = self._seen.unit * self._seen.spread  # a small gap is its logarithm
        new = self._candidates(max(OFFERED, 2 * min(free, begin))) if begin else []
        numbers = [*self._paused, *(-1 for _ in new), *self._live]
        points = [self._features(number) for number in self._paused]
        points += [features(self._space, params) for params in new]
        points += [self._features(number) for number in self._live]
        if not points:
            return Plan(spread=self._seen.spread, unit=scale, front=self._front)
        rows = np.array([self._row.get(number, -1) for number in numbers])
        mean, covariance = self._process.ends(np.array(points), rows)
        normal = self._random.standard_normal((len(points), DRAWS))
        ends = mean[:, None] + DOUBT * (np.linalg.cholesky(covariance) @ normal)  # (M, DRAWS)
        params = [self._history.rows[number].params for number in self._paused] + new
        params += [self._history.rows[number].params for number in self._live]
        costs = np.zeros((1, 1)) if self._second is None else self._second.draws(numbers, params, self._random, DRAWS)
        known = self._front or BestScore(np.zeros(DRAWS))  # 0 is the best score so far
        prospect = float(known.gains(ends, costs).max())
        competing = len(self._paused) + len(new)
        best = self._incumbent(ends[competing:], costs[competing:])
        epochs = self._history.study.epochs
        left = [epochs - len(self._history.curves[number]) for number in self._paused] + [epochs] * len(new)
        ends, costs, left_of = ends[:competing], costs[:competing], np.array(left, float)
        gains = best.gains(ends, costs)
        found = Plan(prospect=prospect * scale, spread=self._seen.spread, unit=scale, front=self._front)
        for number, value, end in zip(self._paused, gains.tolist(), mean, strict=False):
            found.gains[number] = value * scale
            found.expected[number] = self._seen.value(float(end))
            found.second[number] = 0.0 if self._second is None else self._second.expected(number)
        taken = np.zeros(competing, bool)
        for _ in range(min(free, competing)):
            gain = best.gains(ends, costs) / left_of**EPOCHS_LEFT
            gain[taken] = -1.0
            if len(found.new) == begin:
                gain[len(self._paused) :] = -1.0
            choice = int(gain.argmax())
            if gain[choice] < 0:
                break
            taken[choice] = True
            best.add(ends[choice], costs[min(choice, len(costs) - 1)])
            if choice < len(self._paused):
                found.resumed.append(self._paused[choice])
            else:
                found.new.append(new[choice - len(self._paused)])
        return found

    def _frontier(self, second: KnownCost | LearntCost) -> Frontier:
        """Return the front as it is known of all trials."""
        values = {number: newest_value(self._history, number) for number in sorted(self._history.curves)}
        finite = [number for number, value in values.items() if math.isfinite(value)]
        costs = np.array([second.of_trial(number) for number in finite])
        scores = np.array([self._seen.score(values[number]) for number in finite])
        return Frontier(scores, costs, second.axis(costs), DRAWS, finite)

    def _incumbent(self, ends: Array, costs: Array) -> Incumbent:
        """Return what is best so far, with the ends of live trials taken in."""
        if self._front is None:
            return BestScore(np.maximum(ends.max(0, initial=-np.inf), 0.0))
        for end, cost in zip(ends, costs, strict=True):
            self._front.add(end, cost)
        return self._front

    def _order(self, ends: Array) -> list[tuple[float, float]]:
        """Return what sorts observed trials by their expected ends, the best first."""
        if self._second is None:
            return [(end, 0.0) for end in (-ends).tolist()]
        costs = map(self._second.of_trial, self._seen.numbers)
        return standing(list(zip((-ends).tolist(), costs, strict=True)))

    def _candidates(self, count: int) -> list[Parameters]:
        """Return new configurations, those with the largest expected improvement."""
        points = [self._random.random((EVEN, len(self._space)))]
        ends, _ = self._process.ends(self._seen.scores.points, np.arange(len(self._seen.numbers)))
        by_end = sorted(zip(self._order(ends), self._seen.numbers, strict=True))
        leaders = [number for _, number in by_end[:LEADERS]]
        points += [self._beside(self._history.rows[number].params) for number in leaders]
        seen = self._history.seen
        offered = {
            frozenset(params.items()): params
            for point in np.clip(np.concatenate(points), 0.0, np.nextafter(1.0, 0.0)).tolist()
            if seen.first(params := from_unit_cube(self._space, point)) is None and self._history.study.allows(params)
        }
        if not offered:
            return []
        new = list(offered.values())
        mean, deviation = self._process.end_moments(np.array([features(self._space, params) for params in new]))
        improvement = expected_improvement(mean, deviation)  # over 0, the best score so far
        if self._front is not None and self._second is not None:
            improvement = self._front.improvement(mean, deviation, *self._second.moments(new))
        return [new[index] for index in np.argsort(-improvement, kind="stable")[:count]]

    def _beside(self, params: Parameters) -> Array:
        """Return points beside a configuration, some of its coordinates moved."""
        centre = np.array(to_unit_cube(self._space, params))
        moved = self._random.random((AROUND, len(centre))) < self._random.choice([0.2, 0.4, 0.8], (AROUND, 1))
        stride = self._random.normal(size=moved.shape) * self._random.choice(STRIDES, (AROUND, 1))
        beside: Array = centre + moved * stride
        return beside

    def _features(self, number: int) -> list[float]:
        return features(self._space, self._history.rows[number].params)
