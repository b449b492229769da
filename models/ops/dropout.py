"""Dropout for lanes: masks that follow from the tick, the step, the layer and the unit, never from the neighbours.

Letters: L lanes, B examples of the minibatch, H units of one lane.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.seeds import derive


class DropoutMasks:
    """The masks of some lanes, which is what activations are multiplied by in training.

    As in torch.nn.Dropout a unit that stays is divided by the share that stays. Lanes are given the same draws.

    Args:
        rates: (L,) the share of units that each lane drops.
        like: A tensor of the type and device of the masks.
    """

    def __init__(self, rates: Sequence[float], like: Tensor) -> None:
        self._rates, self._like = rates, like
        self._seed, self._step = 0, 0
        self._generator = torch.Generator()  # on the CPU, whose draws of few units begin as those of many do

    def begin_tick(self, seed: int) -> None:
        """Draw the masks of a tick from a seed."""
        self._seed, self._step = seed, 0

    def start_step(self) -> None:
        """Go on to the next step."""
        self._step += 1

    def masks(self, layer: int, units: Sequence[int], examples: int) -> list[Tensor]:
        """Return a mask (H, B) for each lane.

        Args:
            layer: Its number, so that layers drop different units.
            units: (L,) H of each lane.
            examples: B.
        """
        self._generator.manual_seed(derive(self._seed, "dropout", self._step, layer))
        draws = torch.rand(max(units), examples, generator=self._generator).to(self._like.device)
        return [
            (draws[:count] >= rate).to(self._like.dtype).div_(1.0 - rate)
            for count, rate in zip(units, self._rates, strict=True)
        ]


def dropout_masks(rates: Sequence[float], like: Tensor) -> DropoutMasks | None:
    """Return the masks of some lanes; None where no lane drops anything."""
    return DropoutMasks(rates, like) if any(rates) else None
