"""How much memory a lane takes while it trains: estimated from its module, built without numbers."""

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.config.base import Parameters
from models.families.base import Family

COPIES = 5  # of a weight: itself, its gradient, two of the optimizer, and one in 16 bits or averaged
PASSES = 3  # of an activation: itself, its gradient, and what is computed in between
SCORED_AT_ONCE = 1000  # examples, of which activations are kept once
BYTES = 4


def lane_bytes(family: Family, parameters: Parameters, shape: Sequence[int], batch_size: int) -> float:
    """Return about how many bytes a lane takes; 0 where its module cannot do without numbers.

    Args:
        family: Builds the module.
        parameters: Of the lane.
        shape: Of an example: channels, height and width.
        batch_size: Examples of a minibatch.
    """
    outputs = math.prod(shape)

    def count(module: nn.Module, given: Any, output: Any) -> None:
        nonlocal outputs
        outputs += output[0].numel() if isinstance(output, Tensor) else 0

    with contextlib.suppress(Exception), torch.random.fork_rng(devices=[]), torch.device("meta"), torch.no_grad():
        module = family.build(parameters).eval()
        for each in module.modules():
            if not any(each.children()):
                each.register_forward_hook(count)
        module(torch.empty(2, *shape))
        weights = sum(tensor.numel() for tensor in module.parameters())
        return float(BYTES * (COPIES * weights + max(PASSES * batch_size, SCORED_AT_ONCE) * outputs))
    return 0.0
