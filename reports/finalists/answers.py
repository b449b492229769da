"""What metrics of the test set are computed from: what the models of a finalist answered, on some examples or on all.

A model that diverged counts as one that answers every class alike, or the mean of the target.

Letters: S seeds, N test examples, C outputs.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from models.engine.predictions import predictions_of
from models.metrics.base import Metric, Predictions
from reports.figures.resampled import Chosen
from reports.finalists.predictions import TestPredictions
from search.config.study import Study


def answers_of(study: Study, predictions: TestPredictions, trial: int, seeds: int) -> Predictions:
    """Return what a finalist's models answered; its seeds stand in the place of lanes."""
    outputs = np.stack([predictions.logits[trial, seed] for seed in range(seeds)])  # (S, N, C)
    diverged = ~np.isfinite(outputs).all(2, keepdims=True)
    return _predictions(study, predictions, np.where(diverged, np.float32(0.0), outputs))


def constant_answers(study: Study, predictions: TestPredictions) -> Predictions:
    """Return what a model would answer that always gives the same: the shares of the classes, or the target's mean."""
    labels = predictions.labels
    if predictions.target is not None:
        return _predictions(study, predictions, np.zeros((1, len(labels), 1), np.float32))
    counts = np.bincount(labels, minlength=len(predictions.classes))
    logits = np.log(np.maximum(counts, 1e-9) / len(labels)).astype(np.float32)
    return _predictions(study, predictions, np.tile(logits, (1, len(labels), 1)))


def _predictions(study: Study, predictions: TestPredictions, outputs: NDArray[np.float32]) -> Predictions:
    scale = None if predictions.target is None else predictions.target.scale
    return predictions_of(study.loss, torch.from_numpy(outputs), torch.from_numpy(predictions.labels), scale)


def metric_values(metric: Metric, answers: Predictions, chosen: Chosen) -> NDArray[np.float64]:
    """Return a metric under each seed, (S,), on chosen examples."""
    return np.asarray(metric.compute(_some(answers, chosen)).numpy(), np.float64)


def example_values(metric: Metric, answers: Predictions) -> NDArray[np.float64]:
    """Return the numbers whose mean over examples a metric is, (S, N)."""
    return np.asarray(metric.of_examples(answers).numpy(), np.float64)  # type: ignore[attr-defined]


def _some(answers: Predictions, chosen: Chosen) -> Predictions:
    return replace(
        answers,
        losses=answers.losses[:, chosen],
        hits=answers.hits[:, chosen] if answers.hits.shape[1] else answers.hits,
        labels=answers.labels[chosen],
        logits=None if answers.logits is None else answers.logits[:, chosen],
        answers=None if answers.answers is None else answers.answers[:, chosen],
    )
