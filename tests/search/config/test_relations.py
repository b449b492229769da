"""Parameters that follow from others, and relations of parameters: every sampler obeys, every table has them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from models.config.families import Mlp
from models.datasets.source import Source
from models.errors import UserError
from search.config.baseline import Baseline
from search.config.relations import Derived
from search.config.space import Choice, Float, Int
from search.config.study import Study
from search.loop.suggestions import complete
from search.record.fingerprint import fingerprint
from search.record.store import Store
from search.record.trials_frame import trials_frame
from search.samplers.base import SamplerConfig
from search.samplers.gp import GP
from search.samplers.grid import Grid
from search.samplers.optuna import OptunaSampler
from search.samplers.qmc import QMC
from search.samplers.random import Random
from search.samplers.staged import Staged
from search.samplers.tpe import TPE
from tests.support.cuts import cut_before, run
from tests.support.memory_record import MemoryRecord
from tests.support.runs import table

SPACE: dict[str, Any] = {
    "learning_rate": Float(0.05, 1.0, log=True),
    "weight_decay": 0.0,
    "low": Int(1, 32),
    "hidden": Derived(lambda low, high: low + high),
    "high": Int(1, 32),
    "dropout": Derived(lambda hidden: hidden / 1000),
}
KNOWN = {"learning_rate": 0.1, "low": 2, "high": 9}


def study(**fields: Any) -> Study:
    space = {name: SPACE[name] for name in ("learning_rate", "weight_decay", "low", "high", "hidden", "dropout")}
    given: dict[str, Any] = {"space": space, "where": lambda low, high: low < high} | fields
    return Study(family=Mlp(), data="digits", **given)


def draws(of: Study, count: int) -> list[dict[str, Any]]:
    record = MemoryRecord(of, lambda row: [(1.0 - abs(float(row.params["low"]) - 20) / 40, 0.5)])
    record.fill(count, record.mirror())
    return [row.params for row in record.rows]


def test_what_follows_is_trained_and_shown_and_never_searched() -> None:
    of = study(baselines=(Baseline("known", **KNOWN),))
    assert set(of.space) == {"learning_rate", "low", "high"}
    assert of.to_external(KNOWN) == {**KNOWN, "weight_decay": 0.0, "hidden": 11, "dropout": 0.011}
    assert of.example["hidden"] == 11
    again = Study.model_validate_json(of.model_dump_json())
    assert again == of
    assert again.to_external(KNOWN)["hidden"] == 11


SAMPLERS = (
    QMC(),
    TPE(startup=5),
    OptunaSampler("QMCSampler"),
    OptunaSampler("NSGAIISampler", population_size=8),
)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.describe()[:14])
def test_every_draw_satisfies_the_relation_and_is_the_same_after_a_crash(sampler: SamplerConfig) -> None:
    of = study(sampler=sampler)
    undisturbed = draws(of, 24)
    assert all(params["low"] < params["high"] for params in undisturbed)
    assert len({params["learning_rate"] for params in undisturbed}) > 12
    broken = MemoryRecord(of, lambda row: [(1.0 - abs(float(row.params["low"]) - 20) / 40, 0.5)])
    for number in range(1, 25):
        broken.fill(number, broken.mirror())
    assert [row.params for row in broken.rows] == undisturbed


def test_tpe_draws_a_batch_that_is_allowed() -> None:
    of = study(sampler=TPE(startup=5))
    record = MemoryRecord(of, lambda row: [(0.5, 0.5)])
    mirror = record.mirror()
    record.fill(12, mirror)
    first = [of.sampler.propose(of, number, mirror, 8 - index) for index, number in enumerate(range(12, 20))]
    assert all(params is not None and of.allows(params) for params in first)


def test_a_rare_region_is_found_by_random_draws_where_a_sampler_does_not() -> None:
    of = study(sampler=TPE(startup=5), where=lambda low, high: (low, high) == (31, 32))
    assert [(params["low"], params["high"]) for params in draws(of, 8)] == [(31, 32)] * 8


def test_a_grid_has_the_combinations_that_are_allowed() -> None:
    of = study(sampler=Grid(values={"learning_rate": (0.1,), "low": (1, 5, 9), "high": (2, 5, 8)}))
    drawn = {(params["low"], params["high"]) for params in draws(of, 20)}
    assert drawn == {(1, 2), (1, 5), (1, 8), (5, 8)}
    assert len(draws(of, 20)) == 4


def test_without_a_relation_nothing_is_drawn_otherwise() -> None:
    for sampler in (QMC(), TPE(startup=5)):
        free = study(sampler=sampler, where=())
        assert draws(free, 12) == draws(study(sampler=sampler, where=lambda low: low > 0), 12)


def test_a_suggestion_is_completed_so_that_it_satisfies_the_relation() -> None:
    for number in range(8):
        assert complete(study(), number, {"low": 30})["high"] > 30
    with pytest.raises(ValueError, match="none satisfies where=lambda low, high: low < high"):
        complete(study(), 0, {"low": 32})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"where": lambda low, hihg: low < hihg},
            "where: lambda low, hihg: low < hihg is of 'hihg', which is no param",
        ),
        ({"where": lambda: True}, r"where: lambda: True has no argument; name the parameters"),
        (
            {"where": lambda low: low > 32},
            "where: none of 5000 configurations drawn from the space satisfies lambda low",
        ),
        ({"where": lambda low: low.nothing}, "raised AttributeError for low="),
        (
            {"baselines": (Baseline("b", learning_rate=0.1, low=9, high=9),)},
            "baseline 'b' does not satisfy where=lambda",
        ),
        (
            {"baselines": (Baseline("b", learning_rate=0.1, low=2, high=9, hidden=12),)},
            "baseline 'b' has hidden = 12, which follows from the others as 11; leave it out there",
        ),
        ({"space": SPACE, "where": ()}, None),
        (
            {"space": {**SPACE, "dropout": Derived(lambda hidden: 2 * hidden)}, "where": ()},
            r"space: dropout can be \d+, and should be less than 1",
        ),
        (
            {"space": {**SPACE, "hidden": Derived(lambda low, high, dropout: 1)}, "where": ()},
            "lambda low, high, dropout: 1 is of 'dropout', which comes later; move it behind that",
        ),
        (
            {"space": {**SPACE, "hidden": Derived(lambda low, high: [low, high])}, "where": ()},
            "is of type list for low =",
        ),
        (
            {"sampler": Staged(start={"low": 1, "high": 3}, stages={"learning_rate": (0.1,)})},
            "where: staged tries fixed values one by one",
        ),
    ],
)
def test_what_does_not_fit_is_told_when_the_study_is_read(fields: dict[str, Any], told: str | None) -> None:
    if told is None:
        study(**fields)
        return
    with pytest.raises(ValidationError, match=told):
        study(**fields)


def test_a_relation_of_what_does_not_exist_holds_and_nothing_follows() -> None:
    space = {
        "learning_rate": 0.1,
        "weight_decay": 0.0,
        "hidden": Int(4, 9),
        "activation": Choice(("relu", "tanh")),
        "slope": Float(0.1, 0.5, when={"activation": "relu"}),
        "dropout": Derived(lambda slope: slope / 2),
    }
    of = Study(family=Mlp(), data="digits", space=space, where=lambda slope, hidden: hidden > 5 + slope)
    assert of.allows({"hidden": 4, "activation": "tanh"})
    assert not of.allows({"hidden": 4, "activation": "relu", "slope": 0.2})
    assert "dropout" not in of.to_external({"hidden": 4, "activation": "tanh"})
    assert of.to_external({"hidden": 9, "activation": "relu", "slope": 0.2})["dropout"] == 0.1


def test_what_the_functions_say_belongs_to_the_fingerprint_and_only_that() -> None:
    plain = fingerprint(study(where=()), "data", "cpu")
    related = fingerprint(study(), "data", "cpu")
    assert related["where.0"] == "lambda low, high: low < high"
    assert related["derived.hidden"] == "lambda low, high: low + high"
    assert set(related.keys() - plain.keys()) == {"where.0", "where.0.sha256"}
    other = fingerprint(study(where=lambda low, high: low <= high), "data", "cpu")
    assert [key for key in other if other[key] != related[key]] == ["where.0", "where.0.sha256"]
    untouched = Study(
        family=Mlp(), data="digits", space={"learning_rate": 0.1, "weight_decay": 0.0, "hidden": Int(4, 9)}
    )
    assert not [key for key in fingerprint(untouched, "data", "cpu") if "where" in key or "derived" in key]


SMALL: dict[str, Any] = {
    "epochs": 3,
    "trials": 18,
    "engines": 1,
    "lanes": 3,
    "baselines": (Baseline("known", **KNOWN),),
}


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [GP(), Random()], ids=lambda sampler: sampler.name)
def test_a_search_obeys_and_is_the_same_after_a_kill(sampler: SamplerConfig, tmp_path: Path, digits: Source) -> None:
    of, url = study(sampler=sampler, **SMALL), f"sqlite:///{tmp_path}/it.db"
    assert run(of, url, digits)
    rows, _ = table(url)
    assert len(rows) == 18
    assert all(row.params["low"] < row.params["high"] for row in rows)
    record = Store(url, create=False).find("small")
    assert record is not None
    frame = trials_frame(record, record.trials(), record.curves())
    assert list(frame["hidden"]) == [row.params["low"] + row.params["high"] for row in rows]
    assert (frame["hidden"].dtype.name, frame["dropout"].dtype.name) == ("Int64", "Float64")
    broken = f"sqlite:///{tmp_path}/broken.db"
    assert cut_before(5, of, broken, digits, always_keep=True)
    assert run(of, broken, digits)
    assert [row.params for row in table(broken)[0]] == [row.params for row in rows]


def test_two_lines_where_no_draw_is_allowed_any_more() -> None:
    of = study(sampler=QMC()).model_copy(update={"where": study(where=lambda low: low < 2).where})
    never = of.model_copy(update={"space": {**of.space, "low": Int(5, 32)}})
    with pytest.raises(UserError, match="none satisfies where=lambda low: low < 2") as told:
        never.sampler.propose(never, 0, MemoryRecord(study(), lambda row: []).mirror())
    assert "widen the ranges" in told.value.remedy
