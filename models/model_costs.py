"""What a model costs that is known before it is trained: its size, and the work of one prediction.

The same numbers as in `results.csv`, where they are those of the models that were trained; the bytes of a model file
there count what describes the model too. Knows no study.
"""

import warnings
from collections.abc import Callable, Collection, Sequence

import torch
from torch import nn

from models.config.base import Parameters
from models.config.families import FamilyConfig
from models.config.recipe import Recipe


def parameter_count(module: nn.Module) -> int:
    """Return how many numbers its weights have."""
    return sum(tensor.numel() for tensor in module.parameters())


def tensor_bytes(module: nn.Module) -> int:
    """Return how many bytes its weights and buffers take in a model file, where tied tensors are written twice."""
    return sum(tensor.nbytes for tensor in module.state_dict().values())


def work_of(
    family: FamilyConfig, shape: Sequence[int], outputs: int, parameters: Parameters, predict: Callable[[], object]
) -> float:
    """Return the multiply-adds of a prediction: as the family says where it knows them, else as torch counts them.

    Args:
        family: The model's.
        shape: Channels, height and width of one example.
        outputs: Numbers that the model answers with.
        parameters: The trial's.
        predict: Lets the model answer to one example.
    """
    if family.exact_flops:
        return family.flops_per_example(shape, outputs, parameters)
    from torch.utils.flop_counter import FlopCounterMode  # imports sympy, for a second

    with FlopCounterMode(display=False) as counter:
        predict()
    return float(counter.get_total_flops()) / 2  # a multiplication and an addition are two operations


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

    def measured(device: torch.device) -> dict[str, float]:
        with device, torch.no_grad():
            module, example = family.build(parameters).eval(), torch.zeros(1, *shape)
            found = {"parameters": float(parameter_count(module)), "bytes": float(tensor_bytes(module))}
            if "multiply_adds" in names:
                found["multiply_adds"] = work_of(recipe.family, shape, outputs, parameters, lambda: module(example))
        return {name: found[name] for name in names}

    with warnings.catch_warnings(action="ignore"):
        try:
            return measured(torch.device("meta"))
        except (NotImplementedError, RuntimeError, TypeError, ValueError):  # it looks at the contents of its tensors
            with torch.random.fork_rng(devices=[]):
                return measured(torch.device("cpu"))
