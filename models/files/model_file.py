"""Model files: one trained model is one safetensors file, with all that is needed to use it in its metadata.

Loading never unpickles: the tensors are plain numbers and the metadata is JSON, checked field by field. A file's header
is believed only as far as its length and its tensors bear it out, so that a bad file costs no more memory than a good
one of its size. Knows no study and no database.

    from models.files.model_file import load_module
    model = load_module("runs/studies/mlp/finalists/trial-33-seed-0.safetensors")
    probabilities = model(images).softmax(1)        # images: (B, channels, height, width), bytes / 255, normalised

The file of a custom model holds its name, hash and tensors, but no code: `load_module(path, build=Net)` says what
builds it.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from models.config.families import FamilyConfig
from models.errors import UserError, first_line
from models.families.base import Weights
from models.families.custom.factory import build as build_custom
from models.families.custom.factory import load_factory
from models.files.ensemble import Ensemble
from models.files.model_description import Model

if TYPE_CHECKING:
    from models.families.custom.config import CustomModel

MAX_HEADER_BYTES = 1 << 20  # a header of ours has some thousand


def write_model(path: Path, model: Model, weights: Weights) -> None:
    """Write a model file, whole or not at all; the weights have the names of the module's `state_dict()`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".partial")
    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    recipe = model.recipe.model_copy(update={"family": model.recipe.family.without_code(), "own_metrics": ()})
    absent = {name for name in ("columns", "target", "fill", "members") if not getattr(model, name)}
    about = model.model_copy(update={"recipe": recipe}).model_dump_json(exclude=absent)
    save_file(tensors, unfinished, {"studyhall": about, "sha256": sum_of(about, tensors)})
    _sort_header(unfinished)
    unfinished.replace(path)


def load_module(path: Path | str, build: Callable[..., Any] | None = None) -> nn.Module:
    """Return the model as an ordinary module in evaluation mode.

    Args:
        path: A file that `write_model` has written.
        build: For a custom model, the class or function that was searched. It gets the arguments it was given then.

    Raises:
        UserError: If the file is missing, damaged, not one of ours, or holds other tensors than its model has.
    """
    return load_model(Path(path), build)[1]


def describe(path: Path) -> Model:
    """Return what a file says about its model, without reading its tensors.

    Raises:
        UserError: If the file is missing, damaged or not one of ours.
    """
    with _opened(path) as file:
        return _described(path, file)


def load_model(path: Path, code: FamilyConfig | Callable[..., Any] | None = None) -> tuple[Model, nn.Module]:
    """Return what a file says of its model, and the model.

    Args:
        path: The model file.
        code: What builds a model of the user's own: its class or function, or the family of the study that has its
            code. Not used for other models.

    Raises:
        UserError: As `load_module`.
    """
    with _opened(path) as file:
        model = _described(path, file)
        needs_code = model.recipe.family.needs_code
        module = _without_tensors(path, model, code, len(file.keys()))
        wanted = {name: (list(it.shape), it.dtype) for name, it in module.state_dict().items()}
        _check_shapes(path, wanted, file)
        weights, written = {name: file.get_tensor(name) for name in wanted}, file.metadata()
    for name, (_, dtype) in wanted.items():
        if weights[name].dtype != dtype:
            raise _other_tensors(path, f"{name} is {weights[name].dtype}, not {dtype}")
    if written.get("sha256", "") not in ("", sum_of(written["studyhall"], weights)):  # the first versions wrote none
        raise UserError(f"{path} is damaged: it is not as it was written", _REMEDY)
    module.load_state_dict(weights, assign=not needs_code)  # tied tensors stay tied
    return model, module.eval()


