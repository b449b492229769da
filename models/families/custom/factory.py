"""Models of the user's own: from plain data back to a class or function, and to a module.

Every process creates the callable anew, once, from the statements that its config carries. Torch is imported only where
a module is built.

Shapes: C channels, H height, W width of one example; a table's columns are channels, with H = W = 1.
"""

import builtins
import importlib
import math
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from models.config.base import Parameters, Value
from models.errors import UserError
from models.families.custom.config import CustomModel
from models.families.custom.custom_model import attribute_of
from models.source_code import files_beside

if TYPE_CHECKING:
    from torch import nn

is_executing = False  # whether a model's source is being executed: nobody may begin a search then


def arguments_of(
    config: CustomModel, shape: Sequence[int], classes: int, parameters: Mapping[str, Value]
) -> dict[str, Value]:
    """Return what the callable is called with, for examples of shape (C, H, W)."""
    channels, height, width = shape
    facts = dict(zip(CustomModel.FACTS, (channels, height, width, math.prod(shape), classes), strict=True))
    names = (*config.needs, *config.takes, *config.facts)
    return {name: facts[name] for name in config.facts} | {
        name: parameters[name] for name in names if name in parameters
    }


def build(
    config: CustomModel,
    shape: Sequence[int],
    classes: int,
    parameters: Parameters,
    factory: Callable[..., Any] | None = None,
) -> "nn.Module":
    """Return a module with fresh weights from torch's global generator.

    `factory` is called instead of the config's own class or function. A table's examples, which have no height and
    width, reach the module as (B, inputs).

    Raises:
        TypeError: The callable returns no nn.Module.
        Exception: Whatever the callable raises.
    """
    import torch
    from torch import nn

    module = (factory or load_factory(config))(**arguments_of(config, shape, classes, parameters))
    if not isinstance(module, nn.Module):
        raise TypeError(f"{config.attribute} made no nn.Module but {type(module).__name__}")
    if tuple(shape[1:]) == (1, 1):
        module.register_forward_pre_hook(lambda _, inputs: (inputs[0].flatten(1), *inputs[1:]))
    if any(isinstance(each, nn.parameter.UninitializedParameter) for each in module.parameters()):
        with torch.no_grad():  # layers that learn their shapes from a first minibatch
            module.eval()(torch.zeros(2, *shape))
        module.train()
    return module


def load_factory(config: CustomModel) -> Callable[..., Any]:
    """Return the class or function of a config; its statements are executed once in a process.

    Raises:
        UserError: The statements fail, or there are none: the config is from a model file.
    """
    if not config.source and not config.module:
        raise UserError(
            f"the model is {config.attribute}, whose code is in no model file",
            "name the file that defines it with --study-file, "
            f"or give it to load_module(path, build={config.attribute})",
        )
    name = config.module or f"own_model_{config.sha256[:16]}"
    if name not in sys.modules:
        _execute(config, name)
    factory: Any = attribute_of(sys.modules[name], config.attribute)
    if factory is None:
        raise UserError(
            f"{config.file or name} does not define {config.attribute}", "define it at the top level, as before"
        )
    return factory  # type: ignore[no-any-return]


def neighbour_files(config: CustomModel) -> dict[str, str]:
    """Return the text of the files beside its own that a model imports, by their relative paths."""
    if (folder := _folder(config)) is None:
        return {}
    source = config.source or f"import {config.module.partition('.')[0]}"
    return {file.relative_to(folder).as_posix(): file.read_text("utf-8-sig") for file in files_beside(source, folder)}


def _folder(config: CustomModel) -> Path | None:
    """Return the folder that a model's file imports from."""
    depth = config.module.count(".") + (Path(config.file).name == "__init__.py") if config.module else 0
    return Path(config.file).parents[depth] if config.file else None


def _execute(config: CustomModel, name: str) -> None:
    global is_executing
    folder = _folder(config)
    if folder and str(folder) not in sys.path:
        sys.path.append(str(folder))
    module = ModuleType(name)
    module.__file__ = config.file
    vars(module)["__builtins__"] = builtins  # whose imports are the user's; see studyhall.importing
    before, is_executing = is_executing, True
    try:
        if config.module:
            importlib.import_module(config.module)
        else:
            sys.modules[name] = module  # where its classes look for their home
            exec(compile(config.source, config.file, "exec", dont_inherit=True), vars(module))  # noqa: S102 - its owner's
    except UserError:
        sys.modules.pop(name, None)
        raise
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise UserError(
            f"{locate(config, error)}{_one_line(error)}",
            f"correct it: every engine runs what {config.attribute} is made of, apart from the rest of its file",
        ) from error
    finally:
        is_executing = before


def locate(config: CustomModel, error: BaseException) -> str:
    """Return "net.py, line 12: ", the last line of the user's own files that an error passed; "" if it passed none."""
    folder = Path(config.file).parent if config.file else None
    lines = [
        f"{Path(frame.filename).name}, line {frame.lineno}: "
        for frame in traceback.extract_tb(error.__traceback__)
        if folder and Path(frame.filename).parent == folder
    ]
    if not lines and isinstance(error, SyntaxError) and error.filename == config.file:
        lines = [f"{Path(config.file).name}, line {error.lineno}: "]
    return lines[-1] if lines else ""


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
