"""Records complete curves of random configurations: `python -m tests.benchmarks.quality.record_curves STUDY`.

The study of that name is searched without a sampler's or a pruner's help, on its own data and in its own recipe;
search_quality.py then lets every method search these curves. It takes 300 full trainings, or --trials of them, and
goes on where it was stopped. Written is curves/NAME.csv.gz beside this file: a row for each configuration, its
parameters, and validation accuracy and loss after every epoch.
"""

import argparse
from pathlib import Path

import pandas as pd

from search import NoPruner, Random, run_study
from search.config.study import Study
from search.config.study_files import load, override
from search.record.store import Store

FOLDER = Path(__file__).parent / "curves"


def drawn(name: str, trials: int) -> Study:
    """Return a built-in study whose trials are all random, and complete."""
    study = load(name).study
    study = study.model_copy(update={"baselines": ()})
    return override(study, sampler=Random(), pruner=NoPruner(), trials=trials)


def table(study: Study, name: str, storage: str) -> pd.DataFrame:
    """Return the curves that are recorded, a row for each configuration; those that diverged end with NaN."""
    record = Store(storage).find(name)
    assert record is not None
    curves, rows = record.curves(), []
    for row in record.trials():
        cells: dict[str, object] = {key: f"{value:.6g}" for key, value in study.to_external(row.params).items()}
        for score in curves.get(row.number, []):
            cells[f"accuracy_{score.epoch}"] = f"{score.validation['accuracy']:.4f}"
            cells[f"loss_{score.epoch}"] = f"{score.validation['loss']:.4f}"
        rows.append(cells)
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--storage", default="sqlite:///runs/curves.db")
    given = parser.parse_args()
    study = drawn(given.study, given.trials)
    run_study(study, name=f"{given.study}-curves", storage=given.storage)
    FOLDER.mkdir(exist_ok=True)
    # A gzip file holds its time unless told otherwise: the same curves are the same bytes.
    table(study, f"{given.study}-curves", given.storage).to_csv(
        FOLDER / f"{given.study}.csv.gz", index=False, compression={"method": "gzip", "mtime": 0}
    )


if __name__ == "__main__":
    main()
