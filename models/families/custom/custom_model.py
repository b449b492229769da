"""Models of the user's own: from a class or function in a study file to plain data.

Reads source text and signatures; executes nothing, and imports no torch.
"""

import ast
import inspect
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from models.errors import UserError
from models.families.custom.config import CustomModel
from models.source_code import cells, definition, digest


def custom_model_config(factory: Callable[..., Any]) -> CustomModel:
    """Return the config of a class or function that returns a module.

    Raises:
        ValueError: "fact; remedy", where no other process could build the model.
    """
    name, home = getattr(factory, "__qualname__", ""), sys.modules.get(getattr(factory, "__module__", None) or "")
    if "torch" in sys.modules and isinstance(factory, sys.modules["torch"].nn.Module):
        kind = type(factory).__name__
        raise ValueError(f"family is a {kind} that is built already; name what builds it, as family={kind}")
    if home is None or attribute_of(home, name) is not factory:
        raise ValueError(
            f"family is {name or factory!r}, which another process could not find; "
            "write a class, or a function with def, at the top level of a file"
        )
    needs, takes, facts = _arguments(factory, name)
    about = {"attribute": name, "needs": needs, "takes": takes, "facts": facts}
    top = name.partition(".")[0]
    if (file := getattr(home, "__file__", None)) is None:
        if not (history := getattr(home, "In", None)):  # where IPython keeps a notebook's cells
            raise ValueError(f"{name} was typed in and is in no file; write it into one, {name.lower()}.py say")
        source, path = definition(cells(history), top), Path.cwd() / "notebook"
        return CustomModel(**about, source=source, file=str(path), sha256=digest(source, path.parent))
    path = Path(file).resolve()
    if _installed(path):
        source = definition(path.read_text(encoding="utf-8-sig"), top)
        return CustomModel(**about, module=home.__name__, sha256=digest(source, path.parent))
    return CustomModel(**about, **_code_in(Path(file), home.__name__ if home.__package__ else "", top))


def _code_in(file: Path, module: str, name: str) -> dict[str, str]:
    """Return the fields of a config that say where its code is.

    Args:
        file: The file that defines the model.
        module: The file's name among its package's modules, as `nets.wide`; "" where it is in no package.
        name: The model's class or function, at the top level of the file.
    """
    path = file.resolve()
    source = definition(path.read_text(encoding="utf-8-sig"), name)
    if not module:
        return {"source": source, "file": str(path), "sha256": digest(source, path.parent)}
    # The modules of a package of the user's own import each other, and must be imported.
    root = path.parents[module.count(".") + (path.name == "__init__.py")]
    imports = f"import {module.partition('.')[0]}\n"
    return {"module": module, "file": str(file), "sha256": digest(imports + source, root)}


def custom_model_from_file(file: Path, config: CustomModel) -> CustomModel:
    """Return a config with its code, from a file that defines the model.

    Raises:
        UserError: The file cannot be read, does not define the model, or defines another one of that name.
    """
    name = config.attribute.partition(".")[0]
    try:
        path, module = _where_defined(file.resolve(), "", name, file.resolve().parent)
        code = _code_in(path, module, name)
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise UserError(f"{file} cannot be read as Python: {error}", "give the study file of the model") from None
    if not definition(path.read_text(encoding="utf-8-sig"), name).strip():
        raise UserError(f"{file} does not define {config.attribute}", "give the file in which the model is written")
    if code["sha256"] != config.sha256:
        raise UserError(
            f"{config.attribute} in {file} is not the one that this model was trained as",
            "bring the file back as it was then; the study's database keeps its text",
        )
    return config.model_copy(update=code)


def _where_defined(path: Path, module: str, name: str, root: Path) -> tuple[Path, str]:
    """Return the file in a folder that defines a name which a file has, and its module's name if that is in a package.

    Follows `from net import Net` and `from .wide import Net` as long as they lead to files in the folder.
    """
    for statement in ast.parse(path.read_text(encoding="utf-8-sig")).body:
        if isinstance(statement, ast.ImportFrom) and name in {alias.name for alias in statement.names}:
            package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
            above = package[: len(package) - statement.level + 1] if statement.level else []
            target = [*above, *(statement.module.split(".") if statement.module else [])]
            for found in (root.joinpath(*target).with_suffix(".py"), root.joinpath(*target, "__init__.py")):
                if found.is_file() and found != path:
                    is_packaged = len(target) > 1 or found.name == "__init__.py"
                    return _where_defined(found, ".".join(target) if is_packaged else "", name, root)
    return path, module


def attribute_of(module: ModuleType, name: str) -> object:
    """Return `a.b` of a module, None if there is none."""
    value: object = module
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def _installed(path: Path) -> bool:
    library = Path(sysconfig.get_path("stdlib")).resolve()
    return bool({"site-packages", "dist-packages"} & set(path.parts)) or path.is_relative_to(library)


def _arguments(factory: Callable[..., Any], name: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return arguments without a default, with one, and those of the former that are facts of the data."""
    try:
        arguments = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        raise ValueError(f"{name} does not say what arguments it takes; write a function that calls it") from None
    if unnamed := [each.name for each in arguments if each.kind is each.POSITIONAL_ONLY]:
        raise ValueError(f"{name} takes {unnamed[0]!r} by its place alone; arguments are given by name, take the / out")
    named = [each for each in arguments if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    required = [each.name for each in named if each.default is each.empty]
    return (
        tuple(name for name in required if name not in CustomModel.FACTS),
        tuple(each.name for each in named if each.default is not each.empty),
        tuple(name for name in required if name in CustomModel.FACTS),
    )
