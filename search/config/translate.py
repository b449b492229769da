"""From what pydantic found in a study file to a UserError: what is so, and what to do."""

import reprlib

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.config.base import FrozenConfig
from models.errors import UserError, did_you_mean

_KINDS_OF_VALUE = ("bool", "int", "float", "str")  # of a searched parameter: pydantic complains once for each


def translate(error: ValidationError, where: str) -> UserError:
    """Return all that pydantic found `where`, in a line of a file or in options.

    The first problem is fact and remedy; each other one is a line behind the remedy.
    """
    found: list[tuple[str, str]] = []
    seen = set[str]()
    problems = error.errors(include_url=False)
    if error.title == "Choice" and any(problem["type"] == "unexpected_positional_argument" for problem in problems):
        values = ", ".join(repr(problem["input"]) for problem in problems)
        what = f"{where}: Choice has its values one by one"
        return UserError(what, f"write them in brackets of their own: Choice(({values}))")
    for problem in problems:
        if problem["type"] == "value_error":  # our own checks, which say "fact; remedy", a line each
            lines = str(problem["ctx"]["error"]).splitlines()
            found += [(fact, remedy) for fact, _, remedy in (line.rpartition("; ") for line in lines)]
        elif (field := _field(error.title, problem)) not in seen:
            seen.add(field)
            found.append(_fact_and_remedy(error.title, problem))
    (fact, remedy), *others = found
    more = f" (and {len(others)} more)" if others else ""
    return UserError(f"{where}: {fact}{more}", "\n  ".join([remedy, *map("; ".join, others)]))


def describe_type(value: object) -> str:
    """Return "the class Mlp" for a class, "of type int" for anything else."""
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"


def _fact_and_remedy(title: str, problem: ErrorDetails) -> tuple[str, str]:
    """One problem with the class of that title: "Study", "Float", ..."""
    field, given = _field(title, problem), reprlib.repr(problem["input"])
    match problem["type"]:
        case "missing":
            return f"{title} says no {field}", f"add {field}="
        case "extra_forbidden" | "unexpected_keyword_argument":
            fields = _fields(title)
            return f"{title} has no {field}{did_you_mean(field, fields)}", f"{title} has {', '.join(fields)}"
        case "unexpected_positional_argument":
            return (
                f"{title}(...) has {given} without a name",
                f"write it as name=value; {title} has {', '.join(_fields(title))}",
            )
        case "union_tag_invalid":
            tag, choices = problem["ctx"]["tag"], problem["ctx"]["expected_tags"].replace("'", "").split(", ")
            return f"{field} cannot be {tag!r}{did_you_mean(tag, choices)}", f"choose one of: {', '.join(choices)}"
        case "union_tag_not_found" | "model_attributes_type" | "model_type":
            if isinstance(problem["input"], type):
                name = problem["input"].__name__
                return f"{field} is the class {name}", f"write {name}(), with its fields in the brackets"
            return f"{field} is {given}", "write it with a class of `search`, as Float(1e-3, 1.0, log=True) or SGD()"
        case "bool_type" if problem["loc"][-1] == "bool":  # the first of the four kinds of value
            return f"{field} is {given}", f"{field} should be a finite number, a text, True or False"
        case _:
            _, should, rest = problem["msg"].partition(" should ")
            return f"{field} is {given}", f"{field}{should}{rest}" if should else problem["msg"]


def _field(title: str, problem: ErrorDetails) -> str:
    """The field a problem lies in, as a study file writes it: "epochs", "space.hidden", "high"."""
    path: list[str | int] = list(problem["loc"])
    if path and path[-1] in _KINDS_OF_VALUE:
        path.pop()
    if path and isinstance(path[0], int) and path[0] < len(_fields(title)):  # an argument without its name
        path[0] = _fields(title)[path[0]]
    return ".".join(map(str, path))


def _fields(title: str) -> list[str]:
    """What can be written between the brackets of a class; not the tag that tells it from others in JSON."""
    import search  # which exports what a study file writes

    others = {cls.__name__: cls for cls in _subclasses(FrozenConfig)}
    fields = getattr(getattr(search, title, None) or others.get(title), "__pydantic_fields__", {})
    return [field for field, info in fields.items() if info.is_required() or field not in ("kind", "name")]


def _subclasses(parent: type) -> list[type]:
    children: list[type] = type.__subclasses__(parent)
    return [parent, *(each for child in children for each in _subclasses(child))]
