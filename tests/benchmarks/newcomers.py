"""Studies as a newcomer writes them, beside scikit-learn's usual models tuned for as many CPU seconds.

`python -m tests.benchmarks.newcomers [NAME ...] [--splits N] [--trials N] [--seeds N] [--folder runs/newcomers]`: each
study file is written beside its tables, searched and exported; its report stays there to be looked at. Then
gradient-boosted trees and a perceptron of scikit-learn are tuned on the same training rows: random configurations, each
scored in five folds (by the study's metric) until the CPU seconds of our search and export are spent, the best of them
fitted to all rows. The test part is seen by nothing but the last line of either side; there is another one in each
split, and the means over splits stand before the figures of each. `parameters` is the front of MNIST, which needs the
data set, and is timed against the same search with one objective; nothing of scikit-learn stands beside it.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy.stats import loguniform, randint
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_classification
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import get_scorer
from sklearn.model_selection import ParameterSampler, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reports import export_study
from search import run_study
from tests.benchmarks.work import print_table

TOLD = "label"  # the column to predict
IMBALANCED = """
from studyhall import AdamW, Baseline, Float, Int, Mlp, Study, Table

study = Study(
    family=Mlp(),
    data=Table("train.csv", label="label", test="test.csv"),
    epochs=20,
    trials=30,
    batch_size=64,
    optimizer=AdamW(),
    objective="average_precision",
    space={
        "learning_rate": Float(1e-4, 1e-1, log=True),
        "hidden": Int(8, 128, log=True),
        "weight_decay": Float(1e-4, 1.0, log=True),
    },
    baselines=[Baseline("what I use today", learning_rate=1e-3, hidden=32, weight_decay=0.01)],
)
"""
REGRESSION = (
    IMBALANCED.replace('label="label"', 'target="label"').replace('    objective="average_precision",\n', "")
).replace("Mlp()", "Mlp(depth=2)")
FOLDS = IMBALANCED.replace('    objective="average_precision",\n', "    folds=5,\n").replace("trials=30", "trials=20")
MODULE = """
from torch import nn

from studyhall import Baseline, Choice, Float, Int, Study, Table


def net(inputs: int, classes: int, hidden: int, dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(inputs, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, classes),
    )


study = Study(
    family=net,
    data=Table("train.csv", label="label", test="test.csv"),
    epochs=15,
    trials=30,
    batch_size=64,
    space={
        "optimizer": Choice(("sgd", "adamw", "muon")),
        "learning_rate": Float(1e-4, 0.3, log=True),
        "momentum": Float(0.5, 0.95, when={"optimizer": ("sgd", "muon")}),
        "hidden": Int(16, 64, log=True),
        "dropout": Float(0.0, 0.5),
        "weight_decay": Float(1e-6, 1e-1, log=True),
    },
    baselines=[
        Baseline("what I use today", optimizer="adamw", learning_rate=1e-3, hidden=32, dropout=0.1, weight_decay=0.01)
    ],
)
"""
FRONT = """
from studyhall import Baseline, Float, Int, Mlp, Study

