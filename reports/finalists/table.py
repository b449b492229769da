"""The table of finalists, `results.csv`, as a frame. Its columns are listed in `search/config/columns.py`.

Computed from what was read before: must not query the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.metrics.registry import METRICS
from reports.figures.statistics import Interval, resampled_interval
from reports.finalists.ensemble import ENSEMBLE, TestedEnsemble
from reports.finalists.predictions import Cost, ModelKey, TestPredictions
from search.config.columns import BEFORE_PARAMETERS, ENSEMBLE_OF, Column, after_parameters
from search.config.study import Study
from search.record.rows import FinalistRow
from search.record.trials_frame import parameter_types
from search.trial import TrialRow

EVERY = slice(None)
DRAWS, FEW, FEWER_DRAWS = 300, 2_000, 100  # of the test examples; more than a few of these are drawn less often


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
    objectives = [each.metric for each in study.objective.all if not each.is_known]
    others = [metric for metric in objectives if metric != predictions.figure.metric]
    after = (*after_parameters(study.task), *recorded, *(it for metric in others for it in _ends(metric, predictions)))
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
    study_name: str, study: Study, ensemble: TestedEnsemble, rows: Mapping[ModelKey, FinalistRow]
) -> pd.DataFrame:
    """Return the ensemble's row of the same table: what is of one trial alone, or of a ranking, stays empty.

    Args:
        study_name: As for the finalists.
        study: As for the finalists.
        ensemble: With its predictions.
        rows: What is recorded of finalists, the members among them.
    """
    losses = metric_values("loss", ensemble.predictions, study, ENSEMBLE, ensemble.seeds, EVERY)
    made = {}
    for seed, loss in enumerate(losses):
        seconds = sum(rows[trial, seed].train_seconds or 0.0 for trial in ensemble.weights)
        made[ENSEMBLE, seed] = FinalistRow(ENSEMBLE, seed, test={"loss": float(loss)}, train_seconds=seconds)
    trial = TrialRow(ENSEMBLE, "complete", {})
    frame = results_frame(study_name, study, [trial], ensemble.seeds, made, ensemble.predictions)
    nothing, members = pd.Series([None], dtype="Int64"), [f"{of}:{count}" for of, count in ensemble.weights.items()]
    return frame.assign(rank=nothing, trial=nothing, **{ENSEMBLE_OF: pd.Series([" ".join(members)], dtype="string")})


def _columns_of(metric: str, predictions: TestPredictions) -> tuple[Column, ...]:
    """Return the columns of a metric that is recorded besides those of every study."""

    def tested(finalist: Summary) -> NDArray[np.float64]:
        return metric_values(metric, predictions, finalist.study, finalist.trial.number, len(finalist.rows), EVERY)

    def std(finalist: Summary) -> float | None:
        return float(tested(finalist).std(ddof=1)) if len(finalist.rows) > 1 else None

    return (
        Column(f"validation_{metric}", "Float64", lambda finalist: finalist.mean("validation", metric)),
        Column(f"test_{metric}_mean", "Float64", lambda finalist: float(tested(finalist).mean())),
        Column(f"test_{metric}_std", "Float64", std),
    )


def _ends(metric: str, predictions: TestPredictions) -> tuple[Column, Column]:
    """Return the columns of the interval of an objective that results are not told in."""
    found: dict[int, Interval] = {}

    def tested(finalist: Summary) -> Interval:
        number = finalist.trial.number
        if number not in found:
            found[number] = metric_interval(metric, predictions, finalist.study, number, len(finalist.rows))
        return found[number]

    return (
        Column(f"test_{metric}_low", "Float64", lambda finalist: tested(finalist).low),
        Column(f"test_{metric}_high", "Float64", lambda finalist: tested(finalist).high),
    )


def metric_interval(metric: str, predictions: TestPredictions, study: Study, trial: int, seeds: int) -> Interval:
    """Return a finalist's test value of a metric that is no mean over examples, with its interval.

    It ends where a registered metric does: at 1, or at 0 where less is better.
    """
    count, draws = len(predictions.labels), np.random.Generator(np.random.PCG64(0))

    def drawn() -> float:
        chosen = draws.integers(count, size=count)
        try:
            return float(metric_values(metric, predictions, study, trial, seeds, chosen).mean())
        except Exception:  # noqa: BLE001 (the user's own function, of examples among which a class may be missing)
            return float("nan")

    resampled = [drawn() for _ in range(DRAWS if count <= FEW else FEWER_DRAWS)]
    of = resampled_interval(metric_values(metric, predictions, study, trial, seeds, EVERY), np.array(resampled))
    if metric not in METRICS:
        return of
    if study.metric_of(metric).greater_is_better:
        return of._replace(high=min(of.high, 1.0))
    return of._replace(low=max(of.low, 0.0))


def metric_values(
    metric: str,
    predictions: TestPredictions,
    study: Study,
    trial: int,
    seeds: int,
    chosen: NDArray[np.int64] | slice,
) -> NDArray[np.float64]:
    """Return a metric of a finalist's models, (seeds,), on chosen test examples, from the logits that are kept."""
    import torch

    from models.engine.predictions import predictions_of

    # The seeds of a finalist stand in the place of lanes: they have answered to the same examples.
    outputs = torch.from_numpy(np.stack([predictions.logits[trial, seed][chosen] for seed in range(seeds)]))
    scale = None if predictions.target is None else predictions.target.scale
    given = predictions_of(study.loss, outputs, torch.from_numpy(predictions.labels[chosen]), scale)
    return np.asarray(study.metric_of(metric).compute(given).numpy(), np.float64)
