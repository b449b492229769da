"""One trained model is one safetensors file, with all that is needed to use it in its metadata.

Loading never unpickles: the tensors are plain numbers and the metadata is JSON, checked field by field. Written by
search/engine.py, read by reports/ and by whoever wants the model:

    from models.files import load_module
    model = load_module("runs/studies/mlp/finalists/trial-33-seed-0.safetensors")
    probabilities = model(images).softmax(1)        # images: (B, channels, height, width), bytes / 255, normalised
"""

import json
import os
from pathlib import Path

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from models.errors import UserError
from models.family import Weights
from models.lanes import family_of
from models.recipe import Parameters, Recipe, Value, Words


class Model(Words):
    """What a model file says of the model in it."""

    recipe: Recipe
    parameters: Parameters
    data: str  # the name of the data set
    data_sha256: str
    shape: tuple[int, int, int]  # of one example: channels, height, width
    classes: tuple[str, ...]
    mean: tuple[float, ...]  # per channel, of bytes / 255; a model sees (bytes / 255 - mean) / std
    std: tuple[float, ...]
    about: dict[str, Value] = Field(default={})  # where it comes from: study, trial, seed, epochs


def write_model(path: Path, model: Model, weights: Weights) -> None:
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".partial")
    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(tensors, unfinished, {"studyhall": model.model_dump_json()})
    os.replace(unfinished, path)


def read_model(path: Path) -> tuple[Model, Weights]:
    """Read a file that `write_model` wrote.

    Raises UserError where the file is missing, damaged, or not one of ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = (file.metadata() or {}).get("studyhall")
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
    except FileNotFoundError:
        raise UserError(f"there is no model file {path}", "reports.export writes them; check the path") from None
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} is no safetensors file: {error}", "export the study again") from None
    if about is None:
        raise UserError(f"{path} was not written by Studyhall", "give a file from a study's folder finalists/")
    try:
        return Model.model_validate(json.loads(about)), weights
    except (ValidationError, json.JSONDecodeError) as error:
        raise UserError(
            f"{path} describes its model in words unknown here: {error}", "export the study again"
        ) from None


def load_module(path: Path | str) -> nn.Module:
    """Return the model as an ordinary module in evaluation mode.

    Raises UserError as `read_model`, and where the tensors do not fit the model described.
    """
    model, weights = read_model(Path(path))
    with torch.device("meta"):
        module = family_of(model.recipe, model.shape, len(model.classes)).build(model.parameters)
    try:
        module.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        raise UserError(f"{path} holds other tensors than its model has: {error}", "export the study again") from None
    return module.eval()
