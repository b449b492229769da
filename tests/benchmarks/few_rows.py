"""What several lanes a trial are worth where rows are few.

`python -m tests.benchmarks.few_rows [--seeds 20] [--rows 200]`: random configurations of a perceptron are trained as an
engine's lanes on a few of scikit-learn's digits, and the best is chosen by one validation part, by the mean of five
seeds on it, or by the mean of five folds. What it is worth is the mean accuracy of five other lanes, trained on all the
few rows for as many epochs, on the digits that are left.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from models.config.base import Parameters
from models.config.families import Mlp
from models.config.messages import LaneSpec
from models.config.optimizers import AdamW
from models.config.recipe import Recipe
from models.datasets.source import Examples
from models.datasets.split import fold_splits, split
from models.engine.engine import Engine
from models.engine.fold import Fold, make_fold
from search.loop.members import by_trial
from tests.benchmarks.work import print_table

EPOCHS, TRIALS, MEMBERS = 20, 40, 5
RECIPE = Recipe(family=Mlp(), epochs=EPOCHS, batch_size=32, optimizer=AdamW())
CPU, CLASSES = torch.device("cpu"), tuple("0123456789")
BY_LUCK = "one seed, 40 trials"


def curves(
    folds: Sequence[Fold], trials: Sequence[Parameters], members: int, first_seed: int = 0
) -> NDArray[np.float64]:
    """The mean validation accuracy of every trial over its lanes, (epochs, trials)."""
    first, *others = folds
    family = RECIPE.make_family((64, 1, 1), len(CLASSES))
    engine = Engine(RECIPE, family, first.train_set, first.validation_set, CPU, other_folds=others)
    for number, parameters in enumerate(trials):
        for member in range(members):
            engine.add(
                LaneSpec(
                    lane=number * members + member,
                    parameters=parameters,
                    seed=first_seed + 1000 * number + member,
                    stream=-member,
                    fold=member if others else 0,
                )
            )
    scores = []
    for tick in range(1, EPOCHS + 1):
        lanes = sorted(engine.tick(tick), key=lambda score: score.lane)
        scores.append([score.validation["accuracy"] for score in by_trial(lanes, members)])
    return np.array(scores)


def one_study(seed: int, rows: int) -> dict[str, tuple[float, float]] | None:
    """By the way of choosing: what the choice is worth, and by how much its score was above that."""
    inputs, labels = load_digits(return_X_y=True)
    inputs = inputs.astype(np.float32).reshape(-1, 64, 1, 1)
    draw = np.random.default_rng(seed)
    drawn = draw.permutation(len(labels))
    few, left = np.sort(drawn[:rows]), np.sort(drawn[rows:])
    examples, everything = Examples(inputs[few], labels[few], CLASSES), Examples(inputs, labels, CLASSES)
    if np.bincount(labels[few], minlength=len(CLASSES)).min() <= MEMBERS:
        return None  # a class has too few rows
    trials: list[Parameters] = [
        {
            "learning_rate": float(10 ** draw.uniform(-4, -1)),
            "hidden": int(2 ** draw.uniform(2, 6)),
            "weight_decay": float(10 ** draw.uniform(-4, 0)),
        }
        for _ in range(TRIALS)
    ]
    held_out = [make_fold(examples, *split(examples.labels, 1 / 6, seed), CPU, None, 0)[0]]
    folds = [make_fold(examples, *pair, CPU, None, 0)[0] for pair in fold_splits(examples.labels, MEMBERS, seed)]
    all_few = [make_fold(everything, few, left, CPU, None, 0)[0]]
    worth = curves(all_few, trials, MEMBERS, first_seed=77_000_000)
    fewer = trials[: TRIALS // MEMBERS]
    told = {
        BY_LUCK: curves(held_out, trials, 1),
        "5 seeds, 8 trials": curves(held_out, fewer, MEMBERS),
        "5 folds, 8 trials": curves(folds, fewer, MEMBERS),
        "5 seeds, 40 trials": curves(held_out, trials, MEMBERS),
        "5 folds, 40 trials": curves(folds, trials, MEMBERS),
        "the best of the 40": worth,
    }
    chosen = {}
    for way, scores in told.items():
        trial = int(scores.max(0).argmax())
        epoch = int(scores[:, trial].argmax())
        chosen[way] = float(worth[epoch, trial]), float(scores[epoch, trial] - worth[epoch, trial])
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rows", type=int, default=200)
    given = parser.parse_args()
    torch.set_num_threads(1)
    studies = [study for seed in range(given.seeds) if (study := one_study(seed, given.rows)) is not None]
    rows: list[list[object]] = []
    for way in studies[0]:
        worth, above = (np.array([study[way][which] for study in studies]) for which in (0, 1))
        gain = worth - np.array([study[BY_LUCK][0] for study in studies])
        error = gain.std(ddof=1) / len(gain) ** 0.5
        rows.append([way, f"{worth.mean():.4f}", f"{gain.mean():+.4f}", f"{error:.4f}", f"{above.mean():+.4f}"])
    print_table(["chosen by", "worth", "against one seed", "standard error", "its score was above that"], rows)


if __name__ == "__main__":
    main()
