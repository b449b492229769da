"""Trying a module before the first trial begins: an error says in two lines why it cannot be trained."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.config.base import Parameters
from models.datasets.batches import BatchSource
from models.errors import UserError
from models.families.custom.vectorize import first_line, seeded_generators

if TYPE_CHECKING:
    from models.families.custom.module_family import ModuleFamily

_CORRECT = "correct the model; what a trial does not have can be given a default"


def probe(family: "ModuleFamily", parameters: Parameters, train_set: BatchSource, batch_size: int) -> None:
    """Build one model and try it on a full minibatch and on one of the size of an epoch's last.

    Raises:
        UserError: The model can never be trained.
    """
    arguments = [f"{name}={value!r}" for name, value in parameters.items() if name in family.structural_parameters]
    label = f"{family.label}({', '.join(arguments)})"
    with torch.random.fork_rng(devices=[]):
        try:
            module = family.build(parameters)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{family.locate(error)}{label} cannot be built: {first_line(error)}", _CORRECT) from error
    trained = [tensor for tensor in module.parameters() if tensor.requires_grad]
    if not trained:
        raise UserError(f"{label} has no parameter that can be trained", "register what it learns as nn.Parameter")
    for name, tensor in module.named_parameters():
        if tensor.dtype != torch.float32:
            raise UserError(f"{label}: {name} is of {tensor.dtype}", "leave it in float32: that is what is trained")
    size = min(batch_size, len(train_set))
    _, inputs, labels = next(train_set.batches(size))
    for examples in {size: None, len(train_set) % size or size: None}:
        x, y = inputs[:examples], labels[:examples]
        shape = x.flatten(1).shape if x.shape[2:] == (1, 1) else x.shape
        minibatch = f"a minibatch of {' x '.join(map(str, shape))}"
        try:
            with seeded_generators(0, x.device):
                logits = module.to(x.device).train()(x)
        except Exception as error:
            where = family.locate(error)
            raise UserError(f"{where}{label} fails on {minibatch}: {first_line(error)}", _CORRECT) from error
        expected = (len(y), train_set.outputs)
        if not (isinstance(logits, Tensor) and logits.shape == expected and logits.dtype == torch.float32):
            answer = f"{tuple(logits.shape)} {logits.dtype}" if isinstance(logits, Tensor) else type(logits).__name__
            remedy = (
                "let it return logits, one number a class; an argument `classes` without a default is told how many"
            )
            if train_set.target is not None:
                remedy = "let it return one number an example, (B, 1), its prediction of the scaled target"
            raise UserError(
                f"{label} makes {answer} of {minibatch}, not ({len(y)}, {train_set.outputs}) torch.float32", remedy
            )
        try:
            torch.autograd.grad(logits.sum(), trained, allow_unused=True)
        except RuntimeError as error:
            raise UserError(
                f"{label} cannot learn: {first_line(error)}", "let its logits follow from its weights"
            ) from error
