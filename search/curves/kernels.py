"""The covariance of learning curves, and its derivatives.

A curve is y(x, s): the score of configuration x when log(epochs / t) / log(epochs) = s of its training is still ahead,
1 before the second epoch and 0 at the end. It is the end that x reaches, less a gap that closes as s falls to 0:

    cov = level k(x, x') + 1                                          the end, and its unknown mean
        + k'(x, x') (slope s s' + drift min(s, s'))                   the gap: a line, and a random walk from the end
        + mean_slope s s' + mean_curvature s^2 s'^2                   the gap that all configurations share
        + [same trial] (own + own_slope s s' + own_drift min(s, s'))  what two trainings of one configuration differ by
        + [same score] noise

k and k' are Matern 5/2 with a length scale for each feature. The random walk is what keeps the process honest: how far
a curve may still wander grows with what is ahead of it, and no fit to early epochs can make that vanish. Freeze-thaw
(Swersky, Snoek and Adams 2014, arXiv 1406.3896) has exponentials in place of it, and one level for each trial.

Letters: N scores, T trials, D features.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_SQRT5 = 5**0.5


def matern(a: Array, b: Array, scales: Array) -> Array:
    """Return the Matern 5/2 correlation of the rows of a and b, each row a point with one feature a column."""
    distance = np.sqrt((((a[:, None] - b[None]) / scales) ** 2).sum(2))
    correlation: Array = (1 + _SQRT5 * distance + 5 / 3 * distance**2) * np.exp(-_SQRT5 * distance)
    return correlation


class Scores(NamedTuple):
    """Scores of trials at some epochs, those of one trial side by side.

    Attributes:
        points: (T, D), the features of each trial.
        trial: (N,), the row of `points` that each score belongs to; ascending.
        ahead: (N,), s of each score: 0 at the last epoch.
        values: (N,), the scores; higher is better.
    """

    points: Array
    trial: Index
    ahead: Array
    values: Array


@dataclass(frozen=True)
class Amplitudes:
    """The variances in the sum above, as logarithms' prior means; of scores whose spread is 1."""

    level: float = 0.5
    slope: float = 0.5
    drift: float = 0.5
    mean_slope: float = 1.0
    mean_curvature: float = 1.0
    own: float = 0.01
    own_slope: float = 0.05
    own_drift: float = 0.01
    noise: float = 0.001


JITTER = 1e-6  # added to the diagonal, so that a Cholesky factor exists


class Covariance:
    """The covariance of some scores as a function of its hyperparameters.

    Args:
        scores: N of them.
    """

    def __init__(self, scores: Scores) -> None:
        trial, ahead = scores.trial, scores.ahead
        self._pairs = np.ix_(trial, trial)
        self._first = np.flatnonzero(np.diff(trial, prepend=-1))  # of each trial's scores
        self._squares = (scores.points[:, None] - scores.points[None]) ** 2  # (T, T, D)
        self._same = (trial[:, None] == trial[None]).astype(float)
        self._line, self._walk = np.outer(ahead, ahead), np.minimum.outer(ahead, ahead)

    def __call__(self, scales: Array, gap_scales: Array, amplitudes: Amplitudes) -> Array:
        """Return the covariance, (N, N).

        Args:
            scales: (D,), length scales of the end.
            gap_scales: (D,), of the gap.
            amplitudes: The variances.
        """
        self._scales, self._gap_scales, self._amplitudes = scales, gap_scales, amplitudes
        self._end, self._end_slope = self._matern(scales)
        self._gap, self._gap_slope = self._matern(gap_scales)
        self._time = amplitudes.slope * self._line + amplitudes.drift * self._walk
        own = amplitudes.own + amplitudes.own_slope * self._line + amplitudes.own_drift * self._walk
        shared = amplitudes.mean_slope * self._line + amplitudes.mean_curvature * self._line**2
        covariance = amplitudes.level * self._end[self._pairs] + 1.0 + self._gap[self._pairs] * self._time
        covariance += shared + self._same * own
        covariance.flat[:: len(covariance) + 1] += amplitudes.noise + JITTER
        return covariance

    def derivatives(self, weights: Array) -> Array:
        """Return the sum of weights * d covariance / d log h for each hyperparameter h, at the last call's.

        Args:
            weights: (N, N), symmetric.

        Returns:
            (2 D + number of amplitudes,): of the end's scales, the gap's scales, the amplitudes.
        """
        amplitudes, gap = self._amplitudes, weights * self._gap[self._pairs]
        of_end = self._by_trial(weights) * amplitudes.level * self._end_slope
        of_gap = self._by_trial(weights * self._time) * self._gap_slope
        own = weights * self._same
        sums = {
            "level": (weights * self._end[self._pairs]).sum(),
            "slope": (gap * self._line).sum(),
            "drift": (gap * self._walk).sum(),
            "mean_slope": (weights * self._line).sum(),
            "mean_curvature": (weights * self._line**2).sum(),
            "own": own.sum(),
            "own_slope": (own * self._line).sum(),
            "own_drift": (own * self._walk).sum(),
            "noise": np.trace(weights),
        }
        return np.concatenate(
            [
                np.tensordot(of_end, self._squares, 2) / self._scales**2,
                np.tensordot(of_gap, self._squares, 2) / self._gap_scales**2,
                [getattr(amplitudes, field.name) * sums[field.name] for field in fields(Amplitudes)],
            ]
        )

    def _matern(self, scales: Array) -> tuple[Array, Array]:
        """Return the correlation of trials, (T, T), and -2 d / d (squared distance) of it."""
        distance = np.sqrt((self._squares / scales**2).sum(2))
        decay = np.exp(-_SQRT5 * distance)
        return (1 + _SQRT5 * distance + 5 / 3 * distance**2) * decay, 5 / 3 * (1 + _SQRT5 * distance) * decay

    def _by_trial(self, matrix: Array) -> Array:
        """Sum a matrix over the scores of each pair of trials: (N, N) -> (T, T)."""
        summed: Array = np.add.reduceat(np.add.reduceat(matrix, self._first, 0), self._first, 1)
        return summed
