"""The table of finalists, with what each came to. A frame first; exporting.py writes it as CSV.

Read from the record in bulk and given explicit types: a whole number stays one, and what is unknown stays empty.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.statistics import interval
from reports.tested import Tested
from search.record.record import Record
from search.record.rows import FinalistRow
from search.record.trials_frame import parameter_types
from search.trial import TrialRow


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
                "family": study.family.label,
                "dataset": study.dataset,
                **study.to_external(row.params),
                "epochs": mine[0].epochs,
                "validation_accuracy": _mean(mine, "validation", "accuracy"),
                "validation_loss": _mean(mine, "validation", "loss"),
                "seeds": seeds,
                "test_accuracy_mean": tests.mean,
                "test_accuracy_std": None if np.isnan(tests.std) else tests.std,
                "test_accuracy_low": max(0.0, tests.low),
                "test_accuracy_high": min(1.0, tests.high),
                "test_loss_mean": _mean(mine, "test", "loss"),
                "train_accuracy_mean": _mean(mine, "train", "accuracy"),
                "train_loss_mean": _mean(mine, "train", "loss"),
                "train_seconds": float(np.mean([it.train_seconds for it in mine])),
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
        **parameter_types(study),  # those three stay where they stand
        "epochs": "Int64",
        **dict.fromkeys(figures, "Float64"),
        "seeds": "Int64",
        **dict.fromkeys((*after, *last), "Float64"),
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _mean(rows: Sequence[FinalistRow], split: str, metric: str) -> float | None:
    """Return the mean over seeds; None where a value is unknown, or no number."""
    values = [(getattr(row, split) or {}).get(metric, np.nan) for row in rows]
    return None if np.isnan(values).any() else float(np.mean(values))
