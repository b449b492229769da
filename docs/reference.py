"""python -m docs.reference: write reference.md, the words of a study file, from the code that defines them.

A word is a class that `search` exports, or what one of those is made of. What is said of it is its own docstring; what
is said of a field is the comment beside or above it, or, where there is none, the comment above its type; sections are
those of the modules. What else `search` and `reports` export is for searching from Python, and comes last. So the page
says what the code says, and a test holds the two together. Reads source by ast and tokenize, types and bounds from
pydantic.
"""

import ast
import inspect
import io
import sys
import tokenize
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

import reports
import search
from models.config.base import FrozenConfig
from models.datasets.registry import NAMED_DATASETS

PAGE = Path(__file__).with_suffix(".md")

PREFACE = """\
# The study file, word by word

<!-- Written by `python -m docs.reference` from the code: change the docstrings and comments there. -->

A study file is imports and one assignment, `study = Study(...)`. This page is made from the docstrings and comments of
the words themselves; all of them are imported from `search`. A field without a default must be given.
[ranges.md](ranges.md) says how to choose.
"""

# What a study file writes, where it is not what is kept.
WRITTEN = {
    ("Choice", "values"): "tuple of bool, int, float or str",
    ("Staged", "stages"): "dict of parameters and their values, in order",
    ("Baseline", "parameters"): "",  # spelled out, as keywords
}
BUILT = "A study file gives the class or function itself, and this word is made of it."
WHEN = "dict of parameters and their values"

# --- what the source says ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """One module's text: its tree, and its comments by line, a line that is only a comment apart from others."""

    tree: ast.Module
    beside: dict[int, str]
    alone: dict[int, str]

    def above(self, line: int) -> str:
        """Return the comment that ends right above a line."""
        found: list[str] = []
        while (line := line - 1) in self.alone and not self.alone[line].startswith("---"):
            found.insert(0, self.alone[line])
        return " ".join(found)

    def sections(self) -> Iterator[tuple[int, str, str]]:
        """Yield where each section begins, its title, and what is said below the title."""
        for line, text in self.alone.items():
            if text.startswith("---"):
                below: list[str] = []
                at = line + 1
                while at in self.alone:
                    below.append(self.alone[at])
                    at += 1
                # A comment that stands on a definition is that one's.
                stands_free = not any(node.lineno == at for node in self.tree.body)
                yield line, text.strip("- "), "\n".join(below).strip() if stands_free else ""


@cache
def source(module: str) -> Source:
    """Read one module that is imported already."""
    text = inspect.getsource(sys.modules[module])
    beside: dict[int, str] = {}
    alone: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            said = token.string.lstrip("#").strip()
            (beside if token.line[: token.start[1]].strip() else alone)[token.start[0]] = said
    return Source(ast.parse(text), beside, alone)


def class_node(word: type) -> ast.ClassDef:
    """Return where a class is defined."""
    body = source(word.__module__).tree.body
    return next(node for node in body if isinstance(node, ast.ClassDef) and node.name == word.__name__)


@dataclass(frozen=True)
class Told:
    """What the source says of one field: its default as it is written, and its remark."""

    default: str | None
    remark: str


def told(word: type, name: str) -> Told:
    """Look a field up in the class or in the nearest that it builds upon."""
    for owner in word.__mro__:
        if owner.__module__.partition(".")[0] not in ("search", "models", "reports"):
            continue
        text = source(owner.__module__)
        for node in class_node(owner).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                remarks = [text.above(node.lineno), *(text.beside.get(line, "") for line in lines)]
                remark = " ".join(filter(None, remarks)) or _of_type(text, node.annotation)
                return Told(_default(node.value), remark.rstrip(":"))
    raise LookupError(f"{word.__name__}.{name} is in no source")


def _of_type(text: Source, annotation: ast.expr) -> str:
    """Return what is said above the definition of a type that has a name of its own."""
    for node in text.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(annotation):
            return " ".join(filter(None, [text.above(node.lineno), text.beside.get(node.end_lineno or 0, "")]))
    return ""


