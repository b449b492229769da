"""Conditions: what exists in a trial follows from them, and a slip in them is told in two lines."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from models.config.base import Value
from models.config.families import Mlp
from models.errors import UserError
from search.config.baseline import Baseline
from search.config.conditions import condition, existing
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.config.study_files import load
from search.record.fingerprint import fingerprint
from search.samplers.base import SamplerConfig
from search.samplers.grid import Grid
from search.samplers.qmc import QMC
from search.samplers.random import Random
from search.samplers.tpe import TPE
from tests.support.conditional import (
    FILE,
    GRID,
    KNOWN,
    SPACE,
    a_study,
    draws,
    write,
)


def belongs(space: Mapping[str, Range], name: str, values: Mapping[str, Value]) -> bool:
    """Whether a parameter exists: told from its conditions one by one, and from those of what it depends on."""
    return all(belongs(space, on, values) and values.get(on) in allowed for on, allowed in space[name].when)


# Ranges of every kind, with values that a condition could name.
KINDS: dict[str, tuple[Range, tuple[Value, ...]]] = {
    "activation": (Choice(("relu", "leaky_relu", "tanh")), ("relu", "leaky_relu", "tanh")),
    "batch_size": (Int(8, 64, factor=2), (8, 16, 32, 64)),
    "depth": (Int(1, 4), (1, 2, 3, 4)),
    "momentum": (Float(0.1, 0.9, log=True, low_is_zero=True), ()),
    "final_factor": (Float(0.0, 1.0, step=0.25), ()),
}


@st.composite
def spaces(draw: st.DrawFn) -> dict[str, Range]:
    """A space in which each parameter may depend on those before it in some order."""
    names = draw(st.permutations(sorted(KINDS)))
    space: dict[str, Range] = {"learning_rate": Float(0.1, 1.0), "hidden": Int(4, 8)}
    for index, name in enumerate(names):
        on = [other for other in names[:index] if KINDS[other][1]]
        chosen = draw(st.lists(st.sampled_from(on), max_size=2, unique=True)) if on else []
        when = {other: draw(st.sets(st.sampled_from(KINDS[other][1]), min_size=1)) for other in chosen}
        space[name] = dataclasses.replace(KINDS[name][0], when={other: tuple(values) for other, values in when.items()})
    return dict(draw(st.permutations(sorted(space.items()))))


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spaces(), st.sampled_from([TPE(startup=3), Random(), QMC(), "grid"]), st.integers(0, 2**31))
def test_a_parameter_is_absent_exactly_where_its_conditions_do_not_hold(
    space: dict[str, Range], sampler: SamplerConfig | str, seed: int
) -> None:
    if sampler == "grid":
        ends = {"learning_rate": (0.1, 1.0), "hidden": (4,), "momentum": (0.0, 0.5), "final_factor": (0.25,)}
        sampler = Grid(values=ends | {name: KINDS[name][1] for name in ("activation", "batch_size", "depth")})
    try:
        study = a_study(sampler, space, seed=seed)  # type: ignore[arg-type]
    except ValueError as error:
        assume("can never exist" not in str(error))
        raise
    for drawn in draws(study, 20):
        for name, search_range in space.items():
            assert (name in drawn) == belongs(space, name, drawn)
            assert name not in drawn or search_range.contains(drawn[name])
        assert set(study.to_external(drawn)) == {*drawn, "weight_decay"}
        assert study.to_internal(study.to_external(drawn)) == drawn


def test_conditions_on_conditional_parameters_reach_through() -> None:
    space: dict[str, Range] = {
        "a": Choice(("x", "y")),
        "b": Int(1, 2, when={"a": "x"}),
        "c": Float(0.0, 1.0, when={"b": 2}),
    }
    assert existing(space, {"a": "x", "b": 2, "c": 0.5}) == {"a": "x", "b": 2, "c": 0.5}
    assert existing(space, {"a": "x", "b": 1, "c": 0.5}) == {"a": "x", "b": 1}
    assert existing(space, {"a": "y", "b": 2, "c": 0.5}) == {"a": "y"}


def test_one_is_not_true() -> None:
    space: dict[str, Range] = {
        "a": Choice((True, False)),
        "b": Int(1, 2),
        "c": Float(0.0, 1.0, when={"a": True, "b": 1}),
    }
    assert existing(space, {"a": True, "b": 1, "c": 0.5}) == {"a": True, "b": 1, "c": 0.5}
    assert existing(space, {"a": 1, "b": 1, "c": 0.5}) == {"a": 1, "b": 1}


def test_a_condition_is_told_in_words() -> None:
    assert condition(SPACE["final_factor"]) == "where activation is relu and batch_size is 32 or 64"
    assert condition(SPACE["depth"]) == ""


@pytest.mark.parametrize("name", SPACE)
def test_a_range_with_conditions_comes_back_from_json_as_it_went(name: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Range)
    assert adapter.validate_json(adapter.dump_json(SPACE[name])) == SPACE[name]
    assert hash(adapter.validate_json(adapter.dump_json(SPACE[name]))) == hash(SPACE[name])


def test_a_conditional_study_comes_back_from_json_as_it_went() -> None:
    study = a_study(GRID, baselines=[Baseline("known", **KNOWN)])
    assert Study.model_validate_json(study.model_dump_json()) == study


# --- steps by a factor ------------------------------------------------------------------------------------------------


def test_a_factor_leads_from_each_value_to_the_next() -> None:
    assert Int(32, 256, factor=2).values == (32, 64, 128, 256)
    assert Int(5, 45, factor=3).values == (5, 15, 45)
    assert [value for value in range(300) if Int(32, 256, factor=2).contains(value)] == [32, 64, 128, 256]


def test_a_baseline_states_what_exists_in_it() -> None:
    for more in ({"depth": 2, "momentum": 0.0}, {"batch_size": 32, "activation": "relu", "final_factor": 0.5}, {}):
        a_study(baselines=[Baseline("known", **{**KNOWN, **more})])  # and is not refused


# --- what is fixed ----------------------------------------------------------------------------------------------------


def test_a_plain_value_in_a_space_is_fixed() -> None:
    study = a_study()
    assert study.fixed == {"weight_decay": 0.0}
    assert "weight_decay" not in study.space
    assert study.to_external(study.to_internal(KNOWN)) == {**KNOWN, "weight_decay": 0.0}


def test_a_baseline_may_state_what_is_fixed() -> None:
    assert (
        a_study(baselines=[Baseline("known", **KNOWN, weight_decay=0.0)]).to_internal(KNOWN | {"weight_decay": 0.0})
        == KNOWN
    )


def test_a_fingerprint_tells_conditions_and_what_is_fixed() -> None:
    flat = fingerprint(a_study(baselines=[Baseline("known", **KNOWN)]), "f00", "cpu")
    assert flat["fixed.weight_decay"] == 0.0
    assert flat["space.batch_size"] == "Int 16..64 log factor 2"
    assert flat["space.momentum"] == "Float 0.001..0.9 log low is zero where depth is 2 or 3"
    assert flat["baseline.0"] == "batch_size 16, learning_rate 0.1, hidden 8, activation tanh, depth 1"


def test_a_study_without_them_has_the_fingerprint_that_it_had() -> None:
    space = {"learning_rate": Float(0.1, 1.0), "hidden": Int(4, 8), "weight_decay": Float(0.0, 0.1)}
    flat = fingerprint(Study(family=Mlp(), space=space), "f00", "cpu")
    assert [key for key in flat if key.startswith(("space.", "fixed"))] == [f"space.{name}" for name in space]
    assert flat["space.hidden"] == "Int 4..8"


# --- slips, as the command tells them ---------------------------------------------------------------------------------

WHEN, BATCHES, LARGE = 'when={"depth": (2, 3)}', "Int(16, 64, factor=2)", ', activation="tanh", momentum=0.0'
SLIPS = [
    (WHEN, 'when={"dpeth": 2}', "momentum depends on 'dpeth', which is not searched", "give 'dpeth' a range"),
    (WHEN, 'when="depth"', "when is 'depth'", 'write it as a dictionary, like when={"depth": (2, 3)}'),
    (
        WHEN,
        'when={"depth": 4}',
        "exists where depth is 4, which lies outside 1..3",
        "widen that range, or correct when=",
    ),
    (BATCHES, "Int(16, 100, factor=2)", "factor 2 does not lead from 16 to 100", "move a bound"),
    (
        BATCHES,
        "Choice((16, 32, 64))",
        "[16, 32, 64] are numbers, which have an order",
        "write an Int, with step= or factor=",
    ),
    (BATCHES, "Int(0, 64)", "batch_size can be 0, and should be greater than or equal to 1", "change its range"),
    (
        '"tanh")),',
        '"glu")),',
        'activation can be \'glu\', and should be "relu", "leaky_relu", "tanh", ',
        "change its range",
    ),
    (LARGE, ', activation="tanh"', "baseline 'large' does not say 'momentum'", "give it a value"),
    ("depth=1,", "depth=1, momentum=0.5,", "has 'momentum', which exists only where depth is 2 or 3", "leave it out"),
]


@pytest.mark.parametrize(("word", "instead", "fact", "remedy"), SLIPS, ids=[instead for _, instead, _, _ in SLIPS])
def test_a_slip_is_told_in_two_lines(word: str, instead: str, fact: str, remedy: str, tmp_path: Path) -> None:
    assert word in FILE
    with pytest.raises(UserError) as caught:
        load(str(write(tmp_path, FILE.replace(word, instead, 1))))
    assert fact in caught.value.what
    assert caught.value.remedy.startswith(remedy)
