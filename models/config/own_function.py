"""A function of the user's own as plain data, which travels as JSON: every process makes it anew from its statements.

Reads the text of the file that defines it, and runs no more of that than the function needs.
"""

import ast
import builtins
import inspect
import linecache
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from pydantic import Field

from models.config.base import FrozenConfig
from models.errors import UserError, first_line
from models.source_code import cells, definition, digest, used_names

_LAMBDA = "function"  # what a lambda is bound to in its statements


class OwnFunction(FrozenConfig):
    """A lambda or function of a study file. `own_function` makes it.

    Example:
        >>> own_function(lambda hidden: hidden // 2)({"hidden": 9})  # doctest: +SKIP
        4
    """

    text: str = Field(description="A lambda's own text; else the function's name.")
    attribute: str = Field(description="Its name in the statements.")
    needs: tuple[str, ...] = Field(description="Arguments without a default.")
    takes: tuple[str, ...] = Field(default=(), description="Arguments with one.")
    source: str = Field(description="The statements that define it.")
    file: str = Field(description="Where they stood.")
    sha256: str = Field(description="Of the statements, and of files beside that they import.")

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Return what the function returns.

        Raises:
            UserError: It raises something, or its statements do.
        """
        try:
            return _made(self.source, self.attribute, self.file)(*values, **named)
        except UserError:
            raise
        except Exception as error:  # whatever it raises
            given = ", ".join([*map(str, values), *(f"{name}={value!r}" for name, value in named.items())])
            of = f" for {given}" if len(given) < 200 else ""
            raise UserError(
                f"{self.text} raised {type(error).__name__}{of}: {first_line(error)}", f"correct it in {self.file}"
            ) from error

    def given(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the arguments that are among these values; None where one without a default is not."""
        if any(name not in values for name in self.needs):
            return None
        return {name: values[name] for name in (*self.needs, *self.takes) if name in values}


def own_function(function: Any) -> Any:
    """Return a lambda or function as plain data, and anything else as it is: for a field's validator.

    Raises:
        ValueError: "fact; remedy", where no other process could make the function.
    """
    if not callable(function) or isinstance(function, OwnFunction):
        return function
    name = getattr(function, "__name__", type(function).__name__)
    if not isinstance(function, FunctionType):
        raise ValueError(f"{name} is no function written in Python; write a lambda or a def that calls it")
    code = function.__code__
    if code.co_freevars:
        raise ValueError(
            f"{name} uses {code.co_freevars[0]!r} of the function around it, which another process does not have; "
            "write it at the top level of the file"
        )
    text, path, known = _text_around(function)
    node = _node(ast.parse(text), code)
    if node is None:
        raise ValueError(f"the text of {name} is not in {path.name}; write it out there")
    lambda_text = ast.unparse(node) if isinstance(node, ast.Lambda) else ""
    own = f"{_LAMBDA} = {lambda_text}" if lambda_text else ast.unparse(node)
    statements = ast.parse(own).body
    needed = definition(known, *(used_names(statements[0]) - {name}))
    source = f"{needed.rstrip()}\n\n{own}\n".lstrip("\n") if needed.strip() else f"{own}\n"
    arguments = inspect.signature(function).parameters.values()
    return OwnFunction(
        text=lambda_text or name,
        attribute=_LAMBDA if lambda_text else name,
        needs=tuple(each.name for each in arguments if each.default is each.empty),
        takes=tuple(each.name for each in arguments if each.default is not each.empty),
        source=source,
        file=str(path),
        sha256=digest(source, path.parent),
    )


def _text_around(function: FunctionType) -> tuple[str, Path, str]:
    """Return the text that has a function, its file, and the text that defines what it uses."""
    file = function.__code__.co_filename
    path = Path(file).resolve()
    if path.is_file():
        text = path.read_text(encoding="utf-8-sig")
        return text, path, text
    home = sys.modules.get(function.__module__)
    if history := getattr(home, "In", None):  # where IPython keeps a notebook's cells
        return "".join(linecache.getlines(file)), Path.cwd() / "notebook", cells(history)
    raise ValueError(f"{function.__name__} was typed in and is in no file; write it into one")


def _node(tree: ast.AST, code: CodeType) -> ast.Lambda | ast.FunctionDef | None:
    """Return the node of a file that a function was made from."""
    found: list[ast.Lambda | ast.FunctionDef] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        elif isinstance(node, ast.Lambda) and code.co_name == "<lambda>":
            first = node.lineno
        else:
            continue
        if first == code.co_firstlineno:
            found.append(node)
    return next((node for node in found if len(found) == 1 or _is_of(node, code)), None)


def _is_of(node: ast.AST, code: CodeType) -> bool:
    """Whether a lambda is the one of this code, of several in one line."""
    assert isinstance(node, ast.Lambda)
    compiled = compile(ast.Expression(node), code.co_filename, "eval", dont_inherit=True)
    own = next(each for each in compiled.co_consts if isinstance(each, CodeType))
    same = ("co_code", "co_consts", "co_names", "co_varnames")
    return all(getattr(own, part) == getattr(code, part) for part in same)


@cache
def _made(source: str, attribute: str, file: str) -> Callable[..., Any]:
    """Return the function that statements define; they are executed once in a process."""
    folder = str(Path(file).parent)
    if folder not in sys.path:
        sys.path.append(folder)
    # Its imports are the user's (studyhall.importing), as those of a file of theirs.
    namespace: dict[str, Any] = {"__builtins__": builtins, "__name__": f"own_function_{attribute}", "__file__": file}
    try:
        exec(compile(source, file, "exec", dont_inherit=True), namespace)  # noqa: S102 - its owner's
    except (Exception, SystemExit) as error:
        raise UserError(
            f"what {attribute} in {Path(file).name} is made of raised {type(error).__name__}: {first_line(error)}",
            "correct it: every process runs that, apart from the rest of its file",
        ) from error
    made: Callable[..., Any] = namespace[attribute]
    return made
