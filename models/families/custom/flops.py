"""How much work a module is: multiply-adds, counted by torch on tensors that hold no numbers."""

import contextlib
from functools import lru_cache

from models.config.base import Value
from models.families.custom.config import ModuleConfig

_EXAMPLES = 2  # of the minibatch whose multiply-adds are counted: batch norm refuses a single one


@lru_cache(maxsize=4096)
def count_flops(
    config: ModuleConfig, shape: tuple[int, ...], classes: int, parameters: tuple[tuple[str, Value], ...]
) -> float:
    """Return the multiply-adds of one forward pass of one example.

    Where a module cannot do without numbers, it is the number of its weights; where it cannot be built, 1: the engine
    will report what is wrong with it.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    module = None
    with contextlib.suppress(Exception), torch.random.fork_rng(devices=[]):
        with (
            contextlib.suppress(Exception),
            torch.device("meta"),
            torch.no_grad(),
            FlopCounterMode(display=False) as counter,
        ):
            module = config.build(shape, classes, dict(parameters)).eval()
            module(torch.empty(_EXAMPLES, *shape))
            return float(counter.get_total_flops()) / (2 * _EXAMPLES)  # a multiplication and an addition are two
        module = module or config.build(shape, classes, dict(parameters))
    return float(sum(tensor.numel() for tensor in module.parameters())) if module else 1.0
