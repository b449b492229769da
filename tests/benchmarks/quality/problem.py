"""What is searched: a space, and the curve of every configuration in it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.config.base import Parameters
from search.config.space import Range


class Problem(Protocol):
    """One task with known curves.

    Attributes:
        name: What a table calls it.
        number: Goes into the seeds, so that two problems never share their draws.
        epochs: Of a full training.
        space: The searched parameters.
    """

    name: str
    number: int
    epochs: int
    space: dict[str, Range]

    def curve(self, parameters: Parameters) -> NDArray[np.float64]:
        """Return validation accuracy, loss and cost of every epoch, (epochs, 3); a median configuration's costs 1."""

    def work(self, parameters: Parameters) -> float:
        """Return the multiply-adds of an example, which is what a search knows of the cost beforehand."""

    def regret(self, accuracy: float) -> float:
        """Return how far an accuracy is from the best known one, in a unit that problems share."""
