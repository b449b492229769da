"""A snapshot of lanes: one safetensors file with their weights, buffers and optimizer state.

Tensors are named "lane/kind/name"; the metadata holds each lane's spec and finished epochs as JSON.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.config.messages import LaneSpec
from models.families.base import Lane, Weights


def save_lanes(path: Path, lanes: Iterable[Lane]) -> None:
    """Write lanes to a file."""
    tensors, metadata = {}, []
    for lane in lanes:
        metadata.append({"order": lane.spec.model_dump(), "epochs": lane.epochs})
        for kind, by_name in {"weights": lane.weights, "buffers": lane.buffers, **lane.state}.items():
            for name, tensor in by_name.items():
                copy = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
                tensors[f"{lane.spec.lane}/{kind}/{name}"] = copy
    save_file(tensors, path, {"lanes": json.dumps(metadata)})


def load_lanes(path: Path, states: Sequence[str]) -> Iterator[Lane]:
    """Yield the lanes of a file that `save_lanes` wrote.

    Args:
        path: The file.
        states: Names of the tensors that the optimizer keeps.
    """
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        for about in json.loads(file.metadata()["lanes"]):
            spec = LaneSpec.model_validate(about["order"])
            tensors: dict[str, Weights] = {kind: {} for kind in ("weights", "buffers", *states)}
            for full_name in names:
                number, kind, name = full_name.split("/", 2)
                if int(number) == spec.lane:
                    tensors[kind][name] = file.get_tensor(full_name)
            weights, buffers = tensors.pop("weights"), tensors.pop("buffers")
            yield Lane(spec, weights, tensors, about["epochs"], buffers)
