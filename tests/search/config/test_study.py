"""The rules of a study file: each one can be broken, and says how to mend it."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.config.families import Mlp
from models.config.optimizers import AdamW
from models.families.resnet import Resnet
from search.config.baseline import Baseline
from search.config.conditions import check_conditions
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.config.translate import translate
from search.pruners.halving import SuccessiveHalving
from search.pruners.optuna import OptunaPruner
from search.samplers.gp import GP
from search.samplers.grid import Grid
from search.samplers.random import Random
from search.samplers.staged import Staged
from search.samplers.tpe import TPE

SPACE: dict[str, Any] = {
    "learning_rate": Float(1e-3, 1.0, log=True),
    "hidden": Int(16, 512, log=True),
    "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
}
KNOWN = {"learning_rate": 0.01, "hidden": 100, "weight_decay": 0.0}
SEARCHED_DEPTH: dict[str, Any] = SPACE | {"depth": Int(1, 4)}
CONDITIONAL: dict[str, Any] = SEARCHED_DEPTH | {"momentum": Float(0.0, 0.9, when={"depth": (2, 3)})}
CELLS: dict[str, tuple[float, ...]] = {"learning_rate": (0.01, 0.1), "hidden": (16, 64), "weight_decay": (0.0,)}


class Clashing(Mlp):
    """A family that calls a parameter as the tables call a column."""

    optional_parameters: ClassVar[frozenset[str]] = frozenset({"epochs"})


def of_ones_own(hidden: int, width: int = 3) -> object:
    """A model, as far as a space can tell."""
    return hidden, width


def study(**changes: Any) -> Study:
    return Study(**{"family": Mlp(), "space": SPACE, **changes})


def staged(start: dict[str, float], stages: Any = (("learning_rate", (0.01, 0.1)),)) -> Study:
    return study(sampler=Staged(start=start, stages=stages))


def baseline(name: str = "known", **changes: Any) -> Baseline:
    return Baseline(name, **{**KNOWN, **changes})


# What breaks each rule, and the words that tell it.
SLIPS: list[tuple[Callable[[], object], str]] = [
    (lambda: Float(1.0, 0.1), "low 1 is not below high 0.1"),
    (lambda: Int(16, 16), "low 16 is not below high 16"),
    (lambda: Float(0.0, 1.0, log=True), "a log range cannot start at 0"),
    (lambda: Float(0.1, 1.0, log=True, step=0.1), "a log range has no step"),
    (lambda: Float(0.1, 1.0, low_is_zero=True), "low_is_zero is for log ranges"),
    (lambda: Int(0, 10, step=3), "step 3 does not lead from 0 to 10"),
    (lambda: Choice(("a", "b", "a")), "has a value twice"),
    (lambda: Choice((16, 32)), "numbers, which have an order"),
    (lambda: Int(32, 250, factor=2), "factor 2 does not lead from 32 to 250"),
    (lambda: Int(2, 8, when="depth"), "when is 'depth'"),
    (lambda: Int(2, 8, when={"depth": ()}), "when names no value of 'depth'"),
    (lambda: within(when={"dept": 2}), "steps depends on 'dept', which is not searched"),
    (lambda: within(when={"learning_rate": 0.1}), "depends on 'learning_rate', a Float"),
    (lambda: within(when={"depth": (2, 5)}), "exists where depth is 5, which lies outside 1..4"),
    (lambda: within(when={"steps": 2}), "steps -> steps depend on each other in a circle"),
    (lambda: within(when={"depth": 1, "width": 1}), "steps can never exist, as no value of 'depth'"),
    (lambda: study(data="minst"), "no data set is called 'minst'"),
    (lambda: study(space={**SPACE, "blocks": Int(1, 5)}), "mlp has no parameter 'blocks'"),
    (lambda: study(space={**SPACE, "final_factor": Float(0.0, 1.0)}), "mlp has no parameter 'final_factor'"),
    (lambda: study(space={"learning_rate": SPACE["learning_rate"]}), "'hidden' is missing"),
    (lambda: study(space={**KNOWN}), "nothing is searched"),
    (lambda: study(fixed={"hidden": 16}), "'hidden' is searched and fixed"),
    (lambda: study(space={**SPACE, "batch_size": Int(0, 64)}), "batch_size can be 0, and should be greater than or"),
    (lambda: study(space=SEARCHED_DEPTH | {"hidden": Int(16, 64, when={"depth": 2})}), "every trial needs 'hidden'"),
    (
        lambda: study(family=Clashing(), space={**SPACE, "epochs": Int(1, 9)}),
        "the tables have a column 'epochs' already",
    ),
    (lambda: study(space={**SPACE, "momentum": Float(0.0, 0.9)}, optimizer=AdamW()), "adamw has no momentum"),
    (lambda: study(optimizer=Choice(("sgd", "adamw"))), "optimizer is a range; write it in the space"),
    (lambda: study(space={**SPACE, "optimizer": Choice(("sgd", "adamm"))}), "no optimizer is called 'adamm'"),
    (
        lambda: study(space={**SPACE, "optimizer": Choice(("sgd", "adamw")), "momentum": Float(0.0, 0.9)}),
        "momentum means nothing to adamw",
    ),
    (lambda: study(space={**SPACE, "label_smoothing": Float(0.0, 1.0)}), "label_smoothing can be 1.0, and should be"),
    (lambda: study(loss="squared_error", label_smoothing=0.1), "label_smoothing: squared_error knows none"),
    (lambda: study(baselines=(baseline(), baseline())), "two have the same name"),
    (lambda: study(baselines=[Baseline("known", hidden=100)]), "'known' does not say 'learning_rate'"),
    (lambda: study(baselines=[baseline(momentum=0.9)]), "'momentum', which is not searched"),
    (lambda: study(space={**SPACE, "hidden": 32}, baselines=[baseline()]), "hidden = 100, which is fixed at 32"),
    (lambda: study(space=CONDITIONAL, baselines=[baseline(depth=1, momentum=0.5)]), "only where depth is 2 or 3"),
    (lambda: study(baselines=[baseline(hidden=8)]), "hidden = 8 lies outside its range"),
    (lambda: study(trials=1, baselines=[baseline(), Baseline("other", **KNOWN)]), "fewer than the 2 baselines"),
    (lambda: study(sampler=Grid(values={"hidden": (16,)})), "the grid has values for hidden"),
    (lambda: study(sampler=Grid(values={**CELLS, "hidden": (16, 16)})), "name each once"),
    (lambda: study(sampler=Grid(values={**CELLS, "hidden": (1024,)})), "hidden = 1024 lies outside its range"),
    (lambda: staged({"dropout": 0.5}), "'dropout' is not searched"),
    (lambda: study(space=CONDITIONAL, sampler=Staged(stages={"depth": (1, 2)})), "which when= lets come and go"),
    (lambda: staged({}, [("hidden", (16,)), ("hidden", (32,))]), "a parameter has two stages"),
    (lambda: staged({"hidden": 64}), "'weight_decay' has no value in the first stage"),
    (lambda: staged({"hidden": 64, "weight_decay": 0.0, "learning_rate": 0.1}), "start is not used for"),
    (lambda: study(data=3), "data is of type int"),
    (lambda: study(engines=2, lanes=(8, 8, 8)), "3 numbers for 2 engines"),
    (lambda: study(engines=2, lanes=(8, 0)), "0 is not from 1 to"),
    (lambda: study(family=of_ones_own, space=SPACE | {"width": Int(1, 9)}), "is told of the data by that name"),
    (lambda: study(precision="tf32"), 'mlp does not train in tf32; take "float32" or "bfloat16"'),
]


def within(when: dict[str, Any]) -> None:
    """Check a space in which `steps` depends on something."""
    check_conditions(SEARCHED_DEPTH | {"width": Int(1, 2, when={"depth": 2}), "steps": Int(1, 9, when=when)})


def breach(slip: Callable[[], object]) -> ValueError:
    """The spec's own error, out of pydantic's."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - pydantic's, or what it is made of
        slip()
    error = caught.value
    if isinstance(error, ValidationError):
        error = error.errors()[0]["ctx"]["error"]
    assert isinstance(error, ValueError)
    return error


