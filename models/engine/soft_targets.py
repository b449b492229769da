"""What a loss compares predictions with where labels are not taken as they are: smoothed, weighted or mixed.

Letters: L lanes, B examples of the minibatch, C classes; T is L where lanes differ in their smoothing, else 1.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.config.base import Parameters
from models.config.recipe import Recipe
from models.errors import UserError
from models.seeds import derive


class SoftTargets:
    """The targets of one tick's minibatches, as torch.nn.CrossEntropyLoss(weight, label_smoothing) weighs classes.

    Args:
        recipe: Says how labels are changed.
        parameters: (L,) of the lanes.
        counts: (C,) training examples of each class.
        seed: Seed of the tick's mixing.
    """

    def __init__(self, recipe: Recipe, parameters: Sequence[Parameters], counts: Tensor, seed: int) -> None:
        smoothing = [float(recipe.value("label_smoothing", each)) for each in parameters]
        if len(set(smoothing)) == 1:
            smoothing = smoothing[:1]
        self._smoothing = torch.tensor(smoothing, device=counts.device).view(-1, 1, 1)  # (T, 1, 1)
        self._weights = class_weights(recipe, counts)  # (C,) or None
        self._classes, self._mixup, self._seed, self._step = len(counts), recipe.mixup, seed, 0

    def next(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inputs of the next minibatch, mixed, and its targets (T, C, B), from x (B, ...) and y (B,)."""
        self._step += 1
        targets = x.new_zeros(1, self._classes, len(y)).scatter_(1, y.view(1, 1, -1), 1.0)
        targets = targets * (1.0 - self._smoothing) + self._smoothing / self._classes
        if self._weights is not None:
            # torch divides the sum of a minibatch by its sum of weights, where a step divides by B.
            targets *= self._weights.unsqueeze(1) * (len(y) / self._weights[y].sum())
        if self._mixup:
            draw = np.random.Generator(np.random.PCG64(derive(self._seed, "mixup", self._step)))
            share, order = float(draw.beta(self._mixup, self._mixup)), torch.from_numpy(draw.permutation(len(y)))
            order = order.to(y.device)
            x = share * x + (1.0 - share) * x[order]
            targets = share * targets + (1.0 - share) * targets[:, :, order]
        return x, targets


def class_weights(recipe: Recipe, counts: Tensor) -> Tensor | None:
    """Return what each class's examples weigh, (C,); None where all weigh the same.

    Raises:
        UserError: There are more or fewer weights than classes.
    """
    if recipe.class_weights is None:
        return None
    if recipe.class_weights == "balanced":  # as scikit-learn: N / (C count)
        return (counts.sum() / (len(counts) * counts.clamp(min=1))).float()
    if len(recipe.class_weights) != len(counts):
        raise UserError(
            f"class_weights has {len(recipe.class_weights)} weights, and the data have {len(counts)} classes",
            'give one a class, in the order of the classes, or "balanced"',
        )
    return torch.tensor(recipe.class_weights, device=counts.device)
