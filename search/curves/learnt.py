"""What earlier studies say of configurations: a prior mean of their ends, as strong as both rankings agree.

Each source has a Gaussian process of its own, fitted to its trials' last scores. How much it counts is Kendall's rank
correlation between what it predicts and what the new study has seen. So did Feurer, Letham and Bakshy (2018, arXiv
1802.02219) weigh an ensemble of processes by ranking errors; here a weight shrinks a prior mean, so that a source that
ranks otherwise soon counts for nothing, and the new study's own process explains what the mean leaves over.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from threadpoolctl import threadpool_limits

from models.config.base import Parameters
from search.config.learnt import LearntStudy
from search.config.space import Space
from search.curves.fitting import fitted
from search.curves.kernels import Array, Index, Scores
from search.curves.process import CurveProcess
from search.front import layers
from search.samplers.unit_cube import features, from_unit_cube

if TYPE_CHECKING:
    from search.loop.history import SearchHistory

EXPECTED, EXPECTED_TRIALS = 0.5, 4  # before anything is seen: this correlation, worth so many trials
OFFERED = 32  # random configurations of which the one that sources like best is tried


def source_processes(history: "SearchHistory", which: int = 0) -> list[CurveProcess]:
    """Return the process of each source. They follow from what the study has learnt, and are kept with the mirror.

    Args:
        history: The new study's.
        which: 0 for the objective, 1 for the one beside it, of which not every source tells.
    """
    key = f"learnt{which or ''}"
    kept = history.mirror.sampler_state.get(key)
    if kept is None:
        told = ((source, source.second if which else source.values) for source in history.study.learnt)
        made = (_source_process(history.study.space, source, values) for source, values in told if values)
        with threadpool_limits(1, user_api="blas"):
            kept = history.mirror.sampler_state[key] = [process for process in made if process is not None]
    return cast(list[CurveProcess], kept)


def _source_process(space: Space, source: LearntStudy, told: Sequence[float]) -> CurveProcess | None:
    """Return a process of a source's last scores, measured as `observed` measures those of the new study."""
    values = np.array(told)
    spread = values.max() - float(np.median(values))
    if spread <= 0:
        return None
    gaps = -np.log1p((values.max() - values) / spread)
    points = np.array([features(space, params) for params in source.params])
    scores = Scores(points, np.arange(len(values)), np.zeros(len(values)), gaps / (float(gaps.std()) or 1.0))
    process = CurveProcess(points.shape[1])
    process.fit(scores)
    process.observe(scores)
    return process


def weight(predicted: Array, seen: Array) -> float:
    """Return how much a source counts, 0 to 1.

    Args:
        predicted: (T,), what it expects of the trials that the new study has seen.
        seen: (T,), their newest scores; higher is better.
    """
    from scipy.stats import kendalltau  # takes half a second, which only sources are worth

    correlation = kendalltau(predicted, seen).statistic if len(seen) > 1 else 0.0
    counted = len(seen) * (0.0 if math.isnan(correlation) else float(correlation))
    return max(0.0, (counted + EXPECTED * EXPECTED_TRIALS) / (len(seen) + EXPECTED_TRIALS))


class InformedProcess:
    """A curve process whose prior mean is what sources expect.

    Args:
        process: Fitted to the new study's scores.
        sources: At least one.
    """

    def __init__(self, process: CurveProcess, sources: list[CurveProcess]) -> None:
        self._process, self._sources = process, sources
        self.weights = [0.0] * len(sources)

    def observe(self, scores: Scores) -> None:
        """Take in scores, in place of those before; what the sources expect of them is explained already."""
        newest = scores.values[np.flatnonzero(np.diff(scores.trial, append=len(scores.points)))]
        self.weights = [weight(source.end_moments(scores.points)[0], newest) for source in self._sources]
        self._process.observe(scores._replace(values=scores.values - self._expected(scores.points)[scores.trial]))

    def ends(self, points: Array, trial: Index) -> tuple[Array, Array]:
        """Return mean and covariance of ends; see `CurveProcess.ends`."""
        mean, covariance = self._process.ends(points, trial)
        return mean + self._expected(points), covariance

    def end_moments(self, points: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of ends; see `CurveProcess.end_moments`."""
        mean, deviation = self._process.end_moments(points)
        return mean + self._expected(points), deviation

    def _expected(self, points: Array) -> Array:
        """Return what the sources expect, (M,): their mean, each counted and shrunk by its weight."""
        total = sum(self.weights)
        if not total:
            return np.zeros(len(points))
        means = (source.end_moments(points)[0] for source in self._sources)
        expected: Array = sum(
            (share * share / total * mean for share, mean in zip(self.weights, means, strict=True)),
            np.zeros(len(points)),
        )
        return expected


def informed(history: "SearchHistory", which: int = 0) -> CurveProcess | InformedProcess:
    """Return the study's own process as it is fitted, with what sources tell beside it where there are any.

    Args:
        history: The study's.
        which: 0 for the objective, 1 for the one beside it.
    """
    own, sources = fitted(history, which), source_processes(history, which)
    return InformedProcess(own, sources) if sources else own


def liked_point(history: "SearchHistory", seed: int) -> Parameters | None:
    """Return the one of some random configurations that sources expect most of; None without sources.

    Of two objectives it is any of those that no other one is expected to dominate.
    """
    sources, space = source_processes(history), history.study.space
    if not sources:
        return None
    random = np.random.Generator(np.random.PCG64(seed))
    shares = random.random((OFFERED, len(space)))
    offered = [from_unit_cube(space, point) for point in shares.tolist()]
    if not (offered := [params for params in offered if history.study.allows(params)]):
        return None
    points = np.array([features(space, params) for params in offered])
    with threadpool_limits(1, user_api="blas"):
        score = np.mean([source.end_moments(points)[0] for source in sources], axis=0)
        cost = _expected_costs(history, offered, points)
    if cost is None:
        return offered[int(score.argmax())]
    front = np.flatnonzero(np.array(layers(list(zip((-score).tolist(), cost, strict=True)))) == 0)
    return offered[int(random.choice(front))]


def _expected_costs(history: "SearchHistory", offered: Sequence[Parameters], points: Array) -> list[float] | None:
    """Return what sources expect of the objective beside the first, the lower the better; None where none tells it."""
    beside = history.study.objective.beside
    if beside is not None and beside.is_known:
        return [beside.place(history.study.costs(params)[beside.metric]) for params in offered]
    if beside is None or not (sources := source_processes(history, 1)):
        return None
    expected: list[float] = (-np.mean([source.end_moments(points)[0] for source in sources], axis=0)).tolist()
    return expected
