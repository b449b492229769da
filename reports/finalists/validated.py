"""Finalists of trials that train by themselves: what they come to on validation over several seeds.

There is no test set and there are no models: the table says so by the names of its columns. Trains nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.config.messages import EpochMetrics
from reports.figures.statistics import Comparison, Interval, compare, interval
from reports.finalists.ranked import RankedFinalists
from reports.finalists.training import finalist_rows
from search.config.study import Study
from search.objective import select_epoch
from search.record.record import Record
from search.record.trials_frame import parameter_types
from search.trial import TrialRow


@dataclass(frozen=True, eq=False)
class ValidatedFinalists(RankedFinalists):
    """Finalists that were trained again under several seeds, and scored on validation alone."""

    scores: Mapping[int, NDArray[np.float64]]  # of each trial: the objective under every seed, (S, 1)
    results: pd.DataFrame  # the table of `results.csv`

    @property
    def seeds(self) -> int:
        """How many each was trained under."""
        return len(self.scores[self.winner.number])

    def interval(self, trial: int) -> Interval:
        """Return the mean over seeds, with the interval of new seeds."""
        return interval(self.scores[trial])

    def against(self, rival: int) -> Comparison:
        """Return how far the winner's value lies above that of another finalist; one family with all others."""
        family = max(1, len(self.ranked) - 1)
        return compare(self.scores[self.winner.number], self.scores[rival], family=family)

    @property
    def same_under_every_seed(self) -> bool:
        """Whether the winner came out the same under all seeds, to the last digit: then seeds tell nothing."""
        return self.seeds > 1 and float(np.ptp(self.scores[self.winner.number])) == 0.0


def validated_finalists(
    record: Record, ranked: list[TrialRow], seeds: int, curves: Mapping[int, Sequence[EpochMetrics]]
) -> ValidatedFinalists:
    """Read what ranked finalists came to under each seed.

    Args:
        record: The study.
        ranked: The finalists, best first.
        seeds: How many each was trained under.
        curves: Those of the search, by trial.
    """
    study, rows = record.study, finalist_rows(record)
    metric = study.objective.metric
    seconds: dict[int, float] = {}
    for _, trial, seed, epoch in record.finalist_scores("rank"):
        seconds[trial] = seconds.get(trial, 0.0) + (epoch.seconds if seed < seeds else 0.0)
    scores, lines = {}, list[dict[str, Any]]()
    for place, row in enumerate(ranked, start=1):
        values = [(rows[row.number, seed].validation or {}).get(metric, math.nan) for seed in range(seeds)]
        scores[row.number] = np.array(values, float)[:, None]
        over_seeds = interval(scores[row.number])
        searched = select_epoch(curves.get(row.number, []), study.keep, study.objective)
        lines.append(
            {
                "rank": place,
                "study": record.name,
                "trial": row.number,
                "baseline": row.baseline,
                "family": study.family.label,
                **study.to_external(row.params),
                "epochs": study.epochs,
                f"validation_{metric}": study.objective.value(searched.validation) if searched else None,
                "seeds": seeds,
                f"validation_{metric}_mean": over_seeds.mean,
                f"validation_{metric}_std": over_seeds.std,
                f"validation_{metric}_low": over_seeds.low if seeds > 1 else None,
                f"validation_{metric}_high": over_seeds.high if seeds > 1 else None,
                "train_seconds": seconds.get(row.number, 0.0) / seeds,
            }
        )
    return ValidatedFinalists(ranked, scores, _frame(study, lines))


def _frame(study: Study, lines: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    metric = study.objective.metric
    dtypes = {
        "rank": "Int64",
        "study": "string",
        "trial": "Int64",
        "baseline": "string",
        "family": "string",
        **parameter_types(study),
        "epochs": "Int64",
        f"validation_{metric}": "Float64",
        "seeds": "Int64",
        **dict.fromkeys((f"validation_{metric}_{end}" for end in ("mean", "std", "low", "high")), "Float64"),
        "train_seconds": "Float64",
    }
    return pd.DataFrame(lines, columns=list(dtypes)).astype(dtypes)
