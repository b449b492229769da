"""The objective beside the first: what is known of it, of trials and of new configurations.

A cost that is known beforehand is exact; of a metric that is learnt a process of its own says where it ends. Costs are
the lower the better: a known one's logarithm, a learnt one's score turned.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.config.base import Parameters
from search.curves.kernels import Array
from search.curves.learnt import informed
from search.curves.observed import Observed, newest_value, observed
from search.samplers.unit_cube import features, from_unit_cube

if TYPE_CHECKING:
    from search.loop.history import SearchHistory

REACHED = 64  # random configurations that tell what the models of a space cost


class KnownCost:
    """A second objective that is known before a trial is trained."""

    def __init__(self, history: "SearchHistory") -> None:
        beside = history.study.objective.beside
        assert beside is not None
        self._history, self._objective = history, beside

    def _cost(self, params: Parameters) -> float:
        return self._objective.place(self._history.study.costs(params)[self._objective.metric])

    def axis(self, costs: Array) -> tuple[float, float]:
        """Return the least and the largest cost that trials have, (T,), or any model of the space."""
        state, study = self._history.mirror.sampler_state, self._history.study
        if (reach := state.get("reach")) is None:
            shares = np.random.Generator(np.random.PCG64(0)).random((REACHED, len(study.space)))
            drawn = (from_unit_cube(study.space, point) for point in shares.tolist())
            reach = state["reach"] = [self._cost(params) for params in drawn if study.allows(params)]
        return min([*reach, float(costs.min())]), max([*reach, float(costs.max())])

    def of_trial(self, number: int) -> float:
        """Return the cost of a trial as it is now."""
        return self._cost(self._history.rows[number].params)

    def moments(self, new: Sequence[Parameters]) -> tuple[Array, Array | None]:
        """Return mean and deviation of new configurations' costs, (M,) each; no deviation where they are certain."""
        return np.array([self._cost(params) for params in new]), None

    def draws(
        self, numbers: Sequence[int], params: Sequence[Parameters], random: np.random.Generator, count: int
    ) -> Array:
        """Return costs (M, D) or (M, 1) of trials, by their numbers, and of new configurations, whose number is -1."""
        return self.moments(params)[0][:, None]

    def expected(self, number: int) -> float:
        """Return the cost that a trial is expected to end with, as `Objective.place` has it."""
        return self.of_trial(number)


class LearntCost:
    """A second objective that trials learn."""

    def __init__(self, history: "SearchHistory", seen: Observed) -> None:
        self._history, self._seen, self._process = history, seen, informed(history, 1)
        self._process.observe(seen.scores)
        self._row = {number: row for row, number in enumerate(seen.numbers)}

    def axis(self, costs: Array) -> tuple[float, float]:
        """Return the least and the largest cost that trials have, (T,)."""
        return float(costs.min()), float(costs.max())

    def of_trial(self, number: int) -> float:
        """Return the cost of a trial as it is now."""
        return -self._seen.score(newest_value(self._history, number, 1))

    def moments(self, new: Sequence[Parameters]) -> tuple[Array, Array | None]:
        """Return mean and deviation of new configurations' costs, (M,) each."""
        mean, deviation = self._process.end_moments(self._points(new))
        return -mean, deviation

    def draws(
        self, numbers: Sequence[int], params: Sequence[Parameters], random: np.random.Generator, count: int
    ) -> Array:
        """Return joint draws (M, D) of the costs that trials, and new configurations of number -1, end with."""
        rows = np.array([self._row.get(number, -1) for number in numbers])
        mean, covariance = self._process.ends(self._points(params), rows)
        ends: Array = mean[:, None] + np.linalg.cholesky(covariance) @ random.standard_normal((len(numbers), count))
        return -ends

    def expected(self, number: int) -> float:
        """Return the cost that a trial is expected to end with, as `Objective.place` has it."""
        points = self._points([self._history.rows[number].params])
        mean, _ = self._process.ends(points, np.array([self._row.get(number, -1)]))
        return -self._seen.value(float(mean[0]))

    def _points(self, params: Sequence[Parameters]) -> Array:
        return np.array([features(self._history.study.space, each) for each in params])


def second_objective(history: "SearchHistory", considered: int) -> KnownCost | LearntCost | None:
    """Return what is known of the second objective; None where there is none, or nothing tells trials apart by it."""
    beside = history.study.objective.beside
    if beside is None:
        return None
    if beside.is_known:
        return KnownCost(history)
    seen = observed(history, history.tick, considered, 1)
    return None if seen is None else LearntCost(history, seen)
