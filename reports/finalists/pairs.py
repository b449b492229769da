"""Which finalists can be told apart on the test set: every two of them compared."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from reports.finalists.predictions import TestPredictions
from reports.statistics import LEVEL, compare, holm, mcnemar

MAX_ALL_PAIRS = 12  # finalists up to which every two are compared, not only each with the winner


def pairs_frame(ranked: Sequence[int], seeds: int, predictions: TestPredictions) -> pd.DataFrame:
    """Return one row per two finalists: how far the first lies above the second, and whether they can be told apart.

    `p` is `statistics.compare`'s, `p_holm` the same adjusted for there being so many pairs; they are `apart` where that
    is below 1 - LEVEL. `mcnemar` counts the seeds under which McNemar's test tells the two trained models apart.
    """
    pairs = list(combinations(ranked, 2))
    if len(ranked) > MAX_ALL_PAIRS:
        pairs = [(ranked[0], other) for other in ranked[1:]]
    hits = {number: predictions.hits(number, seeds) for number in ranked}
    compared = [compare(hits[first], hits[second]) for first, second in pairs]
    adjusted = holm([of.p for of in compared])
    rows = []
    for (first, second), (gap, p), p_holm in zip(pairs, compared, adjusted, strict=True):
        correct = [(predictions.correct(first, seed), predictions.correct(second, seed)) for seed in range(seeds)]
        apart = sum(mcnemar(*of_seed).p < 1 - LEVEL for of_seed in correct)
        rows.append((first, second, gap.mean, gap.low, gap.high, p, p_holm, p_holm < 1 - LEVEL, apart))
    columns = {"first": "Int64", "second": "Int64", "gap": "Float64", "low": "Float64", "high": "Float64"}
    columns |= {"p": "Float64", "p_holm": "Float64", "apart": "boolean", "mcnemar": "Int64"}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)
