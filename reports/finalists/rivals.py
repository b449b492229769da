"""The winner against each other finalist on the test set: one family of comparisons, for all that is said."""

from collections.abc import Mapping, Sequence

import pandas as pd

from reports.figures.statistics import LEVEL
from reports.finalists.measured import Measured
from reports.finalists.predictions import Cost


def rivals_frame(ranked: Sequence[int], measured: Measured, costs: Mapping[int, Cost]) -> pd.DataFrame:
    """Return one row per finalist but the winner: by how much the winner is better.

    `gap` is the mean, `low` and `high` bound it, `p` belongs to them: `Measured.compare`, adjusted for the number of
    rows, so that all bounds hold together at LEVEL. They are `apart` where p is below 1 - LEVEL, which is where the
    bounds leave out 0. `multiply_adds` is the finalist's share of the winner's; empty where it was not counted.
    """
    winner, *others = ranked
    rows = []
    for other in others:
        gap, p = measured.compare(winner, other, len(others))
        share = costs[other].multiply_adds / costs[winner].multiply_adds if {winner, other} <= costs.keys() else None
        rows.append((other, gap.mean, gap.low, gap.high, p, p < 1 - LEVEL, share))
    columns = {"trial": "Int64", "gap": "Float64", "low": "Float64", "high": "Float64", "p": "Float64"}
    columns |= {"apart": "boolean", "multiply_adds": "Float64"}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)
