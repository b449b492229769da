"""Models of the user's own: from a class or function in a study file to a word of the recipe, and back to a module.

The word is plain data, so it travels to engines and lies in the database; every process makes the callable anew from
the statements it carries (sources.py), once. search.spec makes words, lanes.py and files.py make modules of them. Torch
is imported only where a module is built: what is searched can be read without it.

Shapes: C channels, H height, W width of one example; a table's columns are channels, with H = W = 1.
"""

import importlib
import inspect
import math
import sys
import sysconfig
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from models.config.base import Parameters, Value
from models.config.families import CustomModel
from models.errors import UserError
from models.families.custom.source_code import beside, cells, definition, digest

if TYPE_CHECKING:
    from torch import nn


reading = False  # whether a model's source is being executed, when nobody may begin a search: run_study asks


# --- from a callable to a word ----------------------------------------------------------------------------------------


def custom_model_config(made: Callable[..., Any]) -> CustomModel:
    """Return the word for a class or function. Raises ValueError, "fact; remedy", for what no engine could build."""
    name, home = getattr(made, "__qualname__", ""), sys.modules.get(getattr(made, "__module__", None) or "")
    if "torch" in sys.modules and isinstance(made, sys.modules["torch"].nn.Module):
        kind = type(made).__name__
        raise ValueError(f"family is a {kind} that is built already; name what builds it, as family={kind}")
    if home is None or _found(home, name) is not made:
        raise ValueError(
            f"family is {name or made!r}, which another process could not find; "
            "write a class, or a function with def, at the top level of a file"
        )
    needs, takes, facts = _arguments(made, name)
    about = {"attribute": name, "needs": needs, "takes": takes, "facts": facts}
    top = name.partition(".")[0]
    if (file := getattr(home, "__file__", None)) is None:
        if not (history := getattr(home, "In", None)):  # where IPython keeps a notebook's cells
            raise ValueError(f"{name} was typed in and is in no file; write it into one, {name.lower()}.py say")
        source, path = definition(cells(history), top), Path.cwd() / "notebook"
        return CustomModel(**about, source=source, file=str(path), sha256=digest(source, path.parent))
    path = Path(file).resolve()
    source = definition(path.read_text(encoding="utf-8-sig"), top)
    if _installed(path):
        return CustomModel(**about, module=home.__name__, sha256=digest(source, path.parent))
    if home.__package__:  # a package of the user's own: its modules import each other, and must be imported
        root = path.parents[home.__name__.count(".") + (path.name == "__init__.py")]
        imports = f"import {home.__name__.partition('.')[0]}\n"
        return CustomModel(**about, module=home.__name__, file=file, sha256=digest(imports + source, root))
    return CustomModel(**about, source=source, file=str(path), sha256=digest(source, path.parent))


def custom_model_from_file(file: Path, known: CustomModel) -> CustomModel:
    """Return the word for a model that is known by name and hash, from a file that defines it.

    Raises UserError where the file cannot be read, does not define it, or defines another one of that name.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        source = definition(text, known.attribute.partition(".")[0])
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise UserError(f"{file} cannot be read as Python: {error}", "give the study file of the model") from None
    if not source.strip():
        raise UserError(f"{file} does not define {known.attribute}", "give the file in which the model is written")
    path = file.resolve()
    if digest(source, path.parent) != known.sha256:
        raise UserError(
            f"{known.attribute} in {file} is not the one that this model was trained as",
            "bring the file back as it was then; the study's database keeps its text",
        )
    return known.model_copy(update={"source": source, "file": str(path)})


def _found(home: ModuleType, name: str) -> object:
    found: object = home
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _installed(path: Path) -> bool:
    library = Path(sysconfig.get_path("stdlib")).resolve()
    return bool({"site-packages", "dist-packages"} & set(path.parts)) or path.is_relative_to(library)


def _arguments(made: Callable[..., Any], name: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Names without a default, names with one, and of the former those that are facts of the data."""
    try:
        arguments = inspect.signature(made).parameters.values()
    except (TypeError, ValueError):
        raise ValueError(f"{name} does not say what arguments it takes; write a function that calls it") from None
    if alone := [it.name for it in arguments if it.kind is it.POSITIONAL_ONLY]:
        raise ValueError(f"{name} takes {alone[0]!r} by its place alone; arguments are given by name, take the / out")
    named = [it for it in arguments if it.kind not in (it.VAR_POSITIONAL, it.VAR_KEYWORD)]
    bare = [it.name for it in named if it.default is it.empty]
    return (
        tuple(name for name in bare if name not in CustomModel.FACTS),
        tuple(it.name for it in named if it.default is not it.empty),
        tuple(name for name in bare if name in CustomModel.FACTS),
    )


