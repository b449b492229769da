"""Curves that cross: low rates learn late and end best, so whoever judges by early epochs keeps the wrong trials.

What happens with small rates and long schedules, at its clearest. The end of a curve is a bowl in three parameters;
how fast it is reached grows with the rate. After a fifth of the epochs the best one is behind
the median.
"""

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from models.config.base import Parameters
from search.config.space import Float, Int, Range
from tests.benchmarks.quality.lcbench import uniform

BEST_RATE, BEST_WIDTH, BEST_DECAY = 0.02, 128.0, 1e-5
UNTRAINED, BEST = 0.1, 0.98  # accuracy before the first epoch, and of the best configuration at the end
HALFWAY = 2.5  # epochs until the best configuration has learnt about two thirds
RANDOM = 2_000  # configurations; 1 is their median's regret


class Crossing:
    """One problem with a known optimum, `BEST`."""

    name, number, epochs = "crossing", 7, 20
    space: ClassVar[dict[str, Range]] = {
        "learning_rate": Float(1e-3, 1.0, log=True),
        "hidden": Int(16, 512, log=True),
        "weight_decay": Float(1e-7, 1e-2, log=True),
    }

    def __init__(self) -> None:
        generator = np.random.Generator(np.random.PCG64(self.number))
        ends = [self.curve(uniform(self.space, generator))[:, 0].max() for _ in range(RANDOM)]
        self.best, self._median = float(self.curve(_optimum())[:, 0].max()), float(np.median(ends))

    def curve(self, parameters: Parameters) -> NDArray[np.float64]:
        """Return accuracy, a loss that falls with it, and cost of every epoch, (epochs, 3)."""
        rate, width, decay = (math.log10(float(parameters[name])) for name in self.space)
        off = (rate - math.log10(BEST_RATE)) ** 2 + 0.5 * (width - math.log10(BEST_WIDTH)) ** 2
        off += 0.1 * (decay - math.log10(BEST_DECAY)) ** 2
        end = UNTRAINED + (BEST - UNTRAINED) / (1 + 0.08 * off)
        halfway = HALFWAY * (BEST_RATE / 10**rate) ** 0.5
        epochs = np.arange(1, self.epochs + 1)
        accuracy = end - (end - UNTRAINED) * np.exp(-epochs / halfway)
        return np.stack([accuracy, -np.log(accuracy), np.ones(self.epochs)], axis=1)

    def work(self, parameters: Parameters) -> float:
        """Return 1: all configurations cost the same."""
        return 1.0

    def regret(self, accuracy: float) -> float:
        """Return 0 for the optimum, 1 for the median random configuration."""
        return (self.best - accuracy) / (self.best - self._median)


def _optimum() -> Parameters:
    return {"learning_rate": BEST_RATE, "hidden": round(BEST_WIDTH), "weight_decay": BEST_DECAY}
