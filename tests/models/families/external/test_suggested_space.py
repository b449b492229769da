"""Ranges that are read from a function's own calls."""

import pytest
from pydantic import TypeAdapter

from models.families.external.suggested_space import choice_of, choices, line_for, suggested_space
from search.config.space import Choice, Float, Int, Range


def _read(calls: str) -> dict[str, object]:
    return suggested_space(f"LOW = 1e-4\n\ndef objective(trial):\n    {calls}\n", "train.py")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('trial.suggest_float("x", 1e-3, 1.0, log=True)', Float(1e-3, 1.0, log=True)),
        ('trial.suggest_float(name="x", low=0, high=1, step=0.25)', Float(0, 1, step=0.25)),
        ('trial.suggest_float("x", LOW, 1)', Float(1e-4, 1.0)),
        ('trial.suggest_loguniform("x", LOW, 1)', Float(1e-4, 1.0, log=True)),
        ('trial.suggest_discrete_uniform("x", 0, 1, 0.4)', Float(0, 0.8, step=0.4)),
        ('trial.suggest_int("x", 4, 128, log=True)', Int(4, 128, log=True)),
        ('trial.suggest_int("x", 1, 9, step=3)', Int(1, 7, step=3)),
        ('trial.suggest_categorical("x", ["Adam", "SGD"])', Choice(("Adam", "SGD"))),
        ('trial.suggest_categorical("x", [True, False])', Choice((True, False))),
        ('trial.suggest_categorical("x", [32, 64, 128])', Int(32, 128, factor=2)),
        ('trial.suggest_categorical("x", [10, 20, 30])', Int(10, 30, step=10)),
        ('trial.suggest_categorical("x", [16, 32, 100])', Choice(("16", "32", "100"))),
        ('trial.suggest_categorical("x", [None, "l2"])', Choice(("None", "l2"))),
    ],
)
def test_a_call_is_read_as_the_range_that_optuna_would_draw_from(call: str, expected: Range) -> None:
    assert TypeAdapter(Range).validate_python(_read(call)["x"]) == expected


def test_one_value_is_no_range() -> None:
    assert _read('trial.suggest_categorical("x", ["SGD"]); trial.suggest_int("n", 3, 3)') == {"x": "SGD", "n": 3}


@pytest.mark.parametrize("value", [16, 100, None, "l2", True])
def test_a_choice_that_is_held_as_text_is_found_again(value: object) -> None:
    values = [16, 32, 100, None, "l2", True]
    held = choices(values)["values"][values.index(value)]
    assert choice_of(held, values) is value


def test_what_is_not_written_out_is_told_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"train.py, line 4: the range of 'x' .* space=\{\"x\": Float\(0.0, 1.0\)\}"):
        _read('trial.suggest_float("x", low, high)')
    with pytest.raises(ValueError, match="'x' is suggested with two ranges"):
        _read('trial.suggest_float("x", 0, 1); trial.suggest_float("x", 0, 2)')


def test_what_the_study_says_need_not_be_written_out() -> None:
    text = 'trial.suggest_float("x", low, high); trial.suggest_int("n", 1, 8)'
    assert suggested_space(text, "train.py", ["x"]).keys() == {"n"}


@pytest.mark.parametrize(
    ("method", "arguments", "options", "line"),
    [
        ("suggest_float", (0.0, 0.5), {"step": None, "log": True}, '"x": Float(0.0, 0.5, log=True),'),
        ("suggest_int", (1, 8), {"step": None, "log": False}, '"x": Int(1, 8),'),
        ("suggest_categorical", (["a", "b"],), {}, "\"x\": Choice(('a', 'b')),"),
    ],
)
def test_a_missing_parameter_is_told_as_the_line_to_add(
    method: str, arguments: tuple[object, ...], options: dict[str, object], line: str
) -> None:
    assert line_for("x", method, arguments, options) == line
