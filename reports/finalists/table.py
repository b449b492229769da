"""The table of finalists, `results.csv`, as a frame. Its columns are listed in `search/config/columns.py`.

Computed from what was read before: must not query the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.figures.resampled import EVERY
from reports.figures.statistics import Interval
from reports.finalists.answers import answers_of, metric_values
from reports.finalists.ensemble import ENSEMBLE, TestedEnsemble
from reports.finalists.measured import Measured, constant_value, measured_in
from reports.finalists.predictions import Cost, ModelKey, TestPredictions
from search.config.columns import BEFORE_PARAMETERS, ENSEMBLE_OF, Column, after_parameters
from search.config.study import Study
from search.record.rows import FinalistRow
from search.record.trials_frame import parameter_types
from search.trial import TrialRow


@dataclass(frozen=True)
class Summary:
    """What the columns of one finalist are computed from."""

    rank: int  # 1 is the winner
    study_name: str  # the study's name in the database
    study: Study
    trial: TrialRow
    rows: Sequence[FinalistRow]  # what is recorded of it, a row for each seed
    test: Interval  # the figure's mean and interval over seeds and test examples
    cost: Cost | None  # of a prediction, by its model of seed 0; None where it was not measured
    constant_answer: float  # the figure of always giving the same answer

    @property
    def family(self) -> str:
        """The name of the model family."""
        return self.study.family.label

    @property
    def test_std(self) -> float | None:
        """The standard deviation between seeds; None for one seed."""
        return None if np.isnan(self.test.std) else self.test.std

    @property
    def train_seconds(self) -> float:
        """The mean over seeds."""
        return float(np.mean([row.train_seconds for row in self.rows]))

    @property
    def published(self) -> float | None:
        """What the author of a baseline reported."""
        return published_figure(self.study, self.trial)

    def mean(self, split: str, metric: str) -> float | None:
        """Return the mean of a metric over seeds; None where a value is unknown or no number."""
        values = [(getattr(row, split) or {}).get(metric, np.nan) for row in self.rows]
        return None if np.isnan(values).any() else float(np.mean(values))


def published_figure(study: Study, trial: TrialRow) -> float | None:
    """Return the test figure that the author of a trial's configuration reported; None if it is no baseline."""
    by_name = {baseline.name: baseline.published.get(f"test_{study.task.metric}") for baseline in study.baselines}
    return by_name.get(trial.baseline or "")


def results_frame(
    study_name: str,
    study: Study,
    ranked: Sequence[TrialRow],
    seeds: int,
    rows: Mapping[ModelKey, FinalistRow],
    predictions: TestPredictions,
    measured: Measured,
) -> pd.DataFrame:
    """Return one row per finalist, in their order, with a column for every metric that the study records.

    `measured` is what they are compared by. It, and a second objective that is another metric, have an interval.
    """
    recorded = tuple(column for metric in study.recorded for column in _columns_of(metric, predictions))
    objectives = [each for each in study.objective.all if not each.is_known]
    others = [
        measured if each.metric == measured.figure.metric else measured_in(each, study, predictions, seeds)
        for each in objectives
        if each.metric != predictions.figure.metric
    ]
    after = (*after_parameters(study.task), *recorded, *(column for each in others for column in _ends(each)))
    columns = (*BEFORE_PARAMETERS, *after)
    lines = []
    for rank, trial in enumerate(ranked, start=1):
        by_seed = [rows[trial.number, seed] for seed in range(seeds)]
        test = predictions.figure.interval(predictions.scores(trial.number, seeds))
        cost, constant = predictions.costs.get(trial.number), predictions.constant_answer()[1]
        summary = Summary(rank, study_name, study, trial, by_seed, test, cost, constant)
        values = {column.name: column.value(summary) for column in columns}
        lines.append(values | ({} if trial.number == ENSEMBLE else study.to_external(trial.params)))
    dtypes = {
        **{column.name: column.dtype for column in BEFORE_PARAMETERS},
        "learning_rate": "Float64",
        "hidden": "Int64",
        "weight_decay": "Float64",  # always there, in this place
        **parameter_types(study),
        **{column.name: column.dtype for column in after},
    }
    return pd.DataFrame(lines, columns=list(dtypes)).astype(dtypes)


def ensemble_frame(
    study_name: str,
    study: Study,
    ensemble: TestedEnsemble,
    rows: Mapping[ModelKey, FinalistRow],
    measured: Measured,
) -> pd.DataFrame:
    """Return the ensemble's row of the same table: what is of one trial alone, or of a ranking, stays empty.

    Args:
        study_name: As for the finalists.
        study: As for the finalists.
        ensemble: With its predictions.
        rows: What is recorded of finalists, the members among them.
        measured: What they are compared by.
    """
    answers = answers_of(study, ensemble.predictions, ENSEMBLE, ensemble.seeds)
    losses = metric_values(study.metric_of("loss"), answers, EVERY)
    made = {}
    for seed, loss in enumerate(losses):
        seconds = sum(rows[trial, seed].train_seconds or 0.0 for trial in ensemble.weights)
        made[ENSEMBLE, seed] = FinalistRow(ENSEMBLE, seed, test={"loss": float(loss)}, train_seconds=seconds)
    trial = TrialRow(ENSEMBLE, "complete", {})
    frame = results_frame(study_name, study, [trial], ensemble.seeds, made, ensemble.predictions, measured)
    nothing, members = pd.Series([None], dtype="Int64"), [f"{of}:{count}" for of, count in ensemble.weights.items()]
    return frame.assign(rank=nothing, trial=nothing, **{ENSEMBLE_OF: pd.Series([" ".join(members)], dtype="string")})


def _columns_of(metric: str, predictions: TestPredictions) -> tuple[Column, ...]:
    """Return the columns of a metric that is recorded besides those of every study."""

    def tested(finalist: Summary) -> NDArray[np.float64]:
        answers = answers_of(finalist.study, predictions, finalist.trial.number, len(finalist.rows))
        return metric_values(finalist.study.metric_of(metric), answers, EVERY)

    def std(finalist: Summary) -> float | None:
        return float(tested(finalist).std(ddof=1)) if len(finalist.rows) > 1 else None

    return (
        Column(f"validation_{metric}", "Float64", lambda finalist: finalist.mean("validation", metric)),
        Column(f"test_{metric}_mean", "Float64", lambda finalist: float(tested(finalist).mean())),
        Column(f"test_{metric}_std", "Float64", std),
    )


def _ends(measured: Measured) -> tuple[Column, ...]:
    """Return the columns of the interval of an objective that results are not told in, and of always one answer."""
    metric, constant = measured.figure.metric, constant_value(measured)
    return (
        Column(f"test_{metric}_low", "Float64", lambda finalist: measured.interval(finalist.trial.number).low),
        Column(f"test_{metric}_high", "Float64", lambda finalist: measured.interval(finalist.trial.number).high),
        Column(f"constant_answer_{metric}", "Float64", lambda finalist: constant),
    )
