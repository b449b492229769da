"""The covariance of curves, against differences; and the process, against scikit-learn's."""

from dataclasses import fields

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from search.curves.kernels import JITTER, Amplitudes, Covariance, Scores
from search.curves.process import CurveProcess


def scores(*, ahead: list[float], trial: list[int], seed: int = 0) -> Scores:
    random = np.random.Generator(np.random.PCG64(seed))
    points = random.random((max(trial) + 1, 3))
    return Scores(points, np.array(trial), np.array(ahead), random.normal(size=len(trial)))


def test_derivatives_are_those_of_differences() -> None:
    some = scores(ahead=[1.0, 0.4, 0.7, 0.9, 0.3, 0.0], trial=[0, 0, 1, 2, 2, 2])
    covariance, weights = Covariance(some), np.random.Generator(np.random.PCG64(1)).normal(size=(6, 6))
    weights += weights.T
    names = [field.name for field in fields(Amplitudes)]
    logs = np.log([0.6, 0.9, 1.2, 0.5, 1.1, 0.8, *(getattr(Amplitudes(), name) for name in names)])

    def weighted(at: np.ndarray) -> float:
        values = np.exp(at)
        return float((weights * covariance(values[:3], values[3:6], Amplitudes(*values[6:]))).sum())

    step = 1e-5
    by_differences = [
        (weighted(logs + step * unit) - weighted(logs - step * unit)) / (2 * step) for unit in np.eye(len(logs))
    ]
    weighted(logs)
    # Central differences of step h are wrong by h^2, 1e-10, and by rounding over h, 1e-11.
    np.testing.assert_allclose(covariance.derivatives(weights), by_differences, rtol=1e-6, atol=1e-8)


def test_at_the_end_of_training_it_is_an_ordinary_gaussian_process() -> None:
    some = scores(ahead=[0.0] * 12, trial=list(range(12)))
    process = CurveProcess(3)
    process.observe(some)
    scale = 0.3 * 3**0.5
    noise = Amplitudes().own + Amplitudes().noise + JITTER
    kernel = 1.0 + ConstantKernel(Amplitudes().level) * Matern(scale, nu=2.5)
    theirs = GaussianProcessRegressor(kernel + WhiteKernel(noise), optimizer=None, alpha=0.0)
    theirs.fit(some.points, some.values)
    new = np.random.Generator(np.random.PCG64(2)).random((5, 3))
    mean, deviation = process.end_moments(new)
    expected, spread = theirs.predict(new, return_std=True)
    np.testing.assert_allclose(mean, expected, rtol=1e-8)
    without_noise = deviation**2 - Amplitudes().own  # theirs adds all of the noise to what it predicts
    np.testing.assert_allclose(without_noise, spread**2 - noise, rtol=1e-6)


def test_a_fit_is_likelier_than_where_it_began() -> None:
    random = np.random.Generator(np.random.PCG64(3))
    points = random.random((30, 3))
    values = np.sin(7 * points[:, 1])  # of the first parameter alone
    some = Scores(points, np.arange(30), np.zeros(30), values)
    process = CurveProcess(3)
    new = random.random((50, 3))

    def error() -> float:
        process.observe(some)
        return float(np.abs(process.end_moments(new)[0] - np.sin(7 * new[:, 1])).mean())

    before = error()
    process.fit(some)
    assert error() < before / 2


@pytest.mark.parametrize("epoch", [2, 8])
def test_the_less_of_a_curve_is_seen_the_less_is_its_end_known(epoch: int) -> None:
    ahead = [1 - np.log(at) / np.log(32) for at in (1, epoch)]
    process = CurveProcess(1)
    process.observe(Scores(np.array([[0.5]]), np.array([0, 0]), np.array(ahead), np.array([-2.0, -1.0])))
    _, early = process.ends(np.array([[0.5]]), np.array([0]))
    process.observe(Scores(np.array([[0.5]]), np.array([0, 0]), np.array([ahead[1], 0.0]), np.array([-1.0, -0.5])))
    mean, late = process.ends(np.array([[0.5]]), np.array([0]))
    assert early[0, 0] > 50 * late[0, 0]
    assert mean[0] == pytest.approx(-0.5, abs=0.01)  # it has ended