study = Study(
    family=Mlp(),
    data="mnist",
    epochs=5,
    trials=30,
    objective=("accuracy", "parameters"),
    space={
        "learning_rate": Float(0.01, 1.0, log=True),
        "hidden": Int(2, 128, log=True),
        "weight_decay": 0.0,
    },
    baselines=[Baseline("what I use today", learning_rate=0.1, hidden=64)],
)
"""

Table = tuple[pd.DataFrame, np.ndarray]


def houses(rows: int = 2000) -> Table:
    """Rows as of the census of California: income, age, rooms and place, from which a price follows, with noise."""
    draw = np.random.default_rng(0)
    income, age = draw.gamma(4, 1, rows), draw.uniform(1, 52, rows)
    rooms, people = draw.gamma(25, 0.2, rows), draw.gamma(9, 0.33, rows)
    north, east = draw.uniform(32.5, 42, rows), draw.uniform(-124, -114, rows)
    coast = np.exp(-np.abs(north + east + 86.5) / 2)  # a line along which prices are high
    city = np.exp(-((north - 37.8) ** 2 + (east + 122.4) ** 2)) + np.exp(-((north - 34) ** 2 + (east + 118.2) ** 2))
    price = 45 * income * (1 + coast) + 120 * city + 0.5 * age + 8 * (rooms / people) + draw.normal(0, 30, rows)
    columns = {"income": income, "age": age, "rooms": rooms, "people": people, "north": north, "east": east}
    return pd.DataFrame(columns), price.clip(15, 500)


def imbalanced() -> Table:
    inputs, labels = make_classification(
        2000, 12, n_informative=6, n_redundant=2, weights=[0.95], class_sep=1.0, flip_y=0.01, random_state=0
    )
    return pd.DataFrame(inputs).rename(columns=lambda place: f"x{place}"), labels


def of_sklearn(load: Callable[..., Any]) -> Callable[[], Table]:
    return lambda: (lambda data: (data.data.rename(columns=str), np.asarray(data.target)))(load(as_frame=True))


@dataclass(frozen=True)
class Task:
    study: str  # the text of the study file
    table: Callable[[], Table]
    metric: str  # ours
    scoring: str  # scikit-learn's
    higher: bool = True

    @property
    def classifies(self) -> bool:
        return self.higher


TASKS = {
    "imbalanced": Task(IMBALANCED, imbalanced, "average_precision", "average_precision"),
    "diabetes": Task(REGRESSION, of_sklearn(load_diabetes), "rmse", "neg_root_mean_squared_error", higher=False),
    "houses": Task(REGRESSION, houses, "rmse", "neg_root_mean_squared_error", higher=False),
    "module": Task(MODULE, of_sklearn(load_digits), "accuracy", "accuracy"),
    "folds": Task(FOLDS, of_sklearn(load_breast_cancer), "accuracy", "accuracy"),
}


def tuned(model: Any, space: dict[str, Any], task: Task, train: Table, seconds: float) -> tuple[Any, int]:
    """Fit the best of the random configurations that so many CPU seconds allow; return it, and how many they were."""
    began, tried = time.process_time(), 0
    best: tuple[float, dict[str, Any]] = (-np.inf, {})
    for given in ParameterSampler(space, 10_000, random_state=0):
        score = cross_val_score(model.set_params(**given), *train, scoring=task.scoring, cv=5).mean()
        best, tried = max(best, (score, given), key=lambda each: each[0]), tried + 1
        if time.process_time() - began >= seconds:
            break
    return model.set_params(**best[1]).fit(*train), tried


def rivals(task: Task) -> dict[str, tuple[Any, dict[str, Any]]]:
    """The models of scikit-learn with the ranges that people search."""
    trees = {"learning_rate": loguniform(0.01, 0.5), "max_leaf_nodes": randint(4, 64), "max_iter": randint(30, 200)}
    trees |= {"l2_regularization": loguniform(1e-4, 10), "min_samples_leaf": randint(5, 50)}
    layers = {"hidden_layer_sizes": [(8,), (32,), (128,), (32, 32), (128, 128)], "alpha": loguniform(1e-5, 1)}
    layers |= {"learning_rate_init": loguniform(1e-4, 1e-1)}
    if task.classifies:
        made = make_pipeline(StandardScaler(), MLPClassifier(random_state=0, max_iter=100))
        prefix = "mlpclassifier__"
        boosted: Any = HistGradientBoostingClassifier(random_state=0)
    else:
        net = make_pipeline(StandardScaler(), MLPRegressor(random_state=0, max_iter=100))
        made = TransformedTargetRegressor(net, transformer=StandardScaler())
        prefix, boosted = "regressor__mlpregressor__", HistGradientBoostingRegressor(random_state=0)
    return {"trees": (boosted, trees), "perceptron": (made, {prefix + name: of for name, of in layers.items()})}


@dataclass(frozen=True)
class Split:
    """What came out on one split of a table."""

    tests: dict[str, float]  # figures on the test part, by whose they are
    tried: dict[str, int]  # configurations of each of scikit-learn's
    seconds: tuple[float, float]  # of a processor, for our search and export


def one_split(name: str, split: int, folder: Path, trials: int | None, seeds: int) -> Split:
    """Search a study on one split of its table, and tune scikit-learn's models beside it."""
    task = TASKS[name]
    inputs, labels = task.table()
    parts = train_test_split(
        inputs, labels, test_size=0.3, random_state=split, stratify=labels if task.classifies else None
    )
    train, test = (parts[0], parts[2]), (parts[1], parts[3])
    for part, (rows, told) in (("train", train), ("test", test)):
        rows.assign(**{TOLD: told}).to_csv(folder / f"{part}.csv", index=False)
    (folder / f"{name}.py").write_text(task.study)
    began = time.process_time()
    result = run_study(
        folder / f"{name}.py", storage=f"sqlite:///{folder}/studies.db", trials=trials, workers=0, quiet=True
    )
    searched = time.process_time() - began
    export = export_study(result, top=2, seeds=seeds, workers=0, folder=folder / "report", quiet=True)
    seconds = time.process_time() - began
    say(f"{name}: {export.headline} {export.page}")
    winner = export.winner or {}
    scorer, sign = get_scorer(task.scoring), 1 if task.higher else -1
    dummy = DummyClassifier(strategy="prior") if task.classifies else DummyRegressor()
    tests = {"ours": cast(float, winner[f"test_{task.metric}_mean"])}
    tried: dict[str, int] = {}
    for rival, (model, space) in rivals(task).items():
        fitted, tried[rival] = tuned(model, space, task, train, seconds)
        tests[rival] = sign * scorer(fitted, *test)
    tests["constant"] = sign * scorer(dummy.fit(*train), *test)
    return Split(tests, tried, (searched, seconds - searched))