def _default(value: ast.expr | None) -> str | None:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "Field":
        given = {keyword.arg: keyword.value for keyword in value.keywords}
        return ast.unparse(given["default"]) if "default" in given else None
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return f'"{value.value}"'
    return None if value is None else ast.unparse(value)


# --- what pydantic says -----------------------------------------------------------------------------------------------


def fields(word: type) -> dict[str, FieldInfo]:
    """Return what a study file can give a word, first what it must give: not the field that tells words apart."""
    found: dict[str, FieldInfo] = word.__pydantic_fields__  # type: ignore[attr-defined]
    mine = {name: field for name, field in found.items() if not _tells_apart(field)}
    return dict(sorted(mine.items(), key=lambda it: not it[1].is_required()))


def _tells_apart(field: FieldInfo) -> bool:
    return typing.get_origin(field.annotation) is Literal and typing.get_args(field.annotation) == (field.default,)


def spelled(kind: Any) -> str:
    """Return a type in words, with links to those that are words themselves."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind in WORDS:
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    if kind is type(None):
        return "None"
    if origin is typing.Annotated:
        return spelled(inner[0])
    if origin is Literal:
        return _either([f'`"{value}"`' for value in inner])
    if origin in (typing.Union, types.UnionType):
        return _either([spelled(one) for one in inner])
    if origin is tuple:
        return f"tuple of {spelled(inner[0])}" if inner[-1] is ... else f"({', '.join(map(spelled, inner))})"
    if origin is dict:
        return f"dict of {spelled(inner[0])} to {spelled(inner[1])}"
    return str(getattr(kind, "__name__", kind))


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def bounds(field: FieldInfo) -> str:
    """Return the bounds of a number: `1 to 8`, `above 0`."""
    low = {type(it): it for it in field.metadata}
    inside = []
    match low.get(Ge), low.get(Le):
        case Ge(ge), Le(le):
            inside.append(f"{_number(ge)} to {_number(le)}")
        case Ge(ge), None:
            inside.append(f"from {_number(ge)}")
        case None, Le(le):
            inside.append(f"up to {_number(le)}")
    if isinstance(above := low.get(Gt), Gt):
        inside.insert(0, f"above {_number(above.gt)}")
    if isinstance(below := low.get(Lt), Lt):
        inside.append(f"below {_number(below.lt)}")
    if isinstance(least := low.get(MinLen), MinLen):
        inside.append("not empty" if least.min_length == 1 else f"{least.min_length} or more")
    return ", ".join(inside)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    exponent = value.bit_length() - 1
    return f"2^{exponent}" if exponent > 32 and value == 2**exponent else f"{value:,}"


# --- the page ---------------------------------------------------------------------------------------------------------


def _is_word(thing: Any) -> bool:
    return isinstance(thing, type) and hasattr(thing, "__pydantic_fields__") and thing is not FrozenConfig


def _inside(kind: Any) -> Iterator[type]:
    """Yield the words that a type is made of."""
    if _is_word(kind):
        yield kind
    for inner in typing.get_args(kind):
        yield from _inside(inner)


EXPORTED: dict[str, Any] = {name: getattr(room, name) for room in (search, reports) for name in room.__all__}
WORDS: list[type] = list(
    dict.fromkeys(
        word
        for exported in EXPORTED.values()
        if _is_word(exported)
        for word in (exported, *(inner for field in fields(exported).values() for inner in _inside(field.annotation)))
    )
)
CALLS: dict[str, Any] = {name: it for name, it in EXPORTED.items() if it not in WORDS}


def page() -> str:
    """Return the whole page, in Markdown."""
    modules = dict.fromkeys(["search.space", "search.spec", "models.recipe", *(word.__module__ for word in WORDS)])
    parts: list[str] = [PREFACE]
    later: list[str] = []
    for module in modules:
        for title, intro, words in _sections(module):
            text = "\n".join(
                [f"## {title[0].upper()}{title[1:]}\n", *([intro + "\n"] if intro else []), *map(entry, words)]
            )
            (parts if search.Study in words else later).append(text)
    return "\n".join([*parts, *later, "## From Python\n", *(call(name, it) for name, it in CALLS.items())])


def _sections(module: str) -> Iterator[tuple[str, str, list[type]]]:
    """Yield a module's sections that have words: title, introduction, words in their order."""
    begins = [*source(module).sections(), (sys.maxsize, "", "")]
    for (line, title, intro), (end, _, _) in pairwise(begins):
        words = [word for word in WORDS if word.__module__ == module and line < class_node(word).lineno < end]
        if words:
            yield title, intro, sorted(words, key=lambda word: class_node(word).lineno)


