"""Learning from earlier studies: how much a source counts, and what a search gains by one, or loses by a bad one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
import pytest
from numpy.typing import NDArray

from models.config.base import Parameters
from search.config.learnt import LearntStudy
from search.config.space import Float, Int, Range
from search.curves.learnt import EXPECTED, weight
from tests.benchmarks.quality import own

optuna.logging.set_verbosity(optuna.logging.WARNING)

SPACE: dict[str, Range] = {
    "learning_rate": Float(1e-4, 1.0, log=True),
    "weight_decay": Float(1e-6, 1e-1, log=True),
    "hidden": Int(8, 512, log=True),
}
BEST = {"learning_rate": -1.8, "weight_decay": -4.5, "hidden": 2.2}  # logarithms to base 10


@dataclass
class Bowl:
    """Curves that rise to an end which falls with the distance from the best configuration."""

    number: int = 0
    name: str = "bowl"
    epochs: int = 8

    @property
    def space(self) -> dict[str, Range]:
        return SPACE

    def end(self, parameters: Parameters, shift: float = 0.0) -> float:
        distance = sum((np.log10(float(parameters[name])) - best - shift) ** 2 for name, best in BEST.items())
        return float(0.95 - 0.08 * distance)

    def curve(self, parameters: Parameters) -> NDArray[np.float64]:
        accuracy = self.end(parameters) - 0.3 * 0.6 ** np.arange(1, self.epochs + 1)
        return np.stack([accuracy, 1.0 - accuracy, np.ones(self.epochs)], axis=1)

    def work(self, parameters: Parameters) -> float:
        return 1.0

    def regret(self, accuracy: float) -> float:
        return self.curve({name: 10**best for name, best in BEST.items()})[-1, 0] - accuracy


def a_source(seed: int, *, reversed_: bool = False, shift: float = 0.15) -> LearntStudy:
    """Forty random configurations of a bowl whose best lies a little beside, as another data set's might."""
    generator = np.random.Generator(np.random.PCG64(1000 + seed))
    params: list[Parameters] = []
    for rate, decay, hidden in generator.random((40, 3)).tolist():
        width = round(8 * 64**hidden)
        params.append({"learning_rate": 10 ** (4 * rate - 4), "weight_decay": 10 ** (5 * decay - 6), "hidden": width})
    sign = -1.0 if reversed_ else 1.0
    ranked = sorted(((sign * Bowl().end(each, shift), each) for each in params), key=lambda pair: -pair[0])
    values, configurations = zip(*ranked, strict=True)
    return LearntStudy(name="earlier", about="", params=configurations, values=values)


@dataclass
class Found:
    """What six searches with four lanes found, a row each."""

    early: NDArray[np.float64]  # (6,), the regret after the epochs of 3 full trainings
    regret: NDArray[np.float64]  # (6,), after those of 8
    epochs: NDArray[np.int64]  # (6,), until a configuration came within 0.03 of the best; 65 where none did


def searches(**words: Any) -> Found:
    early, regret, epochs = [], [], []
    for seed in range(6):
        fields = {"learnt": (a_source(seed, **words),)} if words else {}
        trace = own.search(Bowl(seed), seed, 64, settings=fields, lanes=4)
        found = [Bowl().regret(trace.after_epochs(spent) or 0.0) for spent in range(1, 65)]
        early.append(found[23])
        regret.append(found[-1])
        epochs.append(1 + sum(each > 0.03 for each in found))
    return Found(np.array(early), np.array(regret), np.array(epochs))


# --- how much a source counts -----------------------------------------------------------------------------------------


def test_a_source_counts_as_its_ranking_agrees() -> None:
    seen = np.arange(12.0)
    assert weight(np.array([]), np.array([])) == EXPECTED
    assert weight(seen * 3, seen) > 0.85
    assert weight(-seen, seen) == 0.0
    shuffled = np.random.Generator(np.random.PCG64(0)).permutation(12).astype(float)
    assert weight(shuffled, seen) < 0.3


def test_of_equal_scores_nothing_is_concluded() -> None:
    assert 0.0 < weight(np.ones(5), np.ones(5)) < EXPECTED


# --- what a search gains ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cold() -> Found:
    return searches()


@pytest.mark.slow
def test_a_search_that_learns_from_a_similar_one_needs_fewer_epochs(cold: Found) -> None:
    warm = searches(shift=0.15)
    assert np.median(warm.early) < 0.6 * np.median(cold.early)
    assert warm.epochs.mean() < 0.85 * cold.epochs.mean()  # 18 such searches: 0.7 of them


@pytest.mark.slow
def test_a_source_that_ranks_the_other_way_round_does_little_harm(cold: Found) -> None:
    misled = searches(reversed_=True)
    assert np.median(misled.regret) < np.median(cold.regret) + 0.01  # scores of random configurations span 0.8
