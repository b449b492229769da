"""What is made of many searches: means with standard errors, and paired differences with bootstrap intervals."""

import numpy as np
import pandas as pd

from tests.benchmarks.quality.problem import Problem
from tests.benchmarks.quality.trace import NOTHING, Trace

BUDGETS = (5, 10, 20, 40)  # full trainings
LANES = 16
RESAMPLED = 10_000


def regrets(trace: Trace, problem: Problem) -> dict[str, float]:
    """Return one search's regret after each budget, in epochs, in ticks of `LANES` lanes, and in what epochs cost."""

    def regret(accuracy: float | None) -> float:
        return NOTHING if accuracy is None else min(problem.regret(accuracy), NOTHING)

    by_epochs = {f"epochs_{each}": regret(trace.after_epochs(each * problem.epochs)) for each in BUDGETS}
    by_cost = {f"cost_{each}": regret(trace.after_cost(each * problem.epochs)) for each in BUDGETS}
    ticks = {each: each * problem.epochs // LANES for each in BUDGETS}
    return by_epochs | by_cost | {f"ticks_{each}": regret(trace.after_ticks(ticks[each])) for each in BUDGETS}


def regret_rows(found: pd.DataFrame, spent: str) -> list[list[object]]:
    """Return each method's mean regret and its standard error over tasks and seeds.

    Args:
        found: A row for each search, with `method`, `task`, `seed` and what `regrets` gives.
        spent: "epochs", "ticks" or "cost".
    """
    rows: list[list[object]] = []
    for method, searches in found.groupby("method", sort=False):
        values = [searches[f"{spent}_{each}"] for each in BUDGETS]
        rows.append([method, *(f"{value.mean():.3f} ± {value.sem():.3f}" for value in values)])
    return rows


def reached_rows(found: pd.DataFrame, limit: int) -> list[list[object]]:
    """Return how many trainings' worth of epochs each method took to the best recorded configuration.

    Args:
        found: A row for each search, with `method` and `reached`, infinite where it did not come to it.
        limit: Trainings that a search was given.
    """
    rows: list[list[object]] = []
    for method, searches in found.groupby("method", sort=False):
        reached, median = searches["reached"], searches["reached"].median()
        share = f"{np.isfinite(reached).sum()} of {len(reached)} searches"
        rows.append([method, f"{median:.1f}" if np.isfinite(median) else f"above {limit}", share])
    return rows


def difference_rows(found: pd.DataFrame, against: str) -> list[list[object]]:
    """Return how much more regret each method has than one of them, with 95 % intervals.

    Searches are paired by task and seed. A resample draws tasks, and then seeds within each: searches of one task are
    more alike than those of two.
    """
    pairs = found.set_index(["task", "seed"])
    base = pairs[pairs.method == against]
    rows: list[list[object]] = []
    for method in found.method.drop_duplicates():
        if method == against:
            continue
        other = pairs[pairs.method == method]
        cells = []
        for each in BUDGETS:
            both = (other[f"epochs_{each}"] - base[f"epochs_{each}"]).dropna().unstack("seed").to_numpy()
            low, high = bootstrap(both)
            cells.append(f"{np.nanmean(both):+.3f} [{low:+.3f}, {high:+.3f}]")
        rows.append([method, *cells])
    return rows


def bootstrap(differences: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean by resampling tasks (rows), and seeds (columns) within each."""
    generator = np.random.Generator(np.random.PCG64(0))
    tasks, seeds = differences.shape
    task = generator.integers(tasks, size=(RESAMPLED, tasks, 1))
    seed = generator.integers(seeds, size=(RESAMPLED, tasks, seeds))
    low, high = np.nanquantile(np.nanmean(differences[task, seed], axis=(1, 2)), [0.025, 0.975])
    return float(low), float(high)