def entry(word: type) -> str:
    """Return what is said of one word."""
    lines = [f"### {word.__name__}\n", inspect.getdoc(word) or "", ""]
    if word.__name__ not in EXPORTED:
        return "\n".join([*lines, BUILT, ""])
    if also := " ".join(filter(None, [_searched(word), _short(word)])):
        lines += [also, ""]
    rows = [_row(word, name, field) for name, field in fields(word).items() if WRITTEN.get((word.__name__, name)) != ""]
    if rows:
        lines += ["| field | what it is | default | |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def call(name: str, it: Any) -> str:
    """Return what is said of a function, or of what one returns."""
    lines = [f"### {name}\n", inspect.getdoc(it) or "", ""]
    if inspect.isfunction(it):
        return "\n".join([lines[0], f"`{name}({', '.join(_arguments(it))})`", "", *lines[1:]])
    has = {one: told(it, one).remark for one in it.__annotations__ if not one.startswith("_")}
    for one, made in vars(it).items():
        if isinstance(made, property | cached_property):
            has[one] = " ".join((inspect.getdoc(made) or "").split("\n\n")[0].split())
    return "\n".join(
        [*lines, "| it has | |", "|---|---|", *(_line([f"`{one}`", said]) for one, said in has.items()), ""]
    )


def _arguments(function: Any) -> Iterator[str]:
    starred = False
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        default = f'"{one.default}"' if isinstance(one.default, str) else f"{one.default}"
        yield one.name if one.default is one.empty else f"{one.name}={default}"


def _row(word: type, name: str, field: FieldInfo) -> str:
    said = told(word, name)
    kind = WRITTEN.get((word.__name__, name)) or (WHEN if name == "when" else spelled(field.annotation))
    if word is search.Study and name == "data":
        names = ", ".join(f'`"{it}"`' for it in NAMED_DATASETS.names())
        kind = kind.replace("str", names, 1)
    cells = [
        f"`{name}`",
        ", ".join(filter(None, [kind, bounds(field)])),
        "" if said.default is None else f"`{said.default}`",
        said.remark,
    ]
    return _line(cells)


def _line(cells: Iterable[str]) -> str:
    """Return a line of a table in Markdown."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace('<', '&lt;') for cell in cells)} |"


def _searched(word: type) -> str:
    """Return which parameters of the space a word brings with it."""

    def listed(names: Any) -> str:
        return ", ".join(f"`{name}`" for name in sorted(names)) if isinstance(names, frozenset) else ""

    own = listed(getattr(word, "parameters", None))
    if not hasattr(word, "optional"):  # no family
        return f"Its space may have {own}." if own else ""
    must, may = f"must have {own}" if own else "", listed(word.optional)
    return f"Its space {' and '.join(filter(None, [must, may and f'may have {may}']))}." if must or may else ""


def _short(word: type) -> str:
    """Return the word's name as a plain string, where that says it all."""
    name = word.__pydantic_fields__.get("name")  # type: ignore[attr-defined]
    if name is None or not _tells_apart(name) or any(field.is_required() for field in fields(word).values()):
        return ""
    return f'`"{name.default}"` is short for `{word.__name__}()`.'


if __name__ == "__main__":
    PAGE.write_text(page())
