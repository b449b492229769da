"""How lucky a search's best score is, and how much of that the report tells: `python -m tests.benchmarks.honesty.luck`.

A search of 60 configurations of 10 epochs each, scored on N examples. A score is the configuration's worth, plus the
luck of its seed, of each epoch, and of the examples, which is the same under every seed. The report trains the best one
again under 5 new seeds and scores it on the same examples after as many epochs. The truth is known.
"""

import sys

import numpy as np

from tests.benchmarks.honesty import say

TRIALS, EPOCHS, SEEDS = 60, 10, 5
WORTH, BY_SEED, BY_EPOCH = 0.004, 0.0015, 0.0008  # standard deviations, in accuracy
SHARED = 0.3  # of the variance of accuracy over examples: the rest is as good as common to all configurations


def main(searches: int) -> None:
    """Print the table."""
    draws = np.random.default_rng(0)
    say("| examples | told | true, of seed and epoch | told / true | true, with the luck of the examples |")
    say("|---:|---:|---:|---:|---:|")
    for examples in (240, 1000, 10_000):
        by_examples = (SHARED * 0.97 * 0.03 / examples) ** 0.5
        told, of_seed, of_all = [], [], []
        for _ in range(searches):
            rise = -0.02 * np.exp(-np.arange(EPOCHS) / 2)
            worth, luck = draws.normal(0, WORTH, TRIALS), draws.normal(0, by_examples, TRIALS)
            seeds = draws.normal(0, BY_SEED, (TRIALS, 1)) + draws.normal(0, BY_EPOCH, (TRIALS, EPOCHS))
            scores = worth[:, None] + luck[:, None] + rise + seeds
            best, score = int(scores.max(1).argmax()), float(scores.max())
            again = draws.normal(0, BY_SEED, (SEEDS, 1)) + draws.normal(0, BY_EPOCH, (SEEDS, EPOCHS)) + rise
            epoch = int(scores[best].argmax())
            told.append(score - float(worth[best] + luck[best] + again[:, epoch].mean()))
            of_seed.append(score - float(worth[best] + luck[best] + rise[epoch]))
            of_all.append(score - float(worth[best] + rise[epoch]))
        means = [float(np.mean(it)) for it in (told, of_seed, of_all)]
        say(f"| {examples:,} | {means[0]:.4f} | {means[1]:.4f} | {means[0] / means[1]:.2f} | {means[2]:.4f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
