"""A whole report beside the truth: `python -m tests.benchmarks.honesty.known_truth FOLDER`.

Rows are drawn from a distribution that is known, so that every model can be scored on 200,000 more of them. One study
has something to find; in the other all configurations come to the same. Written into FOLDER are both reports, which a
reader is given, and truth.csv, which he is not: for each finalist what the report says and what is so.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

import studyhall
from search import AdamW, Baseline, Float, Int, Mlp, Study, Table, run_study
from tests.benchmarks.honesty import say

FEATURES, TRAINING, TESTED, MORE = 6, 1200, 300, 200_000
MISLABELLED = 0.1  # so that nobody passes .95: half of these are right by chance


def something_to_find(draws: Generator, rows: int) -> pd.DataFrame:
    """Return rows whose class is told by whether a point lies within a shell: no line parts them."""
    inputs = draws.normal(size=(rows, FEATURES))
    return _labelled(draws, inputs, (inputs**2).sum(1) > FEATURES - 0.7)


def nothing_to_find(draws: Generator, rows: int) -> pd.DataFrame:
    """Return rows whose class is told by one line, which every configuration learns."""
    inputs = draws.normal(size=(rows, FEATURES))
    return _labelled(draws, inputs, inputs.sum(1) > 0)


def _labelled(draws: Generator, inputs: NDArray[np.float64], truth: NDArray[np.bool_]) -> pd.DataFrame:
    guessed = draws.random(len(inputs)) < MISLABELLED
    labels = np.where(guessed, draws.random(len(inputs)) < 0.5, truth)
    table = pd.DataFrame(inputs, columns=[f"x{number}" for number in range(FEATURES)])
    return table.assign(kind=np.where(labels, "far", "near"))


def study_of(folder: Path) -> Study:
    """Return the study of the rows in a folder."""
    return Study(
        family=Mlp(depth=2),
        data=Table(str(folder / "train.csv"), label="kind", test=str(folder / "test.csv")),
        epochs=20,
        batch_size=32,
        optimizer=AdamW(),
        trials=24,
        space={
            "learning_rate": Float(1e-3, 1e-1, log=True),
            "hidden": Int(4, 64, log=True),
            "weight_decay": Float(1e-3, 1.0, log=True),
        },
        baselines=(Baseline("what was used before", learning_rate=3e-3, hidden=8, weight_decay=0.01),),
    )


def truth_of(results: pd.DataFrame, models: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what a report says of each finalist, and the mean accuracy of its models on `rows`."""
    said = results[["trial", "test_accuracy_mean", "test_accuracy_low", "test_accuracy_high"]].copy()
    said["true_accuracy"] = [
        np.mean(
            [
                (studyhall.load(file).predict(rows) == rows["kind"]).mean()
                for file in models.glob(f"trial-{trial}-seed-*.safetensors")
            ]
        )
        for trial in said["trial"]
    ]
    return said


def main(folder: Path) -> None:
    """Make both reports, and say what is so."""
    for number, world in enumerate((something_to_find, nothing_to_find)):
        draws, here = np.random.default_rng(number), folder / world.__name__
        here.mkdir(parents=True)
        for name, rows in (("train", TRAINING), ("test", TESTED)):
            world(draws, rows).to_csv(here / f"{name}.csv", index=False)
        searched = run_study(study_of(here), name=world.__name__, storage=f"sqlite:///{here}/studies.db", quiet=True)
        export = studyhall.export_study(searched, quiet=True)
        truth = truth_of(export.results, export.folder / "finalists", world(draws, MORE))
        truth.to_csv(here / "truth.csv", index=False)
        say(f"{world.__name__}: {export.headline}\n{truth.round(4).to_string(index=False)}\n{export.page}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
