"""Minibatches: some examples of a data set as they lie in memory, turned into normalised numbers a minibatch at a time.

Made by search/engine.py and by reports/, iterated by lanes.py. Knows no model, no lane and no file.

Letters: N examples of the part, B examples of the minibatch.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from models.config.augmentation import Augment
from models.datasets.augmentation import Augmentation
from models.datasets.constant_inputs import ConstantInputs, find_constant_inputs
from models.datasets.source import Examples
from models.datasets.split import Normalisation, scale_of


class BatchSource:
    """Some examples of a data set, kept as they are stored and normalised a minibatch at a time."""

    def __init__(self, examples: Examples, chosen: np.ndarray, normalised: Normalisation, device: torch.device) -> None:
        # On a CPU the bytes are not copied: all engines of a machine read the same memory-mapped file.
        self._inputs = torch.from_numpy(examples.inputs).to(device)  # (all, channels, height, width)
        self._chosen = torch.from_numpy(chosen).to(device)  # (N,)
        self._labels = torch.from_numpy(examples.labels).to(device)  # (all,)
        self._classes = len(examples.classes)
        self._constant: ConstantInputs | None = None  # where examples are yielded without them
        self._flat = self._inputs.view(len(self._inputs), -1)
        # (byte / 255 - mean) / std as one multiplication and one addition, per channel; a table's numbers are no bytes
        std, mean = torch.tensor(normalised.std), torch.tensor(normalised.mean)
        self._scale = (1.0 / (scale_of(examples.inputs) * std)).view(-1, 1, 1).to(device)
        self._shift = (-mean / std).view(-1, 1, 1).to(device)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self._classes

    def __len__(self) -> int:
        return len(self._chosen)

    @cached_property
    def constant_inputs(self) -> ConstantInputs | None:
        """The inputs that have one value in all examples of the data set, if training them as one is faster."""
        wide = torch.ones_like(self._inputs[0], dtype=torch.float32)
        scale, shift = (wide * self._scale).flatten(), (wide * self._shift).flatten()
        return find_constant_inputs(self._flat.cpu().numpy(), scale, shift)

    def narrowed(self, constant: ConstantInputs) -> "BatchSource":
        """Return the same examples as inputs (B, W) of a narrow layer."""
        narrow = copy(self)
        narrow._constant = constant
        return narrow

    def batches(
        self,
        size: int,
        order: Tensor | None = None,
        augment: Sequence[Augment] = (),
        seed: int = 0,
    ) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """Yield places in the epoch, examples (B, channels, height, width) float32 and labels (B,), in `order` (N,).

        With `augment` they are moved, by draws from `seed`. A `narrowed` source yields examples (B, W).
        """
        chosen = self._chosen if order is None else self._chosen[order]
        room = torch.empty(size, *self._inputs.shape[1:], device=self._inputs.device)
        moved = Augmentation(augment, self._inputs.shape[1:], seed) if augment else None
        span = moved.span(size) if moved else size  # examples that are fetched at a time
        for start in range(0, len(chosen), span):
            index = chosen[start : start + span]
            fetched = self._flat.index_select(0, index).view(-1, *self._inputs.shape[1:])
            if moved:
                moved.move(fetched)
            for begin in range(0, len(index), size):
                own = index[begin : begin + size]
                x = room[: len(own)].copy_(fetched[begin : begin + size])
                places = slice(start + begin, start + begin + len(own))
                if constant := self._constant:
                    x = x.flatten(1).index_select(1, constant.columns).mul_(constant.scale).add_(constant.shift)
                else:
                    x.mul_(self._scale).add_(self._shift)
                yield places, x, self._labels[own]