def _sort_header(path: Path) -> None:
    """Write a file's header in one order, in the same place: safetensors writes entries of metadata in any."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.dumps(json.loads(file.read(size)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        file.seek(8)
        file.write(header.encode().ljust(size))


def sum_of(about: str, weights: Weights) -> str:
    """Return the hash of all that a file of tensors holds: what it says of them, and the tensors."""
    digest = hashlib.sha256(about.encode())
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


# --- how far a file is believed ---------------------------------------------------------------------------------------

_REMEDY = "give a model file from a study's folder finalists/, or export the study again"


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a safetensors file. Raises UserError if it is none."""
    try:
        with path.open("rb") as file:
            header, size = int.from_bytes(file.read(8), "little"), path.stat().st_size
        if header > min(size - 8, MAX_HEADER_BYTES):  # safetensors itself would take up to 100 MB
            raise UserError(
                f"{path} is no model file: its first bytes promise a header of {header:,} bytes in a file of {size:,}",
                _REMEDY,
            )
        with safe_open(path, framework="pt") as opened:
            yield opened
    except FileNotFoundError:
        raise UserError(f"there is no model file {path}", "reports.export writes them; check the path") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}", _REMEDY) from None
    except SafetensorError as error:
        raise UserError(f"{path} is no safetensors file: {first_line(error)}", _REMEDY) from None


def _described(path: Path, file: Any) -> Model:
    about = (file.metadata() or {}).get("studyhall")
    if about is None:
        raise UserError(f"{path} was not written by Studyhall", _REMEDY)
    try:
        return Model.model_validate_json(about)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "what it says"
        raise UserError(
            f"{path} describes its model in words unknown here: {where}: {first_line(first['msg'])}", _REMEDY
        ) from None


def _without_tensors(
    path: Path, model: Model, code: FamilyConfig | Callable[..., Any] | None, tensors: int
) -> nn.Module:
    """Build the model described, whose tensors are still to be filled in."""
    if len(model.members) > tensors:  # every member has one
        raise _other_tensors(path, f"it has {len(model.members)} members, of tensors {tensors}")
    needs_code = model.recipe.family.needs_code
    each = [_with_code(path, it, code) if needs_code else _without_weights(path, it, tensors) for it in model.each]
    if not model.members:
        return each[0]
    return Ensemble(each, [it.weight for it in model.members], predicts_number=model.target is not None)


def _without_weights(path: Path, model: Model, tensors: int) -> nn.Module:
    """Build the model described, from tensors that take no memory."""
    depth = model.parameters.get("depth", 1)
    if not isinstance(depth, int) or depth > tensors:  # every layer has a tensor: else building it could be without end
        raise _other_tensors(path, f"depth is {depth}, of tensors it has {tensors}")
    try:
        with torch.device("meta"), warnings.catch_warnings(action="ignore"):
            for name, value in model.parameters.items():
                if (kind := model.recipe.family.kind_of(name)) is not None:
                    TypeAdapter(kind).validate_python(value)
            return model.recipe.make_family(model.shape, model.outputs).build(model.parameters)
    except (
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RuntimeError,
    ) as error:  # whatever a family makes of it
        raise UserError(f"{path} describes a model that cannot be built: {first_line(error)}", _REMEDY) from None


def _with_code(path: Path, model: Model, code: FamilyConfig | Callable[..., Any] | None) -> nn.Module:
    """Build a model of the user's own, by nothing that the file brings along."""
    config = cast("CustomModel", model.recipe.family.without_code())
    if callable(code):
        factory = code
    else:
        study = config if code is None or not code.needs_code else cast("CustomModel", code)
        if study.sha256 != config.sha256:
            raise UserError(
                f"{path} holds {config.attribute} as it was then, which is not the {study.attribute} of today",
                f"bring its code back as it was, or give what builds it to load_module(path, build={config.attribute})",
            )
        factory = load_factory(study)
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings(action="ignore"):
            return build_custom(config, model.shape, model.outputs, model.parameters, factory)
    except Exception as error:
        raise UserError(f"{path} describes a model that cannot be built: {first_line(error)}", _REMEDY) from error


def _check_shapes(path: Path, wanted: dict[str, tuple[list[int], torch.dtype]], file: Any) -> None:
    """Raise UserError where the file's tensors are not those wanted; none of them is read yet."""
    names = set(file.keys())
    if different := sorted(names ^ wanted.keys()):
        raise _other_tensors(path, f"{different[0]} is {'not expected' if different[0] in names else 'missing'}")
    for name, (shape, _) in wanted.items():
        if (stored := file.get_slice(name).get_shape()) != shape:
            raise _other_tensors(path, f"{name} is {stored}, not {shape}")


def _other_tensors(path: Path, difference: str) -> UserError:
    return UserError(f"{path} holds other tensors than its model has: {difference}", _REMEDY)