@pytest.mark.slow
@pytest.mark.parametrize(("slip", "words"), SLIPS, ids=[words for _, words in SLIPS])
def test_a_slip_is_told_as_fact_and_remedy(slip: Callable[[], object], words: str) -> None:
    message = str(breach(slip))
    fact, semicolon, remedy = message.rpartition("; ")
    assert words in message
    assert fact
    assert semicolon
    assert remedy


PARTS: dict[str, list[Any]] = {
    "family": [Mlp(), "mlp", "mpl", Mlp, None],
    "space": [SPACE, CONDITIONAL, {}, {"hidden": (16, 512)}, {**SPACE, "dropout": 0.5}],
    "baselines": [[], [baseline()], [baseline(hidden=8)], [Baseline("known", hidden=100)], "known"],
    "sampler": [TPE(), "qmc", "tpee", Grid(values=CELLS), Grid(values={"hidden": (16,)}), TPE, 3],
    "pruner": [SuccessiveHalving(), "none", "peer", SuccessiveHalving, 0.5],
    "objective": ["accuracy", "loss", "acuracy", 1],
    "lanes": [8, (8, 8), (8, 8, 8), 0, "many"],
    "trials": [60, 0, 0.5],
}


@given(st.fixed_dictionaries({part: st.sampled_from(values) for part, values in PARTS.items()}))
def test_a_study_of_any_parts_loads_or_is_told_as_fact_and_remedy(parts: dict[str, Any]) -> None:
    try:
        study(**parts)
    except ValidationError as error:
        told = translate(error, "own.py, line 3")
        assert told.what.startswith("own.py, line 3: ")
        assert "\n" not in told.what
        assert told.remedy
        assert not told.remedy.startswith("Input")


