"""From a study's name to the study: finds its file, runs that one file, and says what is wrong with it.

Called by every command that begins from a study file (search.run above all). A study is named as its file is: `mlp` is
`studies/mlp.py`, of the current folder or of this installation; anything with a slash or `.py` is a path. Must not know
torch, Optuna or the database: a list of studies costs a look into two folders, and a study file imports words only.
"""

import reprlib
from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.config import augmentation
from models.config.base import FrozenConfig
from models.datasets import dataset_config as origin
from models.errors import UserError, did_you_mean
from search.config import study as spec

# --- what the checks of search.spec found, in two halves --------------------------------------------------------------


def translate(error: ValidationError, where: str) -> UserError:
    """The first problem pydantic found in the words of a study, as fact and remedy; `where` says in which file."""
    problems = error.errors(include_url=False)
    fact, remedy = _halves(error.title, problems[0])
    more = len({_field(error.title, problem) for problem in problems}) - 1
    return UserError(f"{where}: {fact}" + (f" (and {more} more)" if more else ""), remedy)


def _halves(word: str, problem: ErrorDetails) -> tuple[str, str]:
    """Fact and remedy of one problem with a word of a study file (`word` is "Study", "Float", ...)."""
    field, given = _field(word, problem), reprlib.repr(problem["input"])
    match problem["type"]:
        case "value_error":  # a rule of search.spec, which says "fact; remedy"
            fact, _, remedy = str(problem["ctx"]["error"]).rpartition("; ")
            return fact, remedy
        case "missing":
            return f"{word} says no {field}", f"add {field}="
        case "extra_forbidden" | "unexpected_keyword_argument":
            known = _fields(word)
            return f"{word} has no {field}{did_you_mean(field, known)}", f"{word} has {', '.join(known)}"
        case "unexpected_positional_argument":
            return (
                f"{word}(...) has {given} without a name",
                f"write it as name=value; {word} has {', '.join(_fields(word))}",
            )
        case "union_tag_invalid":
            tag, choices = problem["ctx"]["tag"], problem["ctx"]["expected_tags"].replace("'", "").split(", ")
            return f"{field} cannot be {tag!r}{did_you_mean(tag, choices)}", f"choose one of: {', '.join(choices)}"
        case "union_tag_not_found" | "model_attributes_type" | "model_type":
            if isinstance(kind := problem["input"], type):
                return (
                    f"{field} is the class {kind.__name__}",
                    f"write {kind.__name__}(), with its fields in the brackets",
                )
            return f"{field} is {given}", "write it with a word of `search`, as Float(1e-3, 1.0, log=True) or SGD()"
        case "bool_type" if problem["loc"][-1] == "bool":  # the first of the four kinds a value may be
            return f"{field} is {given}", f"{field} should be a finite number, a text, True or False"
        case _:
            _, should, rest = problem["msg"].partition(" should ")
            return f"{field} is {given}", f"{field}{should}{rest}" if should else problem["msg"]


def _field(word: str, problem: ErrorDetails) -> str:
    """The field a problem lies in, as a study file writes it: "epochs", "space.hidden", "high"."""
    place: list[str | int] = list(problem["loc"])
    if place and place[-1] in ("bool", "int", "float", "str"):  # kinds of value, of which each complains
        place.pop()
    if place and isinstance(place[0], int) and place[0] < len(_fields(word)):  # an argument without its name
        place[0] = _fields(word)[place[0]]
    return ".".join(map(str, place))


def _fields(word: str) -> list[str]:
    """What can be written between the brackets of a word; not the tag it carries to be told from others in JSON."""
    classes = {**vars(augmentation), **vars(origin), **vars(spec)} | {
        it.__name__: it for it in _subclasses(FrozenConfig)
    }
    fields = getattr(classes.get(word), "__pydantic_fields__", {})
    return [field for field, info in fields.items() if info.is_required() or field not in ("kind", "name")]


def _subclasses(kind: type[FrozenConfig]) -> Iterator[type[FrozenConfig]]:
    for each in kind.__subclasses__():
        yield from (each, *_subclasses(each))


# --- how things are written in a message ------------------------------------------------------------------------------


def _kind(thing: object) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else f"of type {type(thing).__name__}"
