"""Two objectives: the front is Optuna's too, trials wait and go on by how they stand to each other, limits are kept."""

from pathlib import Path
from typing import Any

import optuna
import pytest

from models.config.families import Mlp
from models.datasets.source import Source
from models.errors import UserError
from search.cli.reproduce import reproduce
from search.config.baseline import Baseline
from search.config.limits import Constraint
from search.config.space import Float, Int
from search.config.study import Study
from search.front import layers
from search.launch import Prepared
from search.loop.history import SearchHistory
from search.loop.suggestions import complete
from search.pruners.expected_gain import ExpectedGain
from search.pruners.promotion import Promotion
from search.record.record import Record
from search.record.store import Store
from search.record.trials_frame import trials_frame
from search.samplers.base import SamplerConfig
from search.samplers.gp import GP
from search.samplers.optuna import OptunaSampler
from search.samplers.random import Random
from search.samplers.tpe import TPE
from tests.support.cuts import cut_before, run
from tests.support.runs import assert_whole, table, without_seconds

optuna.logging.set_verbosity(optuna.logging.WARNING)


def study(**fields: Any) -> Study:
    space = {"learning_rate": Float(0.01, 1.0, log=True), "hidden": Int(2, 64, log=True), "weight_decay": 0.0}
    given: dict[str, Any] = {
        "objective": ("accuracy", "parameters"),
        "baselines": (Baseline("known", learning_rate=0.1, hidden=16),),
        "epochs": 4,
        "trials": 20,
        "engines": 1,
        "lanes": 4,
    }
    return Study(family=Mlp(), data="digits", space=space, **(given | fields))


def searched(of: Study, url: str, digits: Source) -> Record:
    assert run(of, url, digits)
    record = Store(url, create=False).find("small")
    assert record is not None
    return record


SEARCHES: dict[str, dict[str, Any]] = {
    "default": {},
    "promotion by TPE": {"sampler": TPE(startup=6), "pruner": Promotion()},
    "halving by NSGA-II": {"sampler": OptunaSampler("NSGAIISampler", population_size=6), "pruner": "none", "epochs": 2},
}


@pytest.mark.slow
@pytest.mark.parametrize("of", SEARCHES.values(), ids=SEARCHES)
def test_the_front_is_what_plain_optuna_says_and_is_the_same_after_a_kill(
    of: dict[str, Any], tmp_path: Path, digits: Source
) -> None:
    url = f"sqlite:///{tmp_path}/it.db"
    record = searched(study(**of), url, digits)
    plain = optuna.load_study(study_name="small", storage=url)
    assert [direction.name for direction in plain.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert plain.metric_names == ["accuracy", "parameters"]
    assert len(plain.trials_dataframe()) == 20
    rows = record.trials()
    complete = [row for row in rows if row.state == "complete"]
    points = [(-(row.value or 0.0), row.second or 0.0) for row in complete]
    front = {row.number for row, layer in zip(complete, layers(points), strict=True) if layer == 0}
    assert {trial.number for trial in plain.best_trials} == front
    assert len(front) >= 3
    for row in complete:
        hidden = int(row.params["hidden"])
        assert row.second == (784 + 1) * hidden + (hidden + 1) * 10
    frame = trials_frame(record, rows, record.curves())
    assert frame["parameters"].dropna().astype(int).tolist() == [
        795 * int(row.params["hidden"]) + 10 for row in rows if record.curve(row.number)
    ]
    broken = f"sqlite:///{tmp_path}/broken.db"
    cut_before(9, study(**of), broken, digits, always_keep=True)
    assert run(study(**of), broken, digits)
    assert table(broken) == table(url)
    assert_whole(url)


@pytest.mark.slow
def test_trials_wait_by_their_layer_and_by_what_they_add_to_it(tmp_path: Path, digits: Source) -> None:
    of = study(sampler=Random(), pruner=Promotion(reduction_factor=2))
    record = searched(of, f"sqlite:///{tmp_path}/it.db", digits)
    history = SearchHistory(of, record.trials(), 20, record.scores(), 99)
    for epoch, rung in history.rungs.items():
        points = [score.point for score in rung]
        assert [score.key[0] for score in rung] == sorted(map(float, layers(points)))  # type: ignore[arg-type]
        assert all(history.curves[score.number][epoch - 1] is score for score in rung)
    went_on = {score.number for score in history.rungs[2]}
    assert {score.number for score in history.rungs[1][:4]} <= went_on < {score.number for score in history.rungs[1]}


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [GP(), TPE(startup=4)], ids=lambda sampler: sampler.name)
def test_nothing_beyond_a_limit_is_begun(sampler: SamplerConfig, tmp_path: Path, digits: Source) -> None:
    of = study(
        objective="accuracy", sampler=sampler, constraints=(Constraint("parameters", max=13_600),), epochs=2, trials=16
    )
    record = searched(of, f"sqlite:///{tmp_path}/it.db", digits)
    assert len(record.trials()) == 16
    assert all(795 * int(row.params["hidden"]) + 10 <= 13_600 for row in record.trials())
    assert {curve[0].validation["parameters"] for curve in record.curves().values()} <= {
        795.0 * hidden + 10 for hidden in range(2, 18)
    }


def test_a_suggestion_beyond_a_limit_cannot_be_trained() -> None:
    of = study(constraints=(Constraint("parameters", max=13_600),)).on((1, 28, 28), 10)
    assert int(complete(of, 0, {"learning_rate": 0.5})["hidden"]) <= 17
    with pytest.raises(ValueError, match="none satisfies parameters at most 13,600"):
        complete(of, 0, {"hidden": 18})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "baseline 'known' has 12,730 parameters, and constraints allow 100; .*\n?.*"),
        ({"baselines": ()}, "none of 5000 configurations drawn from the space has parameters at most 100"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_told_before_anything_trains(
    fields: dict[str, Any], told: str, tmp_path: Path, digits: Source
) -> None:
    of = study(constraints=(Constraint("parameters", max=100),), **fields)
    with pytest.raises(UserError) as caught:
        run(of, f"sqlite:///{tmp_path}/it.db", digits)
    assert told.partition(";")[0] in str(caught.value)


@pytest.mark.slow
def test_two_learnt_metrics(tmp_path: Path, digits: Source) -> None:
    of = study(objective=("accuracy", "calibration_error"), pruner=ExpectedGain(shares=(0.5,)))
    record = searched(of, f"sqlite:///{tmp_path}/it.db", digits)
    complete = [row for row in record.trials() if row.state == "complete"]
    assert of.recorded == ("calibration_error",)
    for row in complete:
        best = min(
            record.curve(row.number), key=lambda epoch: (-epoch.validation["accuracy"], epoch.validation["loss"])
        )
        assert (row.value, row.second) == (best.validation["accuracy"], best.validation["calibration_error"])
    plain = optuna.load_study(study_name="small", storage=f"sqlite:///{tmp_path}/it.db")
    assert [trial.number for trial in plain.best_trials]


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_trial_with_a_cost_is_reproduced_to_the_same_bits(repeats: int, tmp_path: Path, digits: Source) -> None:
    of, url = study(repeats=repeats, trials=2, epochs=2, sampler="random", pruner="none"), f"sqlite:///{tmp_path}/it.db"
    record = searched(of, url, digits)
    recorded, again = reproduce(Prepared(of, record, digits, "cpu", url, None), 1)
    assert [without_seconds(score) for score in again] == [without_seconds(score) for score in recorded]
    assert all(score.validation["parameters"] == record.trials()[1].second for score in again)
