"""Dropout for lanes: masks that follow from the tick, the step, the layer and the unit, never from the neighbours.

Letters: L lanes, B examples of the minibatch, H units of one lane.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.seeds import derive

HASHED_ON = ["cuda"]  # the device types whose masks are drawn there, so that a step can be recorded


class DropoutMasks:
    """The masks of some lanes, which is what activations are multiplied by in training.

    As in torch.nn.Dropout a unit that stays is divided by the share that stays. Lanes are given the same draws.

    Args:
        rates: (L,) the share of units that each lane drops.
        like: A tensor of the type and device of the masks.
    """

    replayable = False  # whether a step that was recorded draws others each time

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
        draws = self._draws(layer, max(units), examples)
        return [
            (draws[:count] >= rate).to(self._like.dtype).div_(1.0 - rate)
            for count, rate in zip(units, self._rates, strict=True)
        ]

    def _draws(self, layer: int, units: int, examples: int) -> Tensor:
        """Return numbers from 0 up to 1, (H, B), whose rows begin as those of more units do."""
        self._generator.manual_seed(derive(self._seed, "dropout", self._step, layer))
        return torch.rand(units, examples, generator=self._generator).to(self._like.device)


class HashedMasks(DropoutMasks):
    """Masks that are drawn on the device: each number is a hash of its tick, step, layer, unit and example.

    The hash is SplitMix64's (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
    """

    replayable = True

    def __init__(self, rates: Sequence[float], like: Tensor) -> None:
        super().__init__(rates, like)
        self._key, self._count = (torch.zeros(1, dtype=torch.long, device=like.device) for _ in range(2))

    def begin_tick(self, seed: int) -> None:
        """Draw the masks of a tick from a seed."""
        self._key.fill_(seed % 2**63)
        self._count.zero_()

    def start_step(self) -> None:
        """Go on to the next step; it is counted on the device."""
        self._count.add_(1)

    def _draws(self, layer: int, units: int, examples: int) -> Tensor:
        of_step = _mixed(_mixed(self._key + layer) + self._count)  # (1,)
        of_unit = _mixed(of_step + torch.arange(units, device=of_step.device))  # (H,)
        z = _mixed(of_unit.unsqueeze(1) + torch.arange(examples, device=of_step.device))
        return (z >> 40).bitwise_and_(2**24 - 1).to(torch.float32).mul_(2.0**-24)


def _mixed(z: Tensor) -> Tensor:
    """Return SplitMix64's numbers of the places z, int64 whose products go round."""
    z = (z + 1) * _signed(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = z.bitwise_xor((z >> shift).bitwise_and_(2 ** (64 - shift) - 1)).mul_(_signed(factor))
    return z.bitwise_xor((z >> 31).bitwise_and_(2**33 - 1))


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def dropout_masks(rates: Sequence[float], like: Tensor) -> DropoutMasks | None:
    """Return the masks of some lanes; None where no lane drops anything."""
    kind = HashedMasks if like.device.type in HASHED_ON else DropoutMasks
    return kind(rates, like) if any(rates) else None
