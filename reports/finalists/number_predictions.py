"""What the finalists of a regression predict for the test set.

Shapes: S seeds, N test examples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.files.model_description import Target
from reports.figures.figure import RMSE_FIGURE
from reports.figures.statistics import root_mean_square
from reports.finalists.predictions import TestPredictions


@dataclass(frozen=True, eq=False)
class NumberPredictions(TestPredictions):
    """The test set as it was opened last: `labels` are the targets in their own unit, `logits` the scaled outputs."""

    figure = RMSE_FIGURE

    @property
    def scale(self) -> Target:
        """By which the outputs are scaled."""
        assert self.target is not None
        return self.target

    def answers(self, trial: int, seed: int) -> NDArray[np.float64]:
        """Return what a model predicts, (N,), in the target's unit; the mean of the training part for no number."""
        scaled = self.logits[trial, seed][:, 0].astype(np.float64)
        return np.where(np.isfinite(scaled), scaled, 0.0) * self.scale.std + self.scale.mean

    def mean_answers(self, trial: int, seeds: int) -> NDArray[np.float64]:
        """Return the mean of a finalist's predictions over seeds, (N,)."""
        return np.asarray(np.mean([self.answers(trial, seed) for seed in range(seeds)], axis=0))

    def scores(self, trial: int, seeds: int) -> NDArray[np.float64]:
        """Return (S, N) numbers whose mean over examples is the root mean square error."""
        return root_mean_square(np.stack([self.answers(trial, seed) for seed in range(seeds)]) - self.labels)

    def constant_answer(self) -> tuple[str, float]:
        """Return the mean of the targets that finalists were retrained on, and the error of always answering it."""
        return f"{self.scale.mean:.5g}", float(self.constant_scores().mean())

    def constant_scores(self) -> NDArray[np.float64]:
        """Return the same for each example, (N,)."""
        return np.asarray(root_mean_square((self.scale.mean - self.labels)[np.newaxis])[0])