def row_of(name: str, splits: Sequence[Split]) -> list[object]:
    """Return a row of the table: of each model the mean over splits, and the figure of each."""
    row: list[object] = [name, TASKS[name].metric]
    for who in splits[0].tests:
        each = [split.tests[who] for split in splits]
        tried = f" of {np.mean([split.tried[who] for split in splits]):.0f}" if who in splits[0].tried else ""
        of_each = f" ({', '.join(f'{figure:.4g}' for figure in each)})" if len(each) > 1 and who != "constant" else ""
        row.append(f"{np.mean(each):.4g}{tried}{of_each}")
    search, export = np.mean([split.seconds for split in splits], axis=0)
    return [*row, f"{search:.0f} + {export:.0f}"]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def front(folder: Path, trials: int | None) -> None:
    """Search MNIST for accuracy and parameters, and for accuracy alone; print the points and the ratio of times."""
    took = {}
    for name, text in (("alone", FRONT.replace('("accuracy", "parameters")', '"accuracy"')), ("front", FRONT)):
        (folder / f"{name}.py").write_text(text)
        began = time.process_time()
        result = run_study(
            folder / f"{name}.py", storage=f"sqlite:///{folder}/studies.db", trials=trials, workers=0, quiet=True
        )
        took[name] = time.process_time() - began
    export = export_study(result, retrain=False, folder=folder / "report", quiet=True)
    points = sorted((trial.values[1], trial.values[0]) for trial in result.to_optuna().best_trials)
    say(f"{len(points)} points: {', '.join(f'{score:.4f} at {size:,.0f}' for size, score in points)}; {export.page}")
    say(f"CPU seconds: {took['front']:.0f} for two objectives, {took['front'] / took['alone']:.2f} times those of one")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(TASKS)} and parameters; all unless given"
    )
    parser.add_argument("--splits", type=int, default=1, help="into training and test part")
    parser.add_argument("--trials", type=int, help="instead of the study's own number")
    parser.add_argument("--seeds", type=int, default=3, help="of a finalist")
    parser.add_argument("--folder", type=Path, default=Path("runs/newcomers"))
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # scikit-learn's perceptrons do not converge in so few epochs
    rows = []
    for name in given.names or [*TASKS, "parameters"]:
        folders = [(given.folder / f"{name}-{split}").resolve() for split in range(given.splits)]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        if name == "parameters":
            front(folders[0], given.trials)
            continue
        splits = [one_split(name, split, folder, given.trials, given.seeds) for split, folder in enumerate(folders)]
        rows.append(row_of(name, splits))
    if rows:
        print_table(
            ["study", "test", "ours", "trees, of configurations", "perceptron", "constant", "CPU s, search + export"],
            rows,
        )


if __name__ == "__main__":
    main()