# --- from a word to a module ------------------------------------------------------------------------------------------


def given(word: CustomModel, shape: Sequence[int], classes: int, parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the callable is called with, for examples of shape (C, H, W)."""
    channels, height, width = shape
    facts = dict(zip(CustomModel.FACTS, (channels, height, width, math.prod(shape), classes), strict=True))
    searched = {name: parameters[name] for name in (*word.needs, *word.takes, *word.facts) if name in parameters}
    return {name: facts[name] for name in word.facts} | searched


def build(
    word: CustomModel,
    shape: Sequence[int],
    classes: int,
    parameters: Parameters,
    made: Callable[..., Any] | None = None,
) -> "nn.Module":
    """Return a module with fresh weights from torch's global generator; `made` instead of the word's own callable.

    A table's examples, which have no height and width, reach it as (B, inputs). Whatever the callable raises is let
    through; a TypeError where it makes no nn.Module.
    """
    import torch
    from torch import nn

    module = (made or maker(word))(**given(word, shape, classes, parameters))
    if not isinstance(module, nn.Module):
        raise TypeError(f"{word.attribute} made no nn.Module but {type(module).__name__}")
    if tuple(shape[1:]) == (1, 1):
        module.register_forward_pre_hook(lambda _, inputs: (inputs[0].flatten(1), *inputs[1:]))
    if any(isinstance(it, nn.parameter.UninitializedParameter) for it in module.parameters()):
        with torch.no_grad():  # layers that learn their shapes from a first minibatch
            module.eval()(torch.zeros(2, *shape))
        module.train()
    return module


def maker(word: CustomModel) -> Callable[..., Any]:
    """Return the word's class or function; its statements are executed once in a process.

    Raises UserError where they fail, or the word has none (it is from a model file).
    """
    if not word.source and not word.module:
        raise UserError(
            f"the model is {word.attribute}, whose code is in no model file",
            f"name the file that defines it with --study-file, or give it to load_module(path, build={word.attribute})",
        )
    name = word.module or f"own_model_{word.sha256[:16]}"
    if name not in sys.modules:
        _execute(word, name)
    found: Any = _found(sys.modules[name], word.attribute)
    if found is None:
        raise UserError(
            f"{word.file or name} does not define {word.attribute}", "define it at the top level, as before"
        )
    return found  # type: ignore[no-any-return]


def neighbours(word: CustomModel) -> dict[str, str]:
    """The files beside its own that a model imports, by their places there: for a machine that has not got them."""
    if (folder := _folder(word)) is None:
        return {}
    source = word.source or f"import {word.module.partition('.')[0]}"
    return {file.relative_to(folder).as_posix(): file.read_text("utf-8-sig") for file in beside(source, folder)}


def _folder(word: CustomModel) -> Path | None:
    """Where a model's file imports from."""
    depth = word.module.count(".") + (Path(word.file).name == "__init__.py") if word.module else 0
    return Path(word.file).parents[depth] if word.file else None


def _execute(word: CustomModel, name: str) -> None:
    global reading
    folder = _folder(word)
    if folder and str(folder) not in sys.path:
        sys.path.append(str(folder))
    module = ModuleType(name)
    module.__file__ = word.file
    before, reading = reading, True
    try:
        if word.module:
            importlib.import_module(word.module)
        else:
            sys.modules[name] = module  # where its classes look for their home
            exec(compile(word.source, word.file, "exec", dont_inherit=True), vars(module))  # noqa: S102 - its owner's
    except UserError:
        sys.modules.pop(name, None)
        raise
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise UserError(
            f"{where(word, error)}{_told(error)}",
            f"correct it: every engine runs what {word.attribute} is made of, apart from the rest of its file",
        ) from error
    finally:
        reading = before


def where(word: CustomModel, error: BaseException) -> str:
    """Return `net.py, line 12: `, the last line of the user's own that an error passed; "" where it passed none."""
    folder = Path(word.file).parent if word.file else None
    lines = [
        f"{Path(frame.filename).name}, line {frame.lineno}: "
        for frame in traceback.extract_tb(error.__traceback__)
        if folder and Path(frame.filename).parent == folder
    ]
    if not lines and isinstance(error, SyntaxError) and error.filename == word.file:
        lines = [f"{Path(word.file).name}, line {error.lineno}: "]
    return lines[-1] if lines else ""


def _told(error: BaseException) -> str:
    """An error as one line."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
