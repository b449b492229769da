"""A smooth surrogate of a study's recorded curves: `python -m tests.benchmarks.quality.surrogate STUDY` fits it.

A recorded table (record_curves.py) has a few hundred configurations; in six dimensions the nearest one is far, and so
is its curve. Here a Gaussian process for each epoch says how the logarithm of the error depends on the parameters, and
each configuration differs from it as one of the recorded ones nearby does, over all epochs: what another seed and what
the process does not know come to. Which one follows from the parameters, so a configuration always has the same curve.
The fitted kernels are kept as curves/STUDY.kernels.json: with them the processes are made in a moment.
"""

import argparse
import hashlib
import json
import sys
import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Matern, WhiteKernel

from models.config.base import Parameters
from search.samplers.unit_cube import features
from tests.benchmarks.quality.lcbench import uniform
from tests.benchmarks.quality.recorded import FOLDER, Recorded

Array = NDArray[np.float64]
NEARBY = 20  # recorded configurations, one of which lends what it differs from the process by
RANDOM = 300  # configurations, the best and the median of which are the regrets 0 and 1
LEAST_ERROR = 1e-4  # below it a logarithm would say more than an accuracy of 10,000 examples does


class Surrogate(Recorded):
    """A study's curves as smooth functions of its parameters.

    Args:
        study: Its name.
    """

    def __init__(self, study: str) -> None:
        super().__init__(study)
        kernels = json.loads((FOLDER / f"{study}.kernels.json").read_text())
        errors = np.log(1 - self._curves[:, :, 0] + LEAST_ERROR)  # (N, epochs)
        self._processes = [
            GaussianProcessRegressor(_kernel(self._points.shape[1], theta), optimizer=None, normalize_y=True).fit(
                self._points, errors[:, epoch]
            )
            for epoch, theta in enumerate(kernels)
        ]
        self._residuals = errors - self._predicted(self._points)
        generator = np.random.Generator(np.random.PCG64(self.number))
        ends = [self.curve(uniform(self.space, generator))[:, 0].max() for _ in range(RANDOM)]
        self.best, self._median = float(max(ends)), float(np.median(ends))

    def curve(self, parameters: Parameters) -> Array:
        """Return a configuration's validation accuracy, loss (its nearest one's) and cost of every epoch."""
        point = np.array(features(self.space, parameters))
        nearby = ((self._points - point) ** 2).sum(1).argsort(kind="stable")[:NEARBY]
        digest = hashlib.sha256(point.tobytes()).digest()
        lender = nearby[int.from_bytes(digest[:4], "big") % NEARBY]
        errors = self._predicted(point[None])[0] + self._residuals[lender]
        accuracy = np.clip(1 + LEAST_ERROR - np.exp(errors), 0.0, 1.0)
        cost = np.full(self.epochs, self.work(parameters) / self._median_work)
        return np.stack([accuracy, self._curves[nearby[0], :, 1], cost], axis=1)

    def _predicted(self, points: Array) -> Array:
        return np.stack([process.predict(points) for process in self._processes], axis=1)


def _kernel(dimensions: int, theta: list[float] | None = None) -> Kernel:
    kernel = ConstantKernel(1.0) * Matern([0.8] * dimensions, (1e-2, 1e3), nu=2.5) + WhiteKernel(0.01)
    return kernel if theta is None else kernel.clone_with_theta(np.array(theta))


def fitted(study: str) -> list[list[float]]:
    """Return the logarithms of each epoch's hyperparameters; printed is how well each predicts what it left out."""
    recorded, kernels = Recorded(study), list[list[float]]()
    points, curves = recorded.observations()
    errors = np.log(1 - curves + LEAST_ERROR)
    for epoch in range(recorded.epochs):
        process = GaussianProcessRegressor(_kernel(points.shape[1]), normalize_y=True)
        process.fit(points, errors[:, epoch])
        inverse = np.linalg.inv(process.kernel_(points))
        scaled = (errors[:, epoch] - errors[:, epoch].mean()) / errors[:, epoch].std()
        left_out = (inverse @ scaled) / np.diag(inverse)  # by how much each lies off what the others say of it
        sys.stdout.write(f"epoch {epoch + 1}: R2 {1 - (left_out**2).mean():.3f} of those left out\n")
        kernels.append([round(value, 4) for value in process.kernel_.theta.tolist()])
    return kernels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study")
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # a parameter that does not matter: its scale is at its bound
    (FOLDER / f"{given.study}.kernels.json").write_text(json.dumps(fitted(given.study)) + "\n")


if __name__ == "__main__":
    main()
