"""What a model costs that is known before it is trained: its size, and the work of one prediction.

The same numbers as in `results.csv`, where they are those of the models that were trained; the bytes of a model file
there count what describes the model too. Knows no study.
"""

import warnings
from collections.abc import Callable, Collection, Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from models.config.base import Parameters
from models.config.recipe import Recipe


def parameter_count(module: nn.Module) -> int:
    """Return how many numbers its weights have."""
    return sum(tensor.numel() for tensor in module.parameters())


def tensor_bytes(module: nn.Module) -> int:
    """Return how many bytes its weights and buffers take in a model file, where tied tensors are written twice."""
    return sum(tensor.nbytes for tensor in module.state_dict().values())


def counted_work(counter: FlopCounterMode) -> float:
    """Return the multiply-adds that were counted: a multiplication and an addition are two operations."""
    return counter.get_total_flops() / 2


def costs_of(
    recipe: Recipe, shape: Sequence[int], outputs: int, parameters: Parameters, names: Collection[str]
) -> dict[str, float]:
    """Return what a configuration's model costs, by name.

    Args:
        recipe: Has the family.
        shape: Channels, height and width of one example.
        outputs: Numbers that the model answers with.
        parameters: The trial's.
        names: Which are asked for: "parameters", "bytes" of the tensors in its file, "multiply_adds". The last takes a
            forward pass, of tensors without contents where the module can do with those.
    """
    family = recipe.make_family(shape, outputs)
    with warnings.catch_warnings(action="ignore"):
        try:
            return _measured(family.build, shape, parameters, names, torch.device("meta"))
        except (NotImplementedError, RuntimeError, TypeError, ValueError):  # it looks at the contents of its tensors
            with torch.random.fork_rng(devices=[]):
                return _measured(family.build, shape, parameters, names, torch.device("cpu"))


def _measured(
    build: Callable[[Parameters], nn.Module],
    shape: Sequence[int],
    parameters: Parameters,
    names: Collection[str],
    device: torch.device,
) -> dict[str, float]:
    with device:
        module = build(parameters).eval()
        found = {"parameters": float(parameter_count(module)), "bytes": float(tensor_bytes(module))}
        if "multiply_adds" in names:
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                module(torch.zeros(1, *shape))
            found["multiply_adds"] = counted_work(counter)
    return {name: found[name] for name in names}
