"""What the judge saves and what it costs: `python -m tests.benchmarks.pruning [--seeds 5] [--study mlp]`.

The same trials (drawn at random, so that they do not depend on pruning) with and without the default pruner, over
several seeds of the study: epochs trained, and the best validation accuracy found.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from search.config.study_files import load, override
from search.interrupt import Interrupt
from search.launch import prepare, search
from search.options import Options
from search.pruners.halving import SuccessiveHalving
from search.pruners.none import NoPruner
from search.samplers.random import Random
from tests.benchmarks.work import print_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--study", default="mlp")
    parser.add_argument("--dataset")
    given = parser.parse_args()
    rows: list[list[object]] = []
    shares, losses = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(given.seeds):
            best, epochs = {}, {}
            for pruner in (NoPruner(), SuccessiveHalving()):
                named = load(given.study)
                study = override(named.study, seed=seed, sampler=Random(), pruner=pruner)
                options = Options(
                    storage=f"sqlite:///{folder}/studies.db", name=f"{pruner.name}-{seed}", dataset=given.dataset
                )
                named = type(named)(named.name, study, named.text, Path(named.path))
                prepared = prepare(named, options)
                search(prepared, options, interrupt=Interrupt())
                best[pruner.name] = max(row.value or 0.0 for row in prepared.record.trials() if row.state == "complete")
                epochs[pruner.name] = len(prepared.record.scores())
            shares.append(epochs["successive_halving"] / epochs["none"])
            losses.append(best["none"] - best["successive_halving"])
            accuracies = [f"{each:.4f}" for each in (best["none"], best["successive_halving"], losses[-1])]
            rows.append([seed, epochs["none"], epochs["successive_halving"], shares[-1], *accuracies])
    print_table(["seed", "epochs, all", "epochs, pruned", "share", "best, all", "best, pruned", "lost"], rows)
    print_table(
        ["mean share of epochs", "mean loss of accuracy"],
        [[statistics.fmean(shares), f"{statistics.fmean(losses):.4f}"]],
    )


if __name__ == "__main__":
    main()
