"""What a finalist costs where it is used: its size, the work and the time of one prediction."""

import time
from pathlib import Path
from statistics import median

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from models.datasets.source import Examples
from models.model_costs import counted_work, parameter_count
from models.model_description import Model
from reports.finalists.predictions import Cost
from reports.finalists.test_set import logits_of

TIMED = 20  # predictions of one example each, of which the median counts


def cost_of(file: Path, description: Model, module: nn.Module, examples: Examples) -> Cost:
    """Return what a model costs."""
    one = Examples(examples.inputs[:1], examples.labels[:1], examples.classes)
    with FlopCounterMode(display=False) as counter:
        logits_of(description, module, one)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(TIMED):
        began = time.perf_counter()
        logits_of(description, module, one)
        times.append(time.perf_counter() - began)
    torch.set_num_threads(threads)
    return Cost(parameter_count(module), counted_work(counter), file.stat().st_size, 1000 * median(times))