@pytest.mark.parametrize(
    ("range_", "inside", "outside"),
    [
        (Float(0.1, 1.0), [0.1, 1.0, 1], [0.0, 1.01, True, "1"]),
        (Float(0.1, 0.7, step=0.2), [0.1, 0.3, 0.7], [0.2, 0.9]),
        (Float(1e-3, 1.0, log=True, low_is_zero=True), [0, 0.0, 1e-3], [1e-4, -1.0, False]),
        (Int(2, 10, step=4), [2, 6, 10, 6.0], [4, 14, 6.5, True, "6"]),
        (Choice(("relu", "tanh", True)), ["relu", True], ["gelu", 1, False]),
    ],
)
def test_a_range_contains_what_a_trial_could_be_given(range_: Any, inside: list[Any], outside: list[Any]) -> None:
    assert all(range_.contains(value) for value in inside)
    assert not any(range_.contains(value) for value in outside)


@given(st.floats(1e-7, 1e-2), st.integers(16, 512), st.floats(1e-3, 1.0))
def test_drawn_undoes_told(weight_decay: float, hidden: int, learning_rate: float) -> None:
    drawn = {"learning_rate": learning_rate, "hidden": hidden, "weight_decay": weight_decay}
    assert study().to_internal(study().to_external(drawn)) == drawn


def test_the_low_end_is_trained_as_zero() -> None:
    assert study().to_external({**KNOWN, "weight_decay": 1e-7}) == {**KNOWN, "weight_decay": 0.0}


def test_a_zero_is_held_as_the_low_end() -> None:
    assert study().to_internal(KNOWN) == {"learning_rate": 0.01, "hidden": 100, "weight_decay": 1e-7}


def test_drawn_has_the_types_of_the_ranges() -> None:
    drawn = study().to_internal({"learning_rate": 1, "hidden": 100.0, "weight_decay": 0})
    assert {name: type(value) for name, value in drawn.items()} == {
        "learning_rate": float,
        "hidden": int,
        "weight_decay": float,
    }


def test_a_study_comes_back_from_json_as_it_went() -> None:
    full = study(
        baselines=[baseline(published={"test_accuracy": 0.97})],
        sampler=Grid(values=CELLS),
        pruner=OptunaPruner(kind="MedianPruner", arguments={"n_startup_trials": 3}),
        optimizer=AdamW(betas=(0.8, 0.99)),
        seed=2**63 - 1,
    )
    assert Study.model_validate_json(full.model_dump_json()) == full


