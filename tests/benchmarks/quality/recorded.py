"""Curves of our own studies, as record_curves.py has recorded them: every configuration has the curve of its nearest.

So the best that can be found is known: it is the best of the recorded ones.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.config.base import Parameters
from search.config.study_files import load
from search.samplers.unit_cube import features

FOLDER = Path(__file__).parent / "curves"
UNTRAINED = (0.1, 2.303)  # accuracy and loss of one that guesses among ten classes: what is left of one that diverged


class Recorded:
    """The curves of one study, as a problem that every method is given.

    Args:
        study: Its name.
    """

    def __init__(self, study: str) -> None:
        self.name, self.number = study, sum(study.encode())
        searched = load(study).study
        self.space, self.epochs = searched.space, searched.epochs
        table = pd.read_csv(FOLDER / f"{study}.csv.gz")
        both = [
            table[[f"{metric}_{epoch}" for epoch in range(1, self.epochs + 1)]].fillna(untrained).to_numpy()
            for metric, untrained in zip(("accuracy", "loss"), UNTRAINED, strict=True)
        ]
        self._curves: NDArray[np.float64] = np.stack(both, axis=2)  # (N, epochs, 2)
        self._study = searched.on((1, 28, 28), 10)  # MNIST and FashionMNIST
        rows = [searched.to_internal(row) for row in table[list(self.space)].to_dict("records")]  # type: ignore[arg-type]
        self._points = np.array([features(self.space, row) for row in rows])
        ends = self._curves[:, :, 0].max(1)
        work = np.array([self.work(row) for row in rows])
        self._median_work = float(np.median(work))
        cost = np.repeat(work / self._median_work, self.epochs).reshape(len(rows), self.epochs, 1)
        self._curves = np.concatenate([self._curves, cost], axis=2)  # (N, epochs, 3)
        self.best, self._median = float(ends.max()), float(np.median(ends))

    def curve(self, parameters: Parameters) -> NDArray[np.float64]:
        """Return the nearest configuration's validation accuracy, loss and cost of every epoch, (epochs, 3)."""
        apart = ((self._points - features(self.space, parameters)) ** 2).sum(1)
        nearest: NDArray[np.float64] = self._curves[apart.argmin()]
        return nearest

    def observations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the recorded configurations as points of the unit cube, (N, D), and their accuracies, (N, epochs)."""
        return self._points, self._curves[:, :, 0]

    def work(self, parameters: Parameters) -> float:
        """Return the multiply-adds of an example, by which the cost is counted as well."""
        return self._study.work(parameters)

    def regret(self, accuracy: float) -> float:
        """Return 0 for the best recorded configuration, 1 for the median one."""
        return (self.best - accuracy) / (self.best - self._median)
