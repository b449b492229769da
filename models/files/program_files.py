"""Writes a module as a program that runs without Studyhall and without the model's code, by the file's suffix.

A format is one function and one line in WRITERS. Knows no study and no database.
"""

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from models.errors import UserError

if TYPE_CHECKING:
    from torch.export import ExportedProgram

Writer = Callable[["ExportedProgram", Path, Sequence[str]], None]  # (program, file, names of the classes)


def write_program(module: torch.nn.Module, example: torch.Tensor, path: Path, classes: Sequence[str]) -> None:
    """Write a module for batches of any size.

    Args:
        module: In evaluation mode.
        example: A batch of at least two examples, for shape and type.
        path: The file; its suffix is one of WRITERS.
        classes: Names of the outputs, which are kept in the file.

    Raises:
        UserError: The suffix is unknown, a library is missing, the model cannot be exported, or the file not written.
    """
    write = WRITERS.get(path.suffix)
    if write is None:
        raise UserError(f"{path} is of no kind that models are exported as", f"end it in {' or '.join(WRITERS)}")
    try:
        program = torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
        write(program, path, classes)
    except UserError:
        raise
    except Exception as error:  # whatever a model of the user's own makes of it
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"the model cannot be exported to {path}: {reason}",
            "name a file in a folder that exists; a model of your own must suit torch.export",
        ) from error


def write_pt2(program: "ExportedProgram", path: Path, classes: Sequence[str]) -> None:
    """Write a program of torch.export; its extra file `classes.json` names the outputs."""
    torch.export.save(program, path, extra_files={"classes.json": json.dumps(classes)})


def write_onnx(program: "ExportedProgram", path: Path, classes: Sequence[str]) -> None:
    """Write an ONNX model with `inputs` and `outputs`; its metadata's `classes`, JSON, names the outputs.

    Raises:
        UserError: What torch needs for it is not installed.
    """
    try:
        import onnxscript  # noqa: F401 - torch imports it, but says at length that it is missing
    except ImportError:
        raise UserError(
            "an ONNX file needs onnxscript, which is not installed", "pip install 'studyhall[onnx]', or write a .pt2"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's exporter uses what torch has deprecated
        exported = torch.onnx.export(
            program, (), dynamo=True, verbose=False, input_names=["inputs"], output_names=["outputs"]
        )
    assert exported is not None  # it is where no file is named
    exported.model.metadata_props["classes"] = json.dumps(classes)
    exported.save(path)


WRITERS: dict[str, Writer] = {".pt2": write_pt2, ".onnx": write_onnx}
