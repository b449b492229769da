"""All exported studies in one table: published, reproduced and found figures side by side.

Reads the record and the finalists' predictions of their last test: trains nothing, and opens no test set.

Letters: S seeds, N test images.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from models.config.task import REGRESSION
from models.engine.predictions import predictions_of
from reports.figures.statistics import Interval, interval
from reports.finalists.choose import as_retrained, rank
from reports.finalists.measured import Measured, measured_of
from reports.finalists.predictions import FILE, TestPredictions, read
from search.config.study import Study
from search.objective import front_of
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow

Row = dict[Any, Any]  # of the table, by its columns

FIGURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
OF_NUMBERS = ("train_rmse", "test_rmse")  # besides, where there are regressions
OBJECTIVE = "test_objective"  # besides, where a study searches for another metric


def comparison_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return the rows of every exported study: each baseline as published and as reproduced, then what was found.

    What is not known is empty; published figures have no interval. `objective` and `test_objective` are there where a
    study searches for another metric than accuracy, or rmse.
    """
    exported = {record.name: (record, last) for record in records if (last := last_tested(record)) is not None}
    figures = FIGURES + OF_NUMBERS * any(record.study.task is REGRESSION for record in records)
    figures += (OBJECTIVE,) * any(_other_objective(record.study) for record, _ in exported.values())
    rows = [row for record, last in exported.values() for row in _rows(record, *last)]
    columns = {
        "study": "string",
        "dataset": "string",
        "what": "string",  # published, reproduced or found
        "baseline": "string",
        "trial": "Int64",
        "front": "Int64",  # of two objectives: how many trials are on the front, in the found row
        "seeds": "Int64",
        **({"objective": "string"} if OBJECTIVE in figures else {}),
        **{f"{figure}{end}": "Float64" for figure in figures for end in ("", "_low", "_high")},
        "trials": "Int64",
        "pruned_share": "Float64",
        "seconds": "Float64",
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def last_tested(record: Record) -> tuple[list[FinalistRow], TestPredictions] | None:
    """Return the finalists that were tested together last, and their predictions.

    Returns:
        None for a study that was never exported, whose finalists were retrained and not tested again, or that
        `--restart` has archived.
    """
    rows = record.finalists()
    newest = max((row.ledger for row in rows if row.ledger is not None), default=None)
    if newest is None or "~" in record.name:
        return None
    finalists = [row for row in rows if row.ledger == newest and row.best_epoch is not None]  # not an ensemble's others
    models = {(row.trial, row.seed): row.model_sha256 or "" for row in finalists}
    predictions = read(record.folder / "finalists" / FILE, models)
    return None if predictions is None else (finalists, predictions)


def _rows(record: Record, finalists: list[FinalistRow], predictions: TestPredictions) -> list[Row]:
    study, trials = record.study, record.trials()
    by_trial: dict[int, list[FinalistRow]] = {}
    for row in as_retrained(study, finalists, record.finalist_scores("rank")).values():
        by_trial.setdefault(row.trial, []).append(row)
    ranked = rank(by_trial, record.study.objective)
    about: Row = {"study": record.name, "dataset": study.dataset}
    about |= {"objective": study.objective.metric} if _other_objective(study) else {}
    seeds, rows = len(by_trial[ranked[0]]), list[Row]()
    measured = measured_of(study, predictions, seeds, list(by_trial))
    for baseline, trial in zip(study.baselines, trials, strict=False):  # they are the first trials
        if baseline.published:
            figures = {figure: baseline.published.get(figure) for figure in FIGURES + OF_NUMBERS}
            rows.append({**about, "what": "published", "baseline": baseline.name, **figures})
        if trial.number in by_trial:
            figures = _figures(record, by_trial[trial.number], predictions, measured)
            rows.append({**about, "what": "reproduced", "baseline": baseline.name, "trial": trial.number, **figures})
    best = trials[ranked[0]]
    figures = _figures(record, by_trial[best.number], predictions, measured) | _cost(record, trials)
    found = {"trial": best.number, "front": len(front_of(trials, study.objective)) or None}
    rows.append({**about, "what": "found", "baseline": best.baseline, **found, **figures})
    return rows


def _other_objective(study: Study) -> bool:
    """Return whether a study searches for another metric than its results are told in."""
    return study.objective.metric != study.task.metric


def _figures(record: Record, rows: list[FinalistRow], predictions: TestPredictions, measured: Measured) -> Row:
    """Return a finalist's figures with their intervals: four, and the objective where it is another one."""
    trial, seeds = rows[0].trial, [row.seed for row in rows]
    logits = torch.from_numpy(np.stack([predictions.logits[trial, seed] for seed in seeds]))  # (S, N, classes)
    labels, target = torch.from_numpy(predictions.labels), predictions.target
    given = predictions_of(record.study.loss, logits.double(), labels, None if target is None else target.scale)
    losses, metric = given.losses.numpy(), predictions.figure.metric  # (S, N), as the study counts them
    intervals = {
        "train_loss": _over_seeds([(row.train or {}).get("loss") for row in rows]),
        f"train_{metric}": _over_seeds([(row.train or {}).get(metric) for row in rows]),
        "test_loss": interval(losses) if np.isfinite(losses).all() else None,
        f"test_{metric}": predictions.figure.interval(predictions.scores(trial, len(seeds))),
    }
    figures: Row = {"seeds": len(seeds)}
    for name, interval_ in intervals.items():
        if interval_ is not None:
            low, high = max(0.0, interval_.low), min(1.0 if name.endswith("accuracy") else np.inf, interval_.high)
            figures |= {name: interval_.mean, f"{name}_low": low, f"{name}_high": high}
            if len(seeds) == 1 and name.startswith("train"):
                figures |= {f"{name}_low": None, f"{name}_high": None}
    if _other_objective(record.study) and measured.figure.metric == record.study.objective.metric:
        of = measured.interval(trial)
        figures |= {OBJECTIVE: of.mean, f"{OBJECTIVE}_low": of.low, f"{OBJECTIVE}_high": of.high}
    return figures


def _over_seeds(values: Sequence[float | None]) -> Interval | None:
    """Return Student's interval of one number per seed; None where a seed's number is missing."""
    present: NDArray[np.float64] = np.array([value for value in values if value is not None])
    if len(present) < len(values):
        return None
    return interval(np.column_stack([present, present]))  # two images that agree: nothing varies but the seeds


def _cost(record: Record, trials: list[TrialRow]) -> Row:
    """Return what the search cost."""
    ended = [row for row in trials if row.state != "running" and not row.is_foreign]
    pruned = sum(row.state == "pruned" and row.diverged_at is None for row in ended)
    trained = {row.number for row in trials if row.joined is not None}
    seconds = sum(score.seconds for _, score in record.scores() if score.lane in trained)
    return {"trials": len(ended), "pruned_share": pruned / len(ended) if ended else None, "seconds": seconds}
