"""Minibatches: examples stay in memory as they are stored, and become normalised numbers a minibatch at a time.

Knows no model, no lane and no file.

Shapes: N chosen examples, B examples of a minibatch, C channels, H height, W width, I inputs of a narrow layer.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from models.config.augmentation import Augment
from models.datasets.array_store import Labels
from models.datasets.augmentation import Augmentation
from models.datasets.constant_inputs import ConstantInputs, find_constant_inputs
from models.datasets.source import Examples
from models.datasets.split import Normalisation, scale_of
from models.datasets.target import TargetScale


class BatchSource:
    """Some examples of a data set, by their indices `chosen` (N,), ready to be iterated in minibatches on a device.

    Attributes:
        outputs: How many numbers a model answers with.
        target: How the number that a regression predicts is scaled: labels are float32 then, and scaled.
    """

    def __init__(self, examples: Examples, chosen: np.ndarray, normalised: Normalisation, device: torch.device) -> None:
        # On a CPU the bytes are not copied: all engines of a machine read the same memory-mapped file.
        self._inputs = filled(torch.from_numpy(examples.inputs), normalised.fill).to(device)  # (all, C, H, W)
        self._chosen = torch.from_numpy(chosen).to(device)  # (N,)
        self.outputs, self.target = examples.outputs, normalised.target
        self._labels = torch.from_numpy(_trained_on(examples.labels, self.target)).to(device)  # (all,)
        self._constant: ConstantInputs | None = None  # where examples are yielded without them
        self._flat = self._inputs.view(len(self._inputs), -1)
        # (input / scale - mean) / std as one multiplication and one addition for each channel
        std, mean = torch.tensor(normalised.std), torch.tensor(normalised.mean)
        self._scale = (1.0 / (scale_of(examples.inputs) * std)).view(-1, 1, 1).to(device)
        self._shift = (-mean / std).view(-1, 1, 1).to(device)

    @property
    def class_counts(self) -> Tensor:
        """How many of the examples are of each class, (classes,); none of numbers."""
        if self._labels.is_floating_point():
            return self._labels.new_empty(0)
        return self._labels[self._chosen].bincount(minlength=self.outputs)

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
        """Yield the minibatches of one pass: places in the pass, inputs (B, C, H, W) float32, and labels (B,).

        Inputs of a `narrowed` source are (B, W).

        Args:
            size: Examples of a minibatch; the last one may have fewer.
            order: (N,) the order of the pass; None for the order of `chosen`.
            augment: How pictures are moved at random.
            seed: Seed of the moves.
        """
        chosen = self._chosen if order is None else self._chosen[order]
        buffer = torch.empty(size, *self._inputs.shape[1:], device=self._inputs.device)
        augmentation = Augmentation(augment, self._inputs.shape[1:], seed) if augment else None
        span = augmentation.span(size) if augmentation else size  # examples that are fetched at a time
        for start in range(0, len(chosen), span):
            index = chosen[start : start + span]
            fetched = self._flat.index_select(0, index).view(-1, *self._inputs.shape[1:])
            if augmentation:
                augmentation.move(fetched)
            for begin in range(0, len(index), size):
                batch = index[begin : begin + size]
                x = buffer[: len(batch)].copy_(fetched[begin : begin + size])
                places = slice(start + begin, start + begin + len(batch))
                yield places, self._normalised(x), self._labels[batch]

    def _normalised(self, x: Tensor) -> Tensor:
        """Return inputs (B, C, H, W) as models see them; they may be overwritten."""
        if constant := self._constant:
            return x.flatten(1).index_select(1, constant.columns).mul_(constant.scale).add_(constant.shift)
        return x.mul_(self._scale).add_(self._shift)


class Epoch:
    """One pass over a source in memory that stays where it is, so that a recorded step finds the next pass there too.

    Args:
        source: The examples.
        size: Examples of a minibatch.
        augment: How pictures are moved at random: those of a whole pass at once, into memory of their own.
    """

    def __init__(self, source: BatchSource, size: int, augment: Sequence[Augment] = ()) -> None:
        self.source, self._size, self._augment = source, size, augment
        self._examples = source._chosen.clone()  # (N,) in the order of the pass
        self._inputs, self._rows = source._flat, self._examples  # where each one's inputs lie
        if augment:
            self._inputs = source._flat.new_empty(len(source), source._flat.shape[1])
            self._rows = torch.arange(len(source), device=self._examples.device)

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return self._examples.device

    def __len__(self) -> int:
        return len(self._examples)

    def renew(self, order: Tensor, seed: int) -> None:
        """Let the next pass have another order (N,), and moves drawn from a seed, as `BatchSource.batches` has them."""
        torch.index_select(self.source._chosen, 0, order, out=self._examples)
        if not self._augment:
            return
        shape = self.source._inputs.shape[1:]
        augmentation = Augmentation(self._augment, shape, seed)
        span = augmentation.span(self._size)
        for start in range(0, len(self), span):
            moved = self._inputs[start : start + span]
            torch.index_select(self.source._flat, 0, self._examples[start : start + span], out=moved)
            augmentation.move(moved.view(-1, *shape))

    def minibatch(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs and labels of the examples at some places (B,) of the pass; see `BatchSource.batches`."""
        source = self.source
        fetched = self._inputs.index_select(0, self._rows.index_select(0, places)).to(torch.float32)
        labels = source._labels.index_select(0, self._examples.index_select(0, places))
        return source._normalised(fetched.view(-1, *source._inputs.shape[1:])), labels


def _trained_on(labels: Labels, target: TargetScale | None) -> np.ndarray:
    """Return classes as they are, and numbers scaled."""
    return labels if target is None else ((labels - target.mean) / target.std).astype(np.float32)


def filled(inputs: Tensor, fill: Sequence[float]) -> Tensor:
    """Return inputs (N, C, H, W) with what stands for missing values, which are NaN; as they are where none may be."""
    return torch.where(inputs.isnan(), inputs.new_tensor(fill).view(-1, 1, 1), inputs) if fill else inputs
