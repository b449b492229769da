"""What models come to on the test set in the metric that finalists are compared by: each, and one against another.

That is the objective; where it is not defined for every finalist, what results are told in. A mean over examples is
known by the number of each example. Any other metric is computed on examples drawn anew, once for each configuration:
these draws serve its interval and all its comparisons. Must not query the record.

Letters: S seeds, N test examples.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.metrics.base import Metric, Predictions
from reports.figures import resampled, statistics
from reports.figures.figure import Figure, cut, figure_of_metric
from reports.figures.statistics import Comparison, Interval
from reports.finalists.answers import answers_of, constant_answers, example_values, metric_values
from reports.finalists.ensemble import ENSEMBLE, TestedEnsemble
from reports.finalists.one_answer import error_of_one_answer
from reports.finalists.predictions import TestPredictions
from search.config.study import Study
from search.objective import Objective

CONSTANT = -2  # the number of always giving one answer, as trials have theirs, and the ensemble has its own

Numbers = NDArray[np.float64]


class Measured(Protocol):
    """What configurations come to, by their trials' numbers, `ENSEMBLE` or `CONSTANT`."""

    figure: Figure
    draws: int  # how often the test examples are drawn anew; 0 for a mean over them

    def by_seed(self, model: int) -> Numbers:
        """Return it under each seed, (S,)."""

    def interval(self, model: int) -> Interval:
        """Return its mean with the interval over seeds and test examples."""

    def first_seed(self, model: int) -> Interval:
        """Return that of the model of seed 0, over test examples alone."""

    def compare(self, model: int, other: int, family: int = 1) -> Comparison:
        """Return by how much the first is better, paired; adjusted for a family of so many comparisons."""

    def narrowed_by_seeds(self, model: int, other: int | None = None) -> float:
        """Return by which share endless seeds would narrow its interval, or that of its gap to another one."""


class MeasuredByExample:
    """A mean over examples: `numbers` returns (S, N) of a configuration, or (1, N) where seeds make no difference."""

    draws = 0

    def __init__(self, figure: Figure, numbers: Callable[[int], Numbers]) -> None:
        self.figure, self._numbers = figure, cache(numbers)

    def by_seed(self, model: int) -> Numbers:
        """See `Measured`."""
        return np.asarray(self._numbers(model).mean(1))

    def interval(self, model: int) -> Interval:
        """See `Measured`."""
        return self.figure.interval(self._numbers(model))

    def first_seed(self, model: int) -> Interval:
        """See `Measured`."""
        return self.figure.interval(self._numbers(model)[:1])

    def compare(self, model: int, other: int, family: int = 1) -> Comparison:
        """See `Measured`."""
        return self.figure.compare(self._numbers(model), self._numbers(other), family)

    def narrowed_by_seeds(self, model: int, other: int | None = None) -> float:
        """See `Measured`."""
        numbers = self._numbers(model)
        return statistics.narrowed_by_seeds(numbers if other is None else numbers - self._numbers(other))


class MeasuredByDraws:
    """Any other metric: `answers_of` returns what a configuration answered, under each seed or under one."""

    def __init__(self, figure: Figure, metric: Metric, answers_of: Callable[[int], Predictions], examples: int) -> None:
        self.figure, self.draws, self._examples = figure, resampled.draws_of(examples), examples
        self._metric, self._answers_of = metric, answers_of
        self._resampled, self._least = cache(self._resample), cache(self._least_error)

    def by_seed(self, model: int) -> Numbers:
        """See `Measured`."""
        return metric_values(self._metric, self._answers_of(model), resampled.EVERY)

    def interval(self, model: int) -> Interval:
        """See `Measured`."""
        return cut(resampled.resampled_interval(self._resampled(model)), self.figure.ends)

    def first_seed(self, model: int) -> Interval:
        """See `Measured`."""
        return cut(resampled.resampled_interval(self._resampled(model).first_seed()), self.figure.ends)

    def compare(self, model: int, other: int, family: int = 1) -> Comparison:
        """See `Measured`."""
        better, worse = (model, other) if self.figure.greater_is_better else (other, model)
        least = max(self._least(model), self._least(other))
        return resampled.compare_resampled(self._resampled(better), self._resampled(worse), least, family)

    def narrowed_by_seeds(self, model: int, other: int | None = None) -> float:
        """See `Measured`."""
        of = self._resampled(model)
        return resampled.narrowed_by_seeds(of if other is None else of - self._resampled(other))

    def _resample(self, model: int) -> resampled.Resampled:
        return resampled.resample(partial(metric_values, self._metric, self._answers_of(model)), self._examples)

    def _least_error(self, model: int) -> float:
        """Return the error of a gap where two agree on all test examples."""
        of_answers = error_of_one_answer(self._metric, self._answers_of(model))
        if of_answers is not None:
            return of_answers
        return 2**0.5 / (self._examples + 2) if self.figure.is_share else 0.0


def measured_of(
    study: Study,
    predictions: TestPredictions,
    seeds: int,
    trials: Sequence[int],
    ensemble: TestedEnsemble | None = None,
) -> Measured:
    """Return what finalists are compared by.

    Args:
        study: Whose objective it is.
        predictions: Those of the finalists' models.
        seeds: How many each was trained under.
        trials: The finalists' numbers.
        ensemble: Of some of them, if there is one.
    """
    if study.objective.metric != predictions.figure.metric:
        of = measured_in(study.objective, study, predictions, seeds, ensemble)
        if all(np.isfinite(of.by_seed(trial)).all() for trial in trials):
            return of

    def numbers(model: int) -> Numbers:
        if model == CONSTANT:
            return predictions.constant_scores()[np.newaxis]
        return _holder(model, predictions, ensemble).scores(model, seeds)

    return MeasuredByExample(predictions.figure, numbers)


def measured_in(
    objective: Objective,
    study: Study,
    predictions: TestPredictions,
    seeds: int,
    ensemble: TestedEnsemble | None = None,
) -> Measured:
    """Return what finalists come to in an objective that is another metric than results are told in."""
    metric = study.metric_of(objective.metric)
    figure = figure_of_metric(objective.metric, metric, objective.direction)

    def answers(model: int) -> Predictions:
        if model == CONSTANT:
            return constant_answers(study, predictions)
        return answers_of(study, _holder(model, predictions, ensemble), model, seeds)

    if hasattr(metric, "of_examples"):
        return MeasuredByExample(figure, lambda model: example_values(metric, answers(model)))
    return MeasuredByDraws(figure, metric, answers, len(predictions.labels))


def constant_value(measured: Measured) -> float | None:
    """Return what always giving one answer comes to; None where that has no value, or the user's function raises."""
    try:
        value = float(measured.by_seed(CONSTANT).mean())
    except Exception:  # noqa: BLE001 (whatever the user's function raises)
        return None
    return value if np.isfinite(value) else None


def _holder(model: int, predictions: TestPredictions, ensemble: TestedEnsemble | None) -> TestPredictions:
    """Return the predictions that hold those of a model."""
    return ensemble.predictions if ensemble is not None and model == ENSEMBLE else predictions
