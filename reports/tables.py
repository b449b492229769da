"""The tables: every trial, and every finalist with what it came to. Frames first; export.py writes them as CSV.

Read from the record in bulk and given explicit types: a whole number stays one, and what is unknown stays empty.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from models.outcome import outcome
from models.recipe import Score
from reports.statistics import interval
from reports.tested import Tested
from search.record import Record
from search.spec import Choice, Int, Study
from search.trials import TrialRow


def curves_of(record: Record) -> dict[int, list[Score]]:
    """Return the scores of every trial, by epoch."""
    curves: dict[int, list[Score]] = {}
    for _, score in record.scores():
        curves.setdefault(score.lane, []).append(score)
    return curves


def trials_frame(record: Record, trials: Sequence[TrialRow], curves: Mapping[int, Sequence[Score]]) -> pd.DataFrame:
    """Return one row per trial, by number.

    `epochs` are those it trained itself: 0 for a repeat, whose figures are those of the trial it repeats.
    """
    study = record.study
    rows = []
    for row in trials:
        curve = curves.get(row.number, [])
        speaks = outcome(study.keep, curve)
        rows.append(
            {
                "number": row.number,
                "state": row.state,
                "reason": reason(row, curve),
                "baseline": row.baseline,
                **study.told(row.drawn),
                "validation_accuracy": speaks.accuracy if speaks else None,
                "validation_loss": speaks.loss if speaks else None,
                "best_epoch": speaks.epoch if speaks else None,
                "epochs": len(curve) if row.joined is not None else 0,
                "started": row.started,
                "finished": row.finished,
                "seconds": sum(score.seconds for score in curve) if row.joined is not None else 0.0,
            }
        )
    columns = {
        "number": "Int64",
        "state": "string",
        "reason": "string",
        "baseline": "string",
        **_parameter_types(study),
        "validation_accuracy": "Float64",
        "validation_loss": "Float64",
        "best_epoch": "Int64",
        "epochs": "Int64",
        "started": "datetime64[us, UTC]",
        "finished": "datetime64[us, UTC]",
        "seconds": "Float64",
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def reason(row: TrialRow, curve: Sequence[Score]) -> str | None:
    """Tell why a trial ended as it did, where its state does not say it all."""
    if row.joined is None:
        return f"repeat of trial {row.repeat_of}"
    if row.diverged_at is not None:
        return f"diverged at epoch {row.diverged_at}"
    if row.state == "pruned":
        return f"pruned at epoch {len(curve)}"
    return row.reason


def results_frame(record: Record, ranked: Sequence[TrialRow], seeds: int, tested: Tested) -> pd.DataFrame:
    """Return one row per finalist, in their order.

    `validation_accuracy` and `validation_loss` are means over the seeds of the ranking, `epochs` those it was then
    retrained for; the interval of the test accuracy is `statistics.interval`'s.
    """
    study = record.study
    known = {(row.trial, row.seed): row for row in record.finalists()}
    rows = []
    for rank, row in enumerate(ranked, start=1):
        mine = [known[row.number, seed] for seed in range(seeds)]
        tests = interval(tested.hits(row.number, seeds))
        published = {it.name: it.published.get("test_accuracy") for it in study.baselines}
        rows.append(
            {
                "rank": rank,
                "study": record.name,
                "trial": row.number,
                "baseline": row.baseline,
                "family": study.family.name,
                "dataset": study.data,
                **study.told(row.drawn),
                "epochs": mine[0].epochs,
                "validation_accuracy": _mean([it.validation_accuracy for it in mine]),
                "validation_loss": _mean([it.validation_loss for it in mine]),
                "seeds": seeds,
                "test_accuracy_mean": tests.mean,
                "test_accuracy_std": None if np.isnan(tests.std) else tests.std,
                "test_accuracy_low": max(0.0, tests.low),
                "test_accuracy_high": min(1.0, tests.high),
                "test_loss_mean": _mean([it.test_loss for it in mine]),
                "train_accuracy_mean": _mean([it.train_accuracy for it in mine]),
                "train_loss_mean": _mean([it.train_loss for it in mine]),
                "train_seconds": _mean([it.train_seconds for it in mine]),
                "published_test_accuracy": published.get(row.baseline) if row.baseline else None,
            }
        )
    figures = ("validation_accuracy", "validation_loss")
    after = ("test_accuracy_mean", "test_accuracy_std", "test_accuracy_low", "test_accuracy_high", "test_loss_mean")
    last = ("train_accuracy_mean", "train_loss_mean", "train_seconds", "published_test_accuracy")
    columns = {
        "rank": "Int64",
        "study": "string",
        "trial": "Int64",
        "baseline": "string",
        "family": "string",
        "dataset": "string",
        "learning_rate": "Float64",
        "hidden": "Int64",
        "weight_decay": "Float64",
        **_parameter_types(study),  # those three stay where they stand
        "epochs": "Int64",
        **dict.fromkeys(figures, "Float64"),
        "seeds": "Int64",
        **dict.fromkeys((*after, *last), "Float64"),
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean; None where a value is unknown, or no number."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _parameter_types(study: Study) -> dict[str, str]:
    """Return the searched parameters as columns."""
    return {
        name: "Int64" if isinstance(it, Int) else "object" if isinstance(it, Choice) else "Float64"
        for name, it in study.space.items()
    }
