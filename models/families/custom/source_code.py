"""What a name in a Python file is made of: the statements that define it, those that these need, and no others.

So a model of the user's own is known by what it is, however the file around it changes, and is made anew in another
process without running the rest of that file, a search included. Found in the text: nothing is run. Used by own.py.
"""

import ast
import dis
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import CodeType

GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")  # instructions that look a name up in its module


def definition(text: str, name: str) -> str:
    """Return the statements of a module that `name` is made of, each at its own lines. Raises SyntaxError.

    A name brings in what binds it or changes it (`WIDTHS = [...]`, `WIDTHS.append(9)`, `WIDTHS[3] = 7`), and that what
    it uses itself. Imports that do not say what they bring in are always kept.
    """
    statements = [statement for statement in ast.parse(text).body if not _is_guarded(statement)]
    wanted, kept = {name}, set[int]()
    while new := {
        place
        for place, statement in enumerate(statements)
        if place not in kept and (_bound(statement) & wanted or _brings_in_anything(statement))
    }:
        kept |= new
        for place in new:
            wanted |= _used(statements[place])
    lines, chosen = text.split("\n"), set[int]()
    for place in kept:
        statement = statements[place]
        first = min([statement.lineno, *(it.lineno for it in getattr(statement, "decorator_list", []))])
        chosen |= set(range(first, (statement.end_lineno or first) + 1))
    return "\n".join(line if number in chosen else "" for number, line in enumerate(lines, 1)).rstrip() + "\n"


def digest(source: str, folder: Path) -> str:
    """Return the SHA-256 of statements, whatever their comments and spacing, and of the files that they import.

    Of what is imported only that counts which lies in `folder`, where the file is that they are from.
    """
    said = hashlib.sha256(ast.unparse(ast.parse(source)).encode())
    for file in beside(source, folder):
        said.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return said.hexdigest()


def beside(source: str, folder: Path) -> list[Path]:
    """Return the files in `folder` that a text imports, and those that they do."""
    return sorted(_beside(source, folder, set()))


def cells(history: Sequence[str]) -> str:
    """Return a notebook's cells, in the order they were run, as one module in which every name is defined once."""
    parsed = [statement for cell in history for statement in _parsed(cell)]
    later: set[str] = set()
    latest = []
    for statement in reversed(parsed):
        simple = isinstance(
            statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
        )
        if not (simple and _bound(statement) <= later):
            latest.append(ast.unparse(statement))
        if simple:
            later |= _bound(statement)
    return "\n\n".join(reversed(latest))


def _parsed(cell: str) -> list[ast.stmt]:
    """A cell's statements; none where it is no plain Python."""
    lines = [line for line in cell.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        return ast.parse("\n".join(lines)).body
    except SyntaxError:
        return []


# --- one statement ----------------------------------------------------------------------------------------------------


def _is_guarded(statement: ast.stmt) -> bool:
    """Whether it is `if __name__ == "__main__": ...`, which is run in a script alone."""
    return isinstance(statement, ast.If) and "__name__" in {
        node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name)
    }


def _brings_in_anything(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and (
        statement.module == "__future__" or any(alias.name == "*" for alias in statement.names)
    )


def _bound(node: ast.AST) -> set[str]:
    """The names of the module that a statement binds, or changes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        # `WIDTHS.append(9)` may change WIDTHS; `print(WIDTHS)` and `run_study(study)` are of no use to a model.
        return _root(node.value.func) if isinstance(node.value.func, ast.Attribute) else set()
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return set() if isinstance(node.ctx, ast.Load) else _root(node)
    return {name for child in ast.iter_child_nodes(node) for name in _bound(child)}


def _root(node: ast.AST) -> set[str]:
    """Of `a.b[c].d` the name `a`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _used(statement: ast.stmt) -> set[str]:
    """The names that a statement, or a function in it, looks up in the module."""
    found: set[str] = set()
    codes = [compile(ast.Module([statement], []), "", "exec", dont_inherit=True)]
    while codes:
        code = codes.pop()
        found |= {str(it.argval) for it in dis.get_instructions(code) if it.opname in GLOBAL}
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return found


# --- what lies beside a file ------------------------------------------------------------------------------------------


def _beside(source: str, folder: Path, seen: set[Path]) -> set[Path]:
    """The files in `folder` that a text imports, and those that they do."""
    for name in _imported(source):
        package, file = folder / name, folder / f"{name}.py"
        for one in [*package.rglob("*.py")] if (package / "__init__.py").is_file() else [file] * file.is_file():
            if one not in seen:
                seen.add(one)
                _beside(one.read_text(encoding="utf-8-sig"), folder, seen)
    return seen


def _imported(source: str) -> Iterable[str]:
    """The first parts of the names of all modules that a text imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
