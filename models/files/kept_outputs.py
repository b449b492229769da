"""What the lanes of a trial answered to the examples that scored them, with what is right, kept in one file.

Knows no study and no database. A file that is not as it was written counts as none.

Letters: V validation examples, C outputs of a model.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.config.kept_examples import kept_examples
from models.datasets.batches import BatchSource
from models.datasets.target import TargetScale
from models.engine.lane_group import SCORED_AT_ONCE
from models.engine.predictions import in_unit
from models.files.model_file import sum_of


class LaneOutputs(NamedTuple):
    """What one lane answered."""

    outputs: Tensor  # (V, C) as the model gives them: logits, or one scaled number
    labels: Tensor  # (V,) the true classes; or the targets, in their own unit
    target: TargetScale | None  # how these are scaled


def answer(module: nn.Module, source: BatchSource, after_minibatch: Callable[[], object] = lambda: None) -> LaneOutputs:
    """Return what a model answers to some examples, as far as it is kept."""
    outputs, labels = [], []
    with torch.no_grad():
        for _, x, y in source.batches(SCORED_AT_ONCE):
            outputs.append(module(x))
            labels.append(y)
            after_minibatch()
    kept = list(kept_examples(len(source), source.outputs))
    right = torch.cat(labels)[kept].cpu()
    if source.target is not None:
        right = in_unit(right, source.target)
    return LaneOutputs(torch.cat(outputs)[kept].cpu(), right, source.target)


def write_outputs(path: Path, lanes: Sequence[LaneOutputs]) -> None:
    """Write the outputs of a trial's lanes, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {f"outputs/{number}": lane.outputs.contiguous() for number, lane in enumerate(lanes)}
    tensors |= {f"labels/{number}": lane.labels for number, lane in enumerate(lanes)}
    targets = json.dumps([None if it.target is None else [it.target.mean, it.target.std] for it in lanes])
    unfinished = path.with_name(path.name + ".partial")
    save_file(tensors, unfinished, {"targets": targets, "sha256": sum_of(targets, tensors)})
    unfinished.replace(path)


def read_outputs(path: Path) -> list[LaneOutputs] | None:
    """Return the outputs of a trial's lanes; None where there is no such file, or it is not as it was written."""
    try:
        with safe_open(path, framework="pt") as file:
            about, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if about["sha256"] != sum_of(about["targets"], tensors):
                return None
            targets = json.loads(about["targets"])
            return [
                LaneOutputs(
                    tensors[f"outputs/{number}"],
                    tensors[f"labels/{number}"],
                    None if scale is None else TargetScale(*scale),
                )
                for number, scale in enumerate(targets)
            ]
    except (OSError, SafetensorError, LookupError, TypeError, ValueError):
        return None