@given(
    st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text())
)
def test_a_value_keeps_its_type_through_json(value: Any) -> None:
    kept = Baseline.model_validate_json(Baseline("b", value=value).model_dump_json()).parameters["value"]
    assert (type(kept), kept) == (type(value), value)


@pytest.mark.parametrize("range_", [SPACE["hidden"], SPACE["weight_decay"], Choice(("relu", 1, True))])
def test_a_range_comes_back_from_json_as_it_went(range_: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Range)
    assert adapter.validate_json(adapter.dump_json(range_)) == range_


@pytest.mark.parametrize("word", [study(), baseline(), SPACE["hidden"], Choice(("a", "b")), SuccessiveHalving()])
def test_a_word_cannot_be_changed(word: Any) -> None:
    field = next(iter(type(word).__pydantic_fields__))
    with pytest.raises((ValidationError, AttributeError), match=r"frozen|assign"):
        setattr(word, field, getattr(word, field))


@pytest.mark.parametrize(
    "slip",
    [
        lambda: study(epoch=3),
        lambda: Mlp(dept=2),
        lambda: SuccessiveHalving(share=0.5),
        lambda: Float(0.0, 1.0, lo=True),
    ],  # type: ignore[call-arg]
)
def test_an_unknown_field_is_refused(slip: Callable[[], object]) -> None:
    with pytest.raises(ValidationError, match=r"not permitted|Unexpected keyword"):
        slip()


def test_a_name_stands_for_a_word_with_its_usual_values() -> None:
    named = study(sampler="random", pruner="successive_halving", optimizer="adamw", schedule="constant", family="mlp")
    assert named == study(sampler=Random(), pruner=SuccessiveHalving(), optimizer=AdamW())
    assert study().sampler == GP()


def test_a_baseline_spelled_out_is_the_one_in_a_dump() -> None:
    spelled = Baseline("notebook", published={"test_accuracy": 0.97}, **KNOWN)
    assert Baseline(**spelled.model_dump()) == spelled
    assert spelled.parameters == KNOWN


def test_a_parameter_of_one_optimizer_exists_beside_it_alone() -> None:
    searched = {"optimizer": Choice(("sgd", "adamw")), "momentum": Float(0.0, 0.9, when={"optimizer": "sgd"})}
    both = study(space=SPACE | searched | {"warmup": Float(0.0, 0.2), "clip_norm": Float(0.1, 10.0, log=True)})
    assert both.optimizer_of({"optimizer": "adamw"}) == AdamW()
    assert both.optimizer_of({}) == both.optimizer


def test_places_are_the_lanes_of_all_engines() -> None:
    assert study(engines=3, lanes=5).places == 15


@pytest.mark.parametrize("even", [Float(1e-4, 1.0), Int(1, 2000)])
def test_an_even_range_over_orders_of_magnitude_is_warned_of(even: Range) -> None:
    (warning,) = study(space={**SPACE, "learning_rate" if isinstance(even, Float) else "hidden": even}).warnings
    assert warning.endswith("add log=True if orders of magnitude should count alike")


@pytest.mark.parametrize("usual", [Float(1e-4, 1.0, log=True), Float(0.0, 1.0), Int(1, 512)])
def test_usual_ranges_are_not_warned_of(usual: Range) -> None:
    assert study(space={**SPACE, "hidden" if isinstance(usual, Int) else "learning_rate": usual}).warnings == ()


def test_a_note_says_where_trials_of_a_module_do_not_train_together() -> None:
    rates = {"learning_rate": Float(1e-3, 1.0, log=True), "weight_decay": 0.0}
    (note,) = Study(family=Resnet(), space=rates | {"hidden": Int(8, 64)}, epochs=1, trials=4).warnings
    assert note.endswith("they train together where the space builds at most 4 different models")
    assert Study(family=Resnet(), space=rates | {"hidden": Int(8, 16, factor=2)}, epochs=1, trials=4).warnings == ()
