"""What a finalist costs where it is used: its size, the work and the time of one prediction."""

import time
from pathlib import Path
from statistics import median

import torch
from torch import nn

from models.datasets.source import Examples
from models.files.model_description import Model
from models.model_costs import parameter_count, work_of
from reports.finalists.predictions import Cost
from reports.finalists.test_set import logits_of

TIMED = 20  # predictions of one example each, of which the median counts


def cost_of(file: Path, description: Model, module: nn.Module, examples: Examples) -> Cost:
    """Return what a model costs."""
    one = Examples(examples.inputs[:1], examples.labels[:1], examples.classes)
    shape, outputs, parameters = description.shape, description.outputs, description.parameters
    family, predict = description.recipe.family, lambda: logits_of(description, module, one)
    work = work_of(family, shape, outputs, parameters, predict)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(TIMED):
        began = time.perf_counter()
        logits_of(description, module, one)
        times.append(time.perf_counter() - began)
    torch.set_num_threads(threads)
    return Cost(parameter_count(module), work, file.stat().st_size, 1000 * median(times))
