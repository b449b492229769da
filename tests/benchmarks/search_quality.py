"""How good the configurations are that a search finds: `python -m tests.benchmarks.search_quality [--seeds 5]`.

Every method searches the same tasks with known curves (LCBench; see tests/benchmarks/quality/lcbench.py for what must
be installed), Studyhall with its real scheduler, sampler, pruner, record and loop. Printed is the regret, 0 being the
best of 2,000 random configurations and 1 their median, after 5, 10, 20 and 40 full trainings' worth of epochs, and
after the ticks in which 16 lanes train as many: whoever trains one at a time is by then at a sixteenth; and after the
time that so many trainings of a median configuration take, by LCBench's own seconds or by a study's multiply-adds.
Then the paired difference of each method to Studyhall as it ships, with a bootstrap interval over tasks and seeds.
`--curves mlp` searches recorded curves of a study of our own instead (tests/benchmarks/quality/record_curves.py), each
configuration having the nearest one's; `--surrogate mlp` a smooth surrogate of them; `--crossing` curves that cross:
0 is then the best of 300 configurations, or the optimum, and how long it takes to reach those best is printed as well.
`--save FILE` keeps all regrets as CSV, and `--load FILE` prints them again, with what is run besides.
"""

import argparse
import math
import os
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import pandas as pd

from search.pruners.expected_gain import ExpectedGain
from search.pruners.halving import SuccessiveHalving
from search.pruners.none import NoPruner
from search.samplers.random import Random
from search.samplers.tpe import TPE
from tests.benchmarks.quality import lcbench, own
from tests.benchmarks.quality.crossing import Crossing
from tests.benchmarks.quality.peers import PEERS, Peer
from tests.benchmarks.quality.problem import Problem
from tests.benchmarks.quality.recorded import FOLDER, Recorded
from tests.benchmarks.quality.surrogate import Surrogate
from tests.benchmarks.quality.tables import BUDGETS, difference_rows, reached_rows, regret_rows, regrets
from tests.benchmarks.work import print_table

DEFAULT = "Studyhall"
RECORDED = [path.name.partition(".")[0] for path in FOLDER.glob("*.csv.gz")]
FITTED = [path.name.partition(".")[0] for path in FOLDER.glob("*.kernels.json")]
LONG = 600  # trainings that are given to reach the best recorded configuration
OURS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "Studyhall, no pruner": {"pruner": NoPruner()},
    "Studyhall, TPE + SuccessiveHalving": {"sampler": TPE(), "pruner": SuccessiveHalving()},
    "Studyhall, TPE + SuccessiveHalving(min_epochs=4)": {"sampler": TPE(), "pruner": SuccessiveHalving(min_epochs=4)},
    "Studyhall, TPE, no pruner": {"sampler": TPE(), "pruner": NoPruner()},
    "Studyhall, Random + ExpectedGain": {"sampler": Random(), "pruner": ExpectedGain()},
    "Studyhall, 8 lanes": {"lanes": 8},
    "Studyhall, 4 lanes": {"lanes": 4},
}


def ours(settings: dict[str, Any]) -> Peer:
    """Return a method that searches with Studyhall."""
    fields = {name: value for name, value in settings.items() if name != "lanes"}
    lanes = settings.get("lanes", 16)
    return lambda problem, seed, limit: own.search(problem, seed, limit, settings=fields, lanes=lanes)


METHODS: dict[str, Peer] = PEERS | {name: ours(settings) for name, settings in OURS.items()}


def lcbench_problems(tasks: list[int]) -> list[Problem]:
    """Return tasks of LCBench."""
    if (reason := lcbench.why_left_out()) is not None:
        raise SystemExit(f"LCBench is left out: {reason}")
    surrogate = lcbench.Surrogate(Path(os.environ["STUDYHALL_LCBENCH"]))
    return [lcbench.LCBench(surrogate, task) for task in tasks]


def run(methods: list[str], problems: Sequence[Problem], seeds: int, trainings: int = max(BUDGETS)) -> pd.DataFrame:
    """Let every method search every problem for so many trainings' worth of epochs; returns a row for each search."""
    rows = []
    for method in methods:
        began = time.perf_counter()
        for problem in problems:
            for seed in range(seeds):
                # One seed for all tasks would give all the same first draws, and one lucky one would count often.
                trace = METHODS[method](problem, seed * 1_000_003 + problem.number, trainings * problem.epochs)
                row = {"method": method, "task": problem.name, "seed": seed, **regrets(trace, problem)}
                if isinstance(problem, Recorded):
                    row["reached"] = (trace.reached(problem.best) or math.inf) / problem.epochs
                rows.append(row)
        each = (time.perf_counter() - began) / (len(problems) * seeds)
        sys.stderr.write(f"{method}: {each:.1f} s a search\n")
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tasks", type=int, nargs="*", default=list(lcbench.DEVELOPMENT))
    parser.add_argument("--curves", nargs="*", choices=sorted(RECORDED), metavar="STUDY")
    parser.add_argument("--surrogate", nargs="*", choices=sorted(FITTED), metavar="STUDY")
    parser.add_argument("--crossing", action="store_true")
    parser.add_argument("--trainings", type=int, help="that a search is given; on LCBench 40, else 600")
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS), metavar="METHOD")
    parser.add_argument("--against", default=DEFAULT, help="the method that all others are compared with")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--load", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    earlier = [pd.read_csv(path, dtype={"task": str}) for path in given.load]
    if given.methods:
        own_problems: list[Problem] = [Recorded(name) for name in given.curves or ()]
        own_problems += [Surrogate(name) for name in given.surrogate or ()] + [Crossing()] * given.crossing
        limit = given.trainings or (LONG if own_problems else max(BUDGETS))
        earlier.append(run(given.methods, own_problems or lcbench_problems(given.tasks), given.seeds, limit))
    found = pd.concat(earlier, ignore_index=True)
    if given.save:
        found.to_csv(given.save, index=False)
    print_table(["regret after", *(f"{budget} trainings" for budget in BUDGETS)], regret_rows(found, "epochs"))
    print_table(["regret after", *(f"{budget} / 16 of ticks" for budget in BUDGETS)], regret_rows(found, "ticks"))
    print_table(
        ["regret after the time of", *(f"{budget} trainings" for budget in BUDGETS)], regret_rows(found, "cost")
    )
    if "reached" in found:
        print_table(
            ["trainings until the best recorded one", "median", "within"], reached_rows(found, given.trainings or LONG)
        )
    if given.against in set(found.method):
        head = [f"more regret than {given.against}", *(f"{budget} trainings" for budget in BUDGETS)]
        print_table(head, difference_rows(found, given.against))


if __name__ == "__main__":
    main()
