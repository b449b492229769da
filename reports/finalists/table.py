"""The table of finalists, `results.csv`, as a frame. Its columns are listed in `search/config/columns.py`.

Computed from what was read before: must not query the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.finalists.predictions import Cost, ModelKey, TestPredictions
from reports.statistics import Interval
from search.config.columns import BEFORE_PARAMETERS, Column, after_parameters
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
) -> pd.DataFrame:
    """Return one row per finalist, in their order, with a column for every metric that the study records."""
    recorded = tuple(column for metric in study.recorded for column in _columns_of(metric, predictions))
    after = (*after_parameters(study.task), *recorded)
    columns = (*BEFORE_PARAMETERS, *after)
    lines = []
    for rank, trial in enumerate(ranked, start=1):
        by_seed = [rows[trial.number, seed] for seed in range(seeds)]
        test = predictions.figure.interval(predictions.scores(trial.number, seeds))
        cost, constant = predictions.costs.get(trial.number), predictions.constant_answer()[1]
        summary = Summary(rank, study_name, study, trial, by_seed, test, cost, constant)
        values = {column.name: column.value(summary) for column in columns}
        lines.append(values | study.to_external(trial.params))
    dtypes = {
        **{column.name: column.dtype for column in BEFORE_PARAMETERS},
        "learning_rate": "Float64",
        "hidden": "Int64",
        "weight_decay": "Float64",  # always there, in this place
        **parameter_types(study),
        **{column.name: column.dtype for column in after},
    }
    return pd.DataFrame(lines, columns=list(dtypes)).astype(dtypes)


def _columns_of(metric: str, predictions: TestPredictions) -> tuple[Column, ...]:
    """Return the columns of a metric that is recorded besides those of every study."""

    def tested(finalist: Summary) -> NDArray[np.float64]:
        return tested_values(metric, predictions, finalist.study, finalist.trial.number, len(finalist.rows))

    def std(finalist: Summary) -> float | None:
        return float(tested(finalist).std(ddof=1)) if len(finalist.rows) > 1 else None

    return (
        Column(f"validation_{metric}", "Float64", lambda finalist: finalist.mean("validation", metric)),
        Column(f"test_{metric}_mean", "Float64", lambda finalist: float(tested(finalist).mean())),
        Column(f"test_{metric}_std", "Float64", std),
    )


def tested_values(
    metric: str, predictions: TestPredictions, study: Study, trial: int, seeds: int
) -> NDArray[np.float64]:
    """Return a metric of a finalist's models on the test set, (seeds,), from the logits that are kept of them."""
    import torch

    from models.engine.predictions import predictions_of

    # The seeds of a finalist stand in the place of lanes: they have answered to the same examples.
    outputs = torch.from_numpy(np.stack([predictions.logits[trial, seed] for seed in range(seeds)]))
    scale = None if predictions.target is None else predictions.target.scale
    given = predictions_of(study.loss, outputs, torch.from_numpy(predictions.labels), scale)
    return np.asarray(study.metric_of(metric).compute(given).numpy(), np.float64)
