"""The engine: trains its lanes for one tick, all on the same minibatches, and scores them on the validation split.

Its contract is the coordinator's whole view of it: `add` lanes, `tick`, `drop` lanes, `save` and `load` a snapshot,
`weights` of one lane. What a lane learns depends on its order and on the ticks it lives through, never on its
neighbours. Hosted by search/engine.py. Knows no trial's fate: it does not prune, rank or write to a database.

Letters: L lanes of a group, N training examples, V validation examples, B examples of the minibatch.
"""

import math
from collections.abc import Sequence
from functools import partial

from models.config.families import Cnn, CustomModel, Linear
from models.config.recipe import Recipe
from models.families.base import Family
from models.families.cnn import CnnFamily
from models.families.custom.custom_model import build
from models.families.custom.module_family import ModuleFamily
from models.families.linear import LinearFamily
from models.families.mlp import MlpFamily


def family_of(recipe: Recipe, shape: Sequence[int], classes: int, *, together: bool = True) -> Family:
    """Return the recipe's family for examples of `shape` (channels, height, width) and so many classes.

    `together` says whether a model of the user's own is vectorised over lanes, where it can be.
    """
    if isinstance(recipe.family, CustomModel):
        own = recipe.family
        return ModuleFamily(partial(build, own, tuple(shape), classes), own.takes_all, together, own.attribute)
    if isinstance(recipe.family, Cnn):
        channels, height, width = shape
        return CnnFamily(recipe.family, (channels, height, width), classes, recipe.precision)
    inputs = math.prod(shape)
    if isinstance(recipe.family, Linear):
        return LinearFamily(recipe.family, inputs, classes, recipe.precision)
    return MlpFamily(recipe.family, inputs, classes, recipe.precision)
