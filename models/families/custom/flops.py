"""Models of the user's own: from a class or function in a study file to a word of the recipe, and back to a module.

The word is plain data, so it travels to engines and lies in the database; every process makes the callable anew from
the statements it carries (sources.py), once. search.spec makes words, lanes.py and files.py make modules of them. Torch
is imported only where a module is built: what is searched can be read without it.

Shapes: C channels, H height, W width of one example; a table's columns are channels, with H = W = 1.
"""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from models.config.base import Parameters, Value
from models.config.families import CustomModel

if TYPE_CHECKING:
    pass

from models.families.custom.custom_model import build, given

_EXAMPLES = 2  # of the minibatch whose multiply-adds are counted: batch norm takes no single one


# --- how much work it is ----------------------------------------------------------------------------------------------


def flops_per_example(word: CustomModel, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
    """Multiply-adds of one forward pass of one example: what engines are balanced by.

    Counted by torch on tensors that hold no numbers. Where a model cannot do without numbers: its number of weights.
    """
    arguments = tuple(given(word, shape, classes, parameters).items())
    return _flops_per_example(word, tuple(shape), classes, arguments)


@lru_cache(maxsize=4096)
def _flops_per_example(
    word: CustomModel, shape: tuple[int, ...], classes: int, arguments: tuple[tuple[str, Value], ...]
) -> float:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    module = None
    with contextlib.suppress(Exception), torch.random.fork_rng(devices=[]):  # the engine will say what is wrong with it
        with (
            contextlib.suppress(Exception),
            torch.device("meta"),
            torch.no_grad(),
            FlopCounterMode(display=False) as counted,
        ):
            module = build(word, shape, classes, dict(arguments)).eval()
            module(torch.empty(_EXAMPLES, *shape))
            return float(counted.get_total_flops()) / (2 * _EXAMPLES)  # a multiplication and an addition are two
        module = module or build(word, shape, classes, dict(arguments))
    return float(sum(it.numel() for it in module.parameters())) if module else 1.0
