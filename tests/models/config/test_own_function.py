"""A function of a study file as plain data: made anew from its text, with what it needs, and known by that."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.config.own_function import OwnFunction, own_function
from models.errors import UserError

FACTOR = 3


def scaled(hidden: int) -> int:
    return FACTOR * hidden


def as_json(function: Any) -> OwnFunction:
    """What another process has of it."""
    return OwnFunction.model_validate_json(own_function(function).model_dump_json())


def test_a_lambda_and_a_function_are_made_anew() -> None:
    halved, other = as_json(lambda hidden: hidden // 2), as_json(lambda hidden, factor=2: hidden * factor)
    assert halved(hidden=9) == 4
    assert halved.text == "lambda hidden: hidden // 2"
    assert (other.needs, other.takes) == (("hidden",), ("factor",))
    assert other(hidden=4) == 8
    assert as_json(scaled)(hidden=5) == 15
    assert as_json(scaled).text == "scaled"


def test_of_several_in_one_line_it_is_the_right_one() -> None:
    made = [as_json(each)(3) for each in (lambda a: a + 1, lambda a: a + 2, lambda b: b + 1)]
    assert made == [4, 5, 4]
    assert [as_json(each).needs for each in (lambda a: a + 1, lambda b: b + 1)] == [("a",), ("b",)]


def test_arguments_that_are_not_there_are_left_to_their_defaults() -> None:
    function = as_json(lambda low, high=9: low < high)
    assert function.given({"low": 1, "other": 2}) == {"low": 1}
    assert function.given({"high": 1}) is None


def module(folder: Path, text: str) -> Any:
    import importlib.util

    file = folder / "rules.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location("rules", file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_what_it_needs_counts_and_what_stands_around_it_does_not(tmp_path: Path) -> None:
    text = "HALF = 2\nOTHER = 1\nhalf = lambda hidden: hidden // HALF\n"
    before = own_function(module(tmp_path, text).half)
    assert own_function(module(tmp_path, text.replace("OTHER = 1", "# a remark")).half).sha256 == before.sha256
    assert own_function(module(tmp_path, text.replace("HALF = 2", "HALF = 3")).half).sha256 != before.sha256
    assert "OTHER" not in before.source
    assert before(hidden=9) == 4


def test_what_it_raises_is_told_in_two_lines() -> None:
    with pytest.raises(UserError, match=r"lambda hidden: 1 // hidden raised ZeroDivisionError for hidden=0") as told:
        own_function(lambda hidden: 1 // hidden)(hidden=0)
    assert told.value.remedy.startswith("correct it in ")


def closure() -> Callable[[int], int]:
    inner = 3
    return lambda hidden: hidden * inner


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (closure(), "uses 'inner' of the function around it"),
        (len, "len is no function written in Python; write a lambda"),
        (eval("lambda hidden: hidden"), "was typed in and is in no file"),
    ],
)
def test_what_another_process_could_not_make_is_refused(function: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        own_function(function)
