"""Any nn.Module as lanes: `ModuleFamily` makes a family of a function that builds one.

All lanes share the minibatch. Lanes of the same function of their tensors train in one vectorised pass where that is
faster, all others one after another by ordinary autograd. What a lane learns is the same either way, up to rounding:
dropout draws its masks from (study seed, stream, tick, step), so lanes of one shape have the same ones; buffers such as
batch norm's statistics are each lane's own. Used by lanes.py, which says when a tick begins, and for models of the
user's own by `probe`, which says in two lines what cannot be trained. Knows no study and no file.

Letters: L lanes of a group, B examples of the minibatch, C classes, K numbers of one tensor of one lane.
"""

import torch
from torch import Tensor

from models.config.base import Parameters
from models.config.families import CustomModel
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.errors import UserError
from models.families.custom.custom_model import where
from models.families.custom.module_family import ModuleFamily
from models.families.custom.vectorize import _line, drawing


def probe(recipe: Recipe, family: ModuleFamily, parameters: Parameters, part: BatchSource, classes: int) -> None:
    """Build one model and try it on the first and the last minibatch of an epoch of the part.

    Raises UserError where it can never be trained.
    """
    word = recipe.family
    assert isinstance(word, CustomModel)
    told = ", ".join(f"{name}={value!r}" for name, value in parameters.items() if name in family.takes)
    label = f"{word.attribute}({told})"
    with torch.random.fork_rng(devices=[]):
        try:
            module = family.build(parameters)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{where(word, error)}{label} cannot be built: {_line(error)}", _CORRECT) from error
    trained = [it for it in module.parameters() if it.requires_grad]
    if not trained:
        raise UserError(f"{label} has no parameter that can be trained", "register what it learns as nn.Parameter")
    for name, tensor in module.named_parameters():
        if tensor.dtype != torch.float32:
            raise UserError(f"{label}: {name} is of {tensor.dtype}", "leave it in float32: that is what is trained")
    size = min(int(parameters.get("batch_size", recipe.batch_size)), len(part))
    _, most, labels = next(part.batches(size))
    for many in {size: None, len(part) % size or size: None}:
        x, y = most[:many], labels[:many]
        shown = f"a minibatch of {' x '.join(map(str, x.flatten(1).shape if x.shape[2:] == (1, 1) else x.shape))}"
        try:
            with drawing(0, x.device):
                logits = module.to(x.device).train()(x)
        except Exception as error:
            raise UserError(f"{where(word, error)}{label} fails on {shown}: {_line(error)}", _CORRECT) from error
        is_fit = isinstance(logits, Tensor) and logits.shape == (len(y), classes) and logits.dtype == torch.float32
        if not is_fit:
            found = f"{tuple(logits.shape)} {logits.dtype}" if isinstance(logits, Tensor) else type(logits).__name__
            raise UserError(
                f"{label} makes {found} of {shown}, not ({len(y)}, {classes}) torch.float32",
                "let it return logits, one number a class; an argument `classes` without a default is told how many",
            )
        try:
            torch.autograd.grad(logits.sum(), trained, allow_unused=True)
        except RuntimeError as error:
            raise UserError(
                f"{label} cannot learn: {_line(error)}", "let its logits follow from its weights"
            ) from error


_CORRECT = "correct the model; what a trial does not have can be given a default"
