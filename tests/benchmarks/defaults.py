"""The default search of `mlp` on MNIST beside the one before it: `python -m tests.benchmarks.defaults [--seeds 5]`.

Each seed of the study is searched by `GP()` with `ExpectedGain()`, by `TPE()` with `SuccessiveHalving()`, which were
the defaults until 2026-11-25, and with `--no-pruner` by `GP()` without a pruner. Printed are the best validation
accuracy of a complete trial, which trial that is and whether the sampler drew it (it joined after the first tick, in
which all lanes are filled blindly), epochs and seconds. The test set stays shut. MNIST is looked for as a search does.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from search import SuccessiveHalving, run_study
from search.config.study_files import load, override
from search.pruners.none import NoPruner
from search.record.store import Store
from search.samplers.tpe import TPE
from tests.benchmarks.work import print_table

SEARCHES: dict[str, dict[str, object]] = {
    "the default": {},
    "TPE + SuccessiveHalving": {"sampler": TPE(), "pruner": SuccessiveHalving()},
    "the default, no pruner": {"pruner": NoPruner()},
}


def row_of(title: str, seed: int, storage: str) -> list[object]:
    """Search with one seed, and return a row of the table."""
    study = override(load("mlp").study, seed=seed, **SEARCHES[title])
    name, began = f"search-{list(SEARCHES).index(title)}-{seed}", time.monotonic()
    run_study(study, name=name, storage=storage, quiet=True)
    seconds = time.monotonic() - began
    record = Store(storage, create=False).find(name)
    assert record is not None
    complete = [row for row in record.trials() if row.state == "complete" and row.value is not None]
    best = max(complete, key=lambda row: row.value or 0.0)
    drawn_by = "the sampler" if (best.joined or 0) > 1 else "the start"
    epochs = sum(map(len, record.curves().values()))
    return [title, seed, f"{best.value:.4f}", best.number, drawn_by, epochs, f"{seconds:.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--no-pruner", action="store_true", help="which trains each trial to its end")
    given = parser.parse_args()
    titles = list(SEARCHES)[: 3 if given.no_pruner else 2]
    with TemporaryDirectory() as folder:
        storage = f"sqlite:///{Path(folder) / 'searches.db'}"
        rows = [row_of(title, seed, storage) for title in titles for seed in range(given.seeds)]
    print_table(["search", "seed", "best validation accuracy", "trial", "drawn by", "epochs", "seconds"], rows)


if __name__ == "__main__":
    main()
