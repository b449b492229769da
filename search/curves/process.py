"""A Gaussian process over learning curves: fitted to the scores so far, it says where each trial will end.

Knows no trial but as a row of features. See kernels.py for the covariance.
"""

import math
from dataclasses import fields

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

from search.curves.kernels import JITTER, Amplitudes, Array, Covariance, Index, Scores, matern

# Priors of the logarithms: length scales 0.8 for LCBench's 7 features, which grow with the cube's diagonal.
_SCALE_PER_ROOT, _SCALE_DEVIATION, _AMPLITUDE_DEVIATION = 0.3, 0.4, 0.6
_FITTING_STEPS = 40
_FAILED = 1e10  # of a fit whose covariance has no Cholesky factor


class CurveProcess:
    """A Gaussian process over curves with D features.

    Args:
        features: D.
    """

    def __init__(self, features: int) -> None:
        prior = np.array([getattr(Amplitudes(), field.name) for field in fields(Amplitudes)])
        scales = np.full(2 * features, _SCALE_PER_ROOT * math.sqrt(features))
        self._features = features
        self._prior = np.log(np.concatenate([scales, prior]))
        self._deviation = np.concatenate(
            [np.full(2 * features, _SCALE_DEVIATION), np.full(len(prior), _AMPLITUDE_DEVIATION)]
        )
        self._logs = self._prior

    def fit(self, scores: Scores) -> None:
        """Choose the hyperparameters that are likeliest after these scores: their density times the prior's."""
        covariance, identity = Covariance(scores), np.eye(len(scores.values))

        def cost(logs: Array) -> tuple[float, Array]:
            matrix = covariance(*self._hyperparameters(logs))
            try:
                factor = np.linalg.cholesky(matrix)
            except np.linalg.LinAlgError:
                return _FAILED, np.zeros_like(logs)
            inverse = solve_triangular(factor, identity, lower=True)
            inverse = inverse.T @ inverse
            weights = inverse @ scores.values
            off = (logs - self._prior) / self._deviation
            value = 0.5 * scores.values @ weights + np.log(np.diag(factor)).sum() + 0.5 * off @ off
            slope = covariance.derivatives(0.5 * (inverse - np.outer(weights, weights))) + off / self._deviation
            return float(value), slope

        found = minimize(cost, self._prior, jac=True, method="L-BFGS-B", options={"maxiter": _FITTING_STEPS})
        self._logs = found.x if found.fun < _FAILED else self._prior

    def observe(self, scores: Scores) -> None:
        """Take in scores, in place of those before."""
        self._scores = scores
        self._factor = np.linalg.cholesky(Covariance(scores)(*self._hyperparameters(self._logs)))
        forward = solve_triangular(self._factor, scores.values, lower=True)
        self._weights = solve_triangular(self._factor.T, forward)

    def ends(self, points: Array, trial: Index) -> tuple[Array, Array]:
        """Return mean and covariance of the scores that curves end with.

        Args:
            points: (M, D), the features of each curve.
            trial: (M,), which of the observed trials each is; -1 for one that is not.

        Returns:
            (M,) and (M, M).
        """
        mean, projected = self._project(points, trial)
        scales, _, amplitudes = self._hyperparameters(self._logs)
        covariance = amplitudes.level * matern(points, points, scales) + 1.0 - projected.T @ projected
        covariance.flat[:: len(points) + 1] += amplitudes.own + JITTER
        return mean, covariance

    def end_moments(self, points: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of the ends of new curves, (M,) each; see `ends`."""
        mean, projected = self._project(points, np.full(len(points), -1))
        _, _, amplitudes = self._hyperparameters(self._logs)
        variance = amplitudes.level + 1.0 + amplitudes.own - (projected**2).sum(0)
        return mean, np.sqrt(np.maximum(variance, JITTER))

    def _project(self, points: Array, trial: Index) -> tuple[Array, Array]:
        """Return the ends' mean, (M,), and the factor's inverse times their covariance with the scores, (N, M)."""
        scales, _, amplitudes = self._hyperparameters(self._logs)
        with_scores = amplitudes.level * matern(points, self._scores.points, scales)[:, self._scores.trial] + 1.0
        with_scores += amplitudes.own * (trial[:, None] == self._scores.trial[None])
        return with_scores @ self._weights, solve_triangular(self._factor, with_scores.T, lower=True)

    def _hyperparameters(self, logs: Array) -> tuple[Array, Array, Amplitudes]:
        values = np.exp(np.clip(logs, -20.0, 20.0))
        features = self._features
        return values[:features], values[features : 2 * features], Amplitudes(*values[2 * features :].tolist())
