"""A fold: what some lanes of an engine are trained on, and what they are scored on. A study without folds has one.

Knows no lanes.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from models.datasets.batches import BatchSource
from models.datasets.constant_inputs import ConstantInputs
from models.datasets.source import Examples
from models.datasets.split import Indices, Normalisation, normalisation
from models.datasets.target import target_scale


@dataclass(frozen=True)
class Fold:
    """Two parts of the training set.

    Attributes:
        train_set: What a tick trains on.
        validation_set: What lanes are scored on; None for no validation metrics.
        constant_inputs: The inputs that are left out of both, where that is faster.
    """

    train_set: BatchSource
    validation_set: BatchSource | None
    constant_inputs: ConstantInputs | None = None

    def narrowed(self) -> "Fold":
        """Return the same examples without their constant inputs, if training them as one is faster."""
        constant = self.train_set.constant_inputs
        if constant is None:
            return self
        scored = None if self.validation_set is None else self.validation_set.narrowed(constant)
        return replace(
            self, train_set=self.train_set.narrowed(constant), validation_set=scored, constant_inputs=constant
        )


def make_fold(
    examples: Examples, trained: Indices, scored: Indices, device: torch.device, at_most: int | None, seed: int
) -> tuple[Fold, Normalisation]:
    """Return a fold, normalised by what is trained on, and how it is.

    Args:
        examples: The whole training set.
        trained: The indices of what is trained on.
        scored: Those of what is scored on; there may be none.
        device: Where the fold lies.
        at_most: Take only so many examples to train on, and as small a share of those that are scored.
        seed: From which these are drawn.
    """
    target = target_scale(examples.labels, trained)
    normalised = replace(normalisation(examples.inputs, trained, fills=examples.fills), target=target)
    if at_most is not None and at_most < len(trained):
        scored = scored[:: len(trained) // at_most]
        trained = np.random.Generator(np.random.PCG64(seed)).permutation(trained)[:at_most]
    train_set, validation_set = (BatchSource(examples, chosen, normalised, device) for chosen in (trained, scored))
    return Fold(train_set, validation_set if len(scored) else None), normalised
