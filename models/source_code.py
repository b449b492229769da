"""The source of one name in a Python file: the statements that define it, those that these need, and no others.

So a model or data set of the user's own is known by what defines it, however the file around it changes, and is created
in another process without running the rest of that file, a search included. Reads the text; runs nothing.
"""

import ast
import dis
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import CodeType

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")  # instructions that look a name up in its module


def definition(text: str, *names: str) -> str:
    """Return the statements of a module that define these names, each at its own lines.

    A name needs what binds it or changes it (`WIDTHS = [...]`, `WIDTHS.append(9)`, `WIDTHS[3] = 7`), and those what
    they use themselves. Imports that do not name what they import are always kept.

    Raises:
        SyntaxError: The text is no Python.
    """
    statements = [statement for statement in ast.parse(text).body if not _is_guarded(statement)]
    wanted, kept = {*names}, set[int]()
    while new := {
        index
        for index, statement in enumerate(statements)
        if index not in kept and (_bound(statement) & wanted or _imports_anything(statement))
    }:
        kept |= new
        for index in new:
            wanted |= used_names(statements[index])
    lines, chosen = text.split("\n"), set[int]()
    for index in kept:
        statement = statements[index]
        first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
        chosen |= set(range(first, (statement.end_lineno or first) + 1))
    return "\n".join(line if number in chosen else "" for number, line in enumerate(lines, 1)).rstrip() + "\n"


def digest(source: str, folder: Path) -> str:
    """Return the SHA-256 of statements, whatever their comments and spacing, and of the files that they import.

    Of the imported files only those in `folder` count, where the file of the statements lies.
    """
    hashed = hashlib.sha256(ast.unparse(ast.parse(source)).encode())
    for file in files_beside(source, folder):
        hashed.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return hashed.hexdigest()


def files_beside(source: str, folder: Path) -> list[Path]:
    """Return the files in `folder` that a text imports, and those that they import."""
    return sorted(_collect_beside(source, folder, {}))


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
    """Return a cell's statements; none where it is no plain Python."""
    lines = [line for line in cell.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        return ast.parse("\n".join(lines)).body
    except SyntaxError:
        return []


# --- one statement ----------------------------------------------------------------------------------------------------


def _is_guarded(statement: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == "__main__": ...`, which runs in a script alone."""
    return isinstance(statement, ast.If) and "__name__" in {
        node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name)
    }


def _imports_anything(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and (
        statement.module == "__future__" or any(alias.name == "*" for alias in statement.names)
    )


def _bound(node: ast.AST) -> set[str]:
    """Return the names of the module that a statement binds or changes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        # `WIDTHS.append(9)` may change WIDTHS; `print(WIDTHS)` and `run_study(study)` are no part of a model.
        return _root(node.value.func) if isinstance(node.value.func, ast.Attribute) else set()
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return set() if isinstance(node.ctx, ast.Load) else _root(node)
    return {name for child in ast.iter_child_nodes(node) for name in _bound(child)}


def _root(node: ast.AST) -> set[str]:
    """Return `a` of `a.b[c].d`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def used_names(statement: ast.stmt) -> set[str]:
    """Return the names that a statement, or a function in it, looks up in the module."""
    names: set[str] = set()
    codes = [compile(ast.Module([statement], []), "", "exec", dont_inherit=True)]
    while codes:
        code = codes.pop()
        names |= {str(each.argval) for each in dis.get_instructions(code) if each.opname in _GLOBAL}
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return names


# --- what lies beside a file ------------------------------------------------------------------------------------------


def _collect_beside(source: str, folder: Path, seen: dict[str, list[Path]]) -> set[Path]:
    """Return the same; `seen` has the files of each name whose files were, or are being, looked through."""
    for name in _imported(source):
        if name in seen:
            continue
        package, file = folder / name, folder / f"{name}.py"
        seen[name] = [*package.rglob("*.py")] if (package / "__init__.py").is_file() else [file] * file.is_file()
        for each in seen[name]:
            _collect_beside(each.read_text(encoding="utf-8-sig"), folder, seen)
    return {file for files in seen.values() for file in files}


def _imported(source: str) -> Iterable[str]:
    """Yield the first part of the name of each module that a text imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
