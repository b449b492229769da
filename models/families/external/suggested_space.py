"""Reads the ranges of an objective function from its `trial.suggest_*` calls. Nothing is run.

Knows the calls as Optuna has them, and ranges as plain data: what `Float`, `Int` and `Choice` of a study are in JSON.
"""

import ast
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

Suggestion = Any  # a range as plain data, {"kind": "float", ...}, or the one value that there is
_FLOATS = {"suggest_float", "suggest_uniform", "suggest_loguniform", "suggest_discrete_uniform"}
_CALLS = {*_FLOATS, "suggest_int", "suggest_categorical"}


def suggested_space(text: str, file: str, known: Collection[str] = ()) -> dict[str, Suggestion]:
    """Return the range of every parameter that a file suggests under a literal name, by name in the file's order.

    Args:
        text: The file's.
        file: Its name, for messages.
        known: Parameters whose range is given elsewhere: how they are suggested does not matter.

    Raises:
        ValueError: "fact; remedy", a line each, where a range cannot be read.
    """
    tree = ast.parse(text)
    constants = _constants(tree)
    found: dict[str, Suggestion] = {}
    problems = []
    for call, method in _calls(tree):
        arguments = _arguments(call)
        name = _literal(arguments.get("name"), constants)
        if not isinstance(name, str) or name in known:
            continue
        try:
            suggestion = _suggestion(method, {key: _literal(node, constants) for key, node in arguments.items()})
        except (KeyError, TypeError, ValueError):
            problems.append(
                f"{file}, line {call.lineno}: the range of {name!r} is not written out in the call; "
                f'give it in the study file, as space={{"{name}": {_example(method)}}}'
            )
            continue
        if found.setdefault(name, suggestion) != suggestion:
            problems.append(
                f"{file}, line {call.lineno}: {name!r} is suggested with two ranges; "
                f'give one in the study file, as space={{"{name}": {_example(method)}}}'
            )
    if problems:
        raise ValueError("\n".join(problems))
    return found


def line_for(name: str, method: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> str:
    """Return the line of a space that a call asks for: `"dropout": Float(0.0, 0.5),`."""
    if method == "suggest_categorical":
        return f'"{name}": Choice({tuple(arguments[0])!r}),'
    given = [
        *map(repr, arguments),
        *(f"{key}={value!r}" for key, value in options.items() if value not in (None, False)),
    ]
    return f'"{name}": {"Int" if method == "suggest_int" else "Float"}({", ".join(given)}),'


def choices(values: Sequence[Any]) -> Suggestion:
    """Return the range of a categorical parameter.

    Numbers in even steps have an order that a search can use. What no study file can hold, as None, or numbers without
    such steps, is named by its text; `choice_of` finds it again.
    """
    if len(values) == 1 and isinstance(values[0], bool | int | float | str):
        return values[0]
    if (steps := _even_steps(values)) is not None:
        return steps
    plain = all(isinstance(value, bool | int | float | str) for value in values)
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return {"kind": "choice", "values": list(values) if plain and not numbers else [str(value) for value in values]}


def choice_of(value: object, values: Sequence[Any]) -> Any:
    """Return which of the values of a call a trial has."""
    same = [each for each in values if type(each) is type(value) and each == value]
    like = [each for each in values if each == value or str(each) == value]
    return (same or like or [value])[0]


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr in _CALLS:
            yield call, call.func.attr


def _arguments(call: ast.Call) -> dict[str, ast.expr]:
    assert isinstance(call.func, ast.Attribute)
    positional = ("name", "choices") if call.func.attr == "suggest_categorical" else ("name", "low", "high", "q")
    return dict(zip(positional, call.args, strict=False)) | {it.arg: it.value for it in call.keywords if it.arg}


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Return the literal values that names have at the top level of a file."""
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value = _literal(node.value, found)
            if value is not _UNKNOWN:
                found[node.targets[0].id] = value
    return found


_UNKNOWN = object()


def _literal(node: ast.expr | None, constants: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return constants.get(node.id, _UNKNOWN)
    try:
        return _UNKNOWN if node is None else ast.literal_eval(node)
    except ValueError:
        return _UNKNOWN


def _suggestion(method: str, given: Mapping[str, Any]) -> Suggestion:
    """Return the range of a call. Raises KeyError, TypeError or ValueError where its arguments do not say it."""
    if any(value is _UNKNOWN for value in given.values()):
        raise ValueError
    if method == "suggest_categorical":
        return choices(list(given["choices"]))
    low, high, log = given["low"], given["high"], bool(given.get("log", method == "suggest_loguniform"))
    step = given.get("step", given.get("q"))
    if low == high:
        return low
    if method in _FLOATS:
        if step is not None:  # as Optuna does: the highest value that the steps reach
            high = low + step * math.floor((high - low) / step + 1e-9)
        return {"kind": "float", "low": float(low), "high": float(high), "log": log, "step": step}
    step = step or 1
    high -= (high - low) % step
    return {"kind": "int", "low": low, "high": high, "log": log, "step": step}


def _even_steps(values: Sequence[Any]) -> Suggestion | None:
    """Return the range of whole numbers that lie a step or a factor apart."""
    if len(values) < 2 or not all(type(value) is int for value in values):
        return None
    ordered = sorted(values)
    gaps = {later - before for before, later in pairwise(ordered)}
    if len(gaps) == 1 and 0 not in gaps:
        return {"kind": "int", "low": ordered[0], "high": ordered[-1], "step": gaps.pop()}
    factor = ordered[1] // ordered[0] if ordered[0] > 0 else 0
    if factor > 1 and all(later == factor * before for before, later in pairwise(ordered)):
        return {"kind": "int", "low": ordered[0], "high": ordered[-1], "factor": factor}
    return None


def _example(method: str) -> str:
    return {"suggest_int": "Int(1, 8)", "suggest_categorical": 'Choice(("a", "b"))'}.get(method, "Float(0.0, 1.0)")
