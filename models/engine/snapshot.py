"""A snapshot of lanes: one safetensors file with their weights, buffers and optimizer state.

Tensors are named "lane/kind/name"; the metadata holds each lane's spec, finished epochs and whether it is paused, as
JSON.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from models.config.messages import LaneSpec
from models.families.base import Lane, Weights


def save_lanes(path: Path, live: Iterable[Lane], paused: Iterable[Lane] = ()) -> None:
    """Write lanes to a file."""
    tensors, metadata = {}, []
    lanes = [(lane.in_host_memory(), False) for lane in live] + [(lane, True) for lane in paused]
    for lane, is_paused in lanes:
        metadata.append({"order": lane.spec.model_dump(), "epochs": lane.epochs, "paused": is_paused})
        for kind, by_name in {"weights": lane.weights, "buffers": lane.buffers, **lane.state}.items():
            for name, tensor in by_name.items():
                tensors[f"{lane.spec.lane}/{kind}/{name}"] = tensor
    save_file(tensors, path, {"lanes": json.dumps(metadata)})


def load_lanes(path: Path) -> Iterator[tuple[Lane, bool]]:
    """Yield the lanes of a file that `save_lanes` wrote, each with whether it is paused."""
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        for about in json.loads(file.metadata()["lanes"]):
            spec = LaneSpec.model_validate(about["order"])
            tensors: dict[str, Weights] = {"weights": {}, "buffers": {}}
            for full_name in names:
                number, kind, name = full_name.split("/", 2)
                if int(number) == spec.lane:
                    tensors.setdefault(kind, {})[name] = file.get_tensor(full_name)
            weights, buffers = tensors.pop("weights"), tensors.pop("buffers")
            yield Lane(spec, weights, tensors, about["epochs"], buffers), about.get("paused", False)
