"""One's own space: what exists in a trial follows from its conditions, for any sampler, over kills, in every table."""

import dataclasses
import itertools
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from models.config.base import Parameters, Value
from models.config.families import Mlp
from models.config.messages import EpochMetrics, LaneSpec
from models.config.optimizers import SGD
from models.config.recipe import Recipe
from models.config.schedules import Cosine
from models.datasets.batches import BatchSource
from models.datasets.source import Examples, Source
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from models.errors import UserError
from models.seeds import derive
from reports import figures, frames, page, plates
from reports.checks import checks
from reports.frames import Findings
from search.config import study as spec
from search.config import study_files as catalog
from search.config.baseline import Baseline
from search.config.conditions import condition, kept
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.pruners.none import NoPruner
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.store import Store
from search.samplers.base import SamplerConfig
from search.samplers.distributions import distributions
from search.samplers.grid import Grid
from search.samplers.optuna_mirror import Mirror
from search.samplers.qmc import QMC
from search.samplers.random import Random
from search.samplers.registry import draw
from search.samplers.seen import SeenConfigurations
from search.samplers.tpe import TPE
from search.trial import TrialRow
from tests.search.loop.test_coordinator import cut_before, run
from tests.support.runs import ROOT, assert_whole, finish, kill_tree, search, start, table, trials, wait_for_tick

pytestmark = pytest.mark.usefixtures("one_thread")
optuna.logging.set_verbosity(optuna.logging.WARNING)

# Momentum exists behind two or three layers, the slope of its schedule where there is momentum and batches are large.
SPACE: dict[str, Range] = {
    "batch_size": Int(16, 64, factor=2),
    "learning_rate": Float(0.05, 1.0, log=True),
    "hidden": Int(4, 24),
    "activation": Choice(("relu", "tanh")),
    "momentum": Float(1e-3, 0.9, log=True, low_is_zero=True, when={"depth": (2, 3)}),
    "depth": Int(1, 3),
    "final_factor": Float(0.1, 1.0, when={"activation": "relu", "batch_size": (32, 64)}),
}
GRID = Grid(
    values={
        "batch_size": (16, 64),
        "learning_rate": (0.1,),
        "hidden": (8,),
        "activation": ("relu", "tanh"),
        "momentum": (0.0, 0.5),
        "depth": (1, 2),
        "final_factor": (0.1, 0.5, 1.0),
    }
)
SAMPLERS: list[SamplerConfig] = [TPE(startup=5), Random(), QMC(), GRID]
KNOWN: dict[str, Any] = {"batch_size": 16, "learning_rate": 0.1, "hidden": 8, "activation": "tanh", "depth": 1}


def a_study(sampler: SamplerConfig | None = None, space: Mapping[str, Any] | None = None, **words: Any) -> Study:
    """A study of a conditional space whose weight decay is fixed."""
    space = dict(SPACE if space is None else space) | {"weight_decay": 0.0}
    return Study(family=Mlp(), schedule=Cosine(), space=space, **({"sampler": sampler} if sampler else {}), **words)


SMALL = a_study(
    data="digits",
    epochs=3,
    trials=16,
    engines=2,
    lanes=3,
    baselines=[Baseline("known", **KNOWN)],
)


def belongs(space: Mapping[str, Range], name: str, values: Mapping[str, Value]) -> bool:
    """Whether a parameter exists: told from its conditions one by one, and from those of what it depends on."""
    return all(belongs(space, on, values) and values.get(on) in allowed for on, allowed in space[name].when)


class Told:
    """A record in memory of trials that come to an accuracy told by their parameters: eight live, the oldest ends."""

    def __init__(self, study: Study) -> None:
        self.study, self.rows, self.scores = study, list[TrialRow](), list[tuple[int, EpochMetrics]]()

    def mirror(self) -> Mirror:
        return Mirror(self.study, self.rows, self.scores)

    def fill(self, trials: int, mirror: Mirror) -> "Told":
        while len(self.rows) < trials:
            if len(live := [row for row in self.rows if row.state == "running"]) == 8:
                self._end(live[0], mirror)
            drawn = draw(self.study, len(self.rows), mirror)
            if drawn is None:
                break
            self.rows.append(TrialRow(number=len(self.rows), state="running", params=drawn))
            mirror.insert(self.rows[-1])
        return self

    def _end(self, row: TrialRow, mirror: Mirror) -> None:
        accuracy = (
            0.9 - abs(float(row.params.get("momentum", -1.0)) - 0.6) - 0.05 * abs(float(row.params["hidden"]) - 16)
        )
        self.scores.append((len(self.scores), a_score(row.number, 1, accuracy)))
        mirror.report(self.scores[-1][1])
        self.rows[row.number] = dataclasses.replace(row, state="complete", value=accuracy)
        mirror.tell(row.number, "complete", accuracy)

    def drawn(self) -> list[Parameters]:
        return [row.params for row in self.rows]


def a_score(number: int, epoch: int, accuracy: float) -> EpochMetrics:
    return EpochMetrics(
        lane=number,
        epoch=epoch,
        train={"loss": 1.0 - accuracy, "accuracy": accuracy},
        validation={"loss": 1.0 - accuracy, "accuracy": accuracy},
        seconds=0.1,
    )


def draws(study: Study, trials: int) -> list[Parameters]:
    told = Told(study)
    return told.fill(trials, told.mirror()).drawn()


# --- what exists ------------------------------------------------------------------------------------------------------

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
    for place, name in enumerate(names):
        on = [other for other in names[:place] if KINDS[other][1]]
        chosen = draw(st.lists(st.sampled_from(on), max_size=2, unique=True)) if on else []
        when = {other: draw(st.sets(st.sampled_from(KINDS[other][1]), min_size=1)) for other in chosen}
        space[name] = dataclasses.replace(KINDS[name][0], when={other: tuple(it) for other, it in when.items()})
    return dict(draw(st.permutations(sorted(space.items()))))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
        for name, of in space.items():
            assert (name in drawn) == belongs(space, name, drawn)
            assert name not in drawn or of.contains(drawn[name])
        assert set(study.to_external(drawn)) == {*drawn, "weight_decay"}
        assert study.to_internal(study.to_external(drawn)) == drawn


def test_conditions_on_conditional_parameters_reach_through() -> None:
    space: dict[str, Range] = {
        "a": Choice(("x", "y")),
        "b": Int(1, 2, when={"a": "x"}),
        "c": Float(0.0, 1.0, when={"b": 2}),
    }
    assert kept(space, {"a": "x", "b": 2, "c": 0.5}) == {"a": "x", "b": 2, "c": 0.5}
    assert kept(space, {"a": "x", "b": 1, "c": 0.5}) == {"a": "x", "b": 1}
    assert kept(space, {"a": "y", "b": 2, "c": 0.5}) == {"a": "y"}


def test_one_is_not_true() -> None:
    space: dict[str, Range] = {
        "a": Choice((True, False)),
        "b": Int(1, 2),
        "c": Float(0.0, 1.0, when={"a": True, "b": 1}),
    }
    assert kept(space, {"a": True, "b": 1, "c": 0.5}) == {"a": True, "b": 1, "c": 0.5}
    assert kept(space, {"a": 1, "b": 1, "c": 0.5}) == {"a": 1, "b": 1}


def test_a_condition_is_told_in_words() -> None:
    assert condition(SPACE["final_factor"]) == "where activation is relu and batch_size is 32 or 64"
    assert condition(SPACE["depth"]) == ""


@pytest.mark.parametrize("name", SPACE)
def test_a_range_with_conditions_comes_back_from_json_as_it_went(name: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(spec.Range)
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


@pytest.mark.parametrize("sampler", [TPE(startup=5), Random(), QMC()], ids=lambda sampler: sampler.name)
def test_a_factor_draws_all_of_its_values_and_no_others(sampler: SamplerConfig) -> None:
    assert {drawn["batch_size"] for drawn in draws(a_study(sampler), 60)} == {16, 32, 64}


def test_at_random_each_value_of_a_factor_is_as_likely() -> None:
    counts = np.unique([int(drawn["batch_size"]) for drawn in draws(a_study(Random()), 300)], return_counts=True)[1]
    # 300 draws, a third each: standard deviation 8.2, so 33 is four of them.
    assert np.abs(counts - 100).max() < 33


def test_the_record_holds_the_values_of_a_factor_as_they_are() -> None:
    assert distributions(a_study())["batch_size"] == optuna.distributions.IntDistribution(16, 64, log=True)


# --- samplers over a conditional space --------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_a_draw_from_a_conditional_space_is_the_same_after_a_crash(sampler: SamplerConfig) -> None:
    study = a_study(sampler)
    undisturbed, broken = draws(study, 40), Told(study)
    for number in range(1, len(undisturbed) + 1):
        broken.fill(number, broken.mirror())
    assert broken.drawn() == undisturbed


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_the_order_in_which_a_file_lists_a_conditional_space_changes_no_draw(sampler: SamplerConfig) -> None:
    backwards = {
        name: dataclasses.replace(of, when=tuple(reversed(of.when))) for name, of in reversed(list(SPACE.items()))
    }
    assert draws(a_study(sampler, backwards), 15) == draws(a_study(sampler), 15)


@pytest.mark.parametrize("sampler", [Random(), QMC()], ids=lambda sampler: sampler.name)
def test_conditions_only_take_away_from_what_is_drawn(sampler: SamplerConfig) -> None:
    free = {name: dataclasses.replace(of, when=()) for name, of in SPACE.items()}
    whole = draws(a_study(sampler, free), 20)
    assert draws(a_study(sampler), 20) == [kept(SPACE, drawn) for drawn in whole]


def test_tpe_learns_what_is_best_within_a_branch() -> None:
    def mean_distance(sampler: SamplerConfig) -> float:
        """Of the momentum from the best one, over trials 30 to 80 that have it."""
        momenta = [drawn["momentum"] for drawn in draws(a_study(sampler), 80)[30:] if "momentum" in drawn]
        assert len(momenta) > 10
        return float(np.mean([abs(float(it) - 0.6) for it in momenta]))

    assert mean_distance(TPE()) < 0.6 * mean_distance(Random())


def test_a_grid_visits_what_differs_once() -> None:
    study = a_study(GRID)
    corners = (dict(zip(GRID.values, corner, strict=True)) for corner in itertools.product(*GRID.values.values()))
    different = {tuple(sorted(kept(SPACE, corner).items())) for corner in corners}
    drawn = [tuple(sorted(study.to_external(it).items())) for it in draws(study, 100)]
    assert sorted(drawn) == sorted(tuple(sorted([*cell, ("weight_decay", 0.0)])) for cell in different)
    # Depth 1, or 2 with two momenta: 3; relu in large batches with three slopes, and three other pairs: 6.
    assert len(different) == 3 * 6


def test_a_trial_is_repeated_by_what_exists_in_it() -> None:
    study = a_study()
    rows = [TrialRow(number=0, state="complete", params=study.to_internal(KNOWN))]
    assert SeenConfigurations(rows).first(study.to_internal(KNOWN)) == 0
    assert SeenConfigurations(rows).first(study.to_internal({**KNOWN, "depth": 2, "momentum": 0.0})) is None


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
    told = fingerprint(a_study(baselines=[Baseline("known", **KNOWN)]), "f00", "cpu")
    assert told["fixed.weight_decay"] == 0.0
    assert told["space.batch_size"] == "Int 16..64 log factor 2"
    assert told["space.momentum"] == "Float 0.001..0.9 log low is zero where depth is 2 or 3"
    assert told["baseline.0"] == "batch_size 16, learning_rate 0.1, hidden 8, activation tanh, depth 1"


def test_a_study_without_them_has_the_fingerprint_that_it_had() -> None:
    space = {"learning_rate": Float(0.1, 1.0), "hidden": Int(4, 8), "weight_decay": Float(0.0, 0.1)}
    told = fingerprint(Study(family=Mlp(), space=space), "f00", "cpu")
    assert [key for key in told if key.startswith(("space.", "fixed"))] == [f"space.{name}" for name in space]
    assert told["space.hidden"] == "Int 4..8"


# --- lanes ------------------------------------------------------------------------------------------------------------


def parts() -> tuple[BatchSource, BatchSource]:
    """200 noisy pictures of 10 classes to train on, 50 to score."""
    generator = np.random.Generator(np.random.PCG64(3))
    inputs = generator.integers(0, 256, (250, 1, 8, 8), dtype=np.uint8)
    examples = Examples(inputs, generator.integers(0, 10, 250), tuple("0123456789"))
    normalised, cpu = Normalisation((0.5,), (0.3,)), torch.device("cpu")
    return BatchSource(examples, np.arange(200), normalised, cpu), BatchSource(
        examples, np.arange(200, 250), normalised, cpu
    )


def an_engine(recipe: Recipe) -> Engine:
    return Engine(recipe, recipe.make_family((1, 8, 8), 10), *parts(), torch.device("cpu"), searched={"momentum"})


def an_order(lane: int, **more: Value) -> LaneSpec:
    parameters = {"learning_rate": 0.1, "weight_decay": 0.0, "hidden": 10 + lane, **more}
    return LaneSpec(lane=lane, parameters=parameters, seed=derive(0, "initial", lane))


def learnt(recipe: Recipe, *orders: LaneSpec) -> dict[int, tuple[dict[str, torch.Tensor], EpochMetrics]]:
    """What three ticks make of lanes that are on one engine."""
    engine = an_engine(recipe)
    for order in orders:
        engine.add(order)
    scores = [engine.tick(number) for number in (1, 2, 3)][-1]
    return {score.lane: (engine.weights(score.lane), score.model_copy(update={"seconds": 0.0})) for score in scores}


def assert_same(one: Any, other: Any) -> None:
    (weights, score), (others, other_score) = one, other
    assert score == other_score
    assert weights.keys() == others.keys()
    assert all(torch.equal(weights[name], others[name]) for name in weights)


ORDERS = [
    an_order(0),
    an_order(1, batch_size=32),
    an_order(2, batch_size=32, momentum=0.9),
    an_order(3, batch_size=64, activation="tanh"),
    an_order(4, activation="tanh", depth=2),
    an_order(5, batch_size=48, activation="tanh", depth=2, final_factor=0.2),
]


def test_a_lane_of_any_batch_size_learns_what_it_would_learn_alone() -> None:
    recipe = Recipe(family=Mlp(), schedule=Cosine(), batch_size=48, epochs=3)
    together = learnt(recipe, *ORDERS)
    for order in ORDERS:
        assert_same(together[order.lane], learnt(recipe, order)[order.lane])


def test_a_searched_batch_size_is_that_of_the_recipe() -> None:
    searched = learnt(Recipe(family=Mlp(), batch_size=48, epochs=3), an_order(1, batch_size=32))[1]
    assert_same(searched, learnt(Recipe(family=Mlp(), batch_size=32, epochs=3), an_order(1))[1])
    with pytest.raises(AssertionError):
        assert_same(searched, learnt(Recipe(family=Mlp(), batch_size=48, epochs=3), an_order(1))[1])


def test_a_searched_activation_is_that_of_the_family() -> None:
    searched = learnt(Recipe(family=Mlp(), epochs=3), an_order(1, activation="tanh"))[1]
    assert_same(searched, learnt(Recipe(family=Mlp(activation="tanh"), epochs=3), an_order(1))[1])


def test_a_fixed_momentum_is_that_of_the_optimizer() -> None:
    fixed = learnt(Recipe(family=Mlp(), epochs=3), an_order(1, momentum=0.9))[1]
    assert_same(fixed, learnt(Recipe(family=Mlp(), optimizer=SGD(momentum=0.9), epochs=3), an_order(1))[1])


def test_lanes_of_equal_batch_size_are_fused() -> None:
    engine = an_engine(Recipe(family=Mlp(), batch_size=48))
    for order in ORDERS:
        engine.add(order)
    engine.tick(1)
    groups = sorted(sorted(lane.spec.lane for lane in lanes) for lanes, _ in engine._fused.values())
    assert groups == [[0], [1, 2], [3], [4, 5]]  # 4 and 5 differ in their schedule alone: 48 is the recipe's own


# --- a run ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, digits: Source) -> str:
    before = torch.get_num_threads()
    url = f"sqlite:///{tmp_path_factory.mktemp('undisturbed')}/it.db"
    assert run(SMALL, url, digits)
    assert_whole(url)
    torch.set_num_threads(before)
    return url


def test_the_study_of_these_tests_has_trials_of_every_branch(undisturbed: str) -> None:
    drawn = [row.params for row in trials(undisturbed)]
    for name in ("momentum", "final_factor"):
        assert {name in each for each in drawn} == {True, False}
    assert {each["batch_size"] for each in drawn} == {16, 32, 64}


def test_what_is_absent_is_absent_in_optuna(undisturbed: str) -> None:
    study = optuna.load_study(study_name="small", storage=undisturbed)
    for trial, row in zip(study.trials, trials(undisturbed), strict=True):
        assert trial.params == row.params
        assert trial.distributions == {name: distributions(SMALL)[name] for name in row.params}


@pytest.mark.slow
def test_a_run_over_a_conditional_space_cut_off_before_any_write_ends_the_same(
    undisturbed: str, tmp_path: Path, digits: Source
) -> None:
    write = 0
    while cut_before(write, SMALL, url := f"sqlite:///{tmp_path}/{write}.db", digits, always_keep=True):
        assert run(SMALL, url, digits, always_keep=True)
        assert table(url) == table(undisturbed), f"cut off before write {write}"
        assert_whole(url)
        write += 1
    assert write > 8


@pytest.mark.slow
def test_processes_change_nothing_over_a_conditional_space(undisturbed: str, tmp_path: Path, digits: Source) -> None:
    url = f"sqlite:///{tmp_path}/spread.db"
    assert run(SMALL, url, digits, workers=2)
    assert table(url) == table(undisturbed)


# --- a study file, from its text to its report ------------------------------------------------------------------------

FILE = """
from search import Baseline, Choice, Cosine, Float, Int, Mlp, Study

study = Study(
    family=Mlp(),
    data="digits",
    schedule=Cosine(),
    epochs=4,
    trials=24,
    engines=2,
    lanes=4,
    space={
        "learning_rate": Float(0.05, 1.0, log=True),
        "hidden": Int(4, 24),
        "weight_decay": 0.0,
        "batch_size": Int(16, 64, factor=2),
        "depth": Int(1, 3),
        "activation": Choice(("relu", "tanh")),
        "momentum": Float(1e-3, 0.9, log=True, low_is_zero=True, when={"depth": (2, 3)}),
        "final_factor": Float(0.1, 1.0, when={"activation": "relu", "batch_size": (32, 64)}),
    },
    baselines=[
        Baseline("small", hidden=16, learning_rate=0.1, batch_size=16, depth=1, activation="tanh"),
        Baseline("large", hidden=16, learning_rate=0.1, batch_size=16, depth=2, activation="tanh", momentum=0.0),
    ],
)
"""


def write(folder: Path, text: str = FILE) -> Path:
    file = folder / "own.py"
    file.write_text(text)
    return file


@pytest.mark.slow
def test_a_killed_search_of_a_conditional_space_ends_the_same(tmp_path: Path) -> None:
    study = write(tmp_path, FILE.replace("trials=24", "trials=160"))
    calm, url = f"sqlite:///{tmp_path}/calm.db", f"sqlite:///{tmp_path}/runs.db"
    search(study, calm)
    for ticks in (2, 3, 5):
        process = start(study, url, "--workers", "1")
        wait_for_tick(process, ticks)
        kill_tree(process)
    search(study, url, "--workers", "2")
    assert table(url, "own") == table(calm, "own")
    assert_whole(url, "own")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study searched and exported by the commands themselves."""
    folder = tmp_path_factory.mktemp("own")
    write(folder)
    for command in (
        ["search.run", "--study", "own.py", "--tensorboard"],
        ["reports.export", "--study", "own", "--top", "2", "--seeds", "2"],
        ["reports.compare"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command, *([] if "compare" in command[0] else ["--workers", "0"])],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def the_record(folder: Path) -> Record:
    record = Store(f"sqlite:///{folder}/runs/studies.db", create=False).find("own")
    assert record is not None
    return record


@pytest.mark.slow
def test_absent_parameters_are_empty_cells_of_the_table_of_trials(exported: Path) -> None:
    told = pd.read_csv(exported / "runs" / "studies" / "own" / "trials.csv", dtype="string", keep_default_na=False)
    rows = the_record(exported).trials()
    assert (told["weight_decay"] == "0.0").all()
    for cells, row in zip(told.to_dict("records"), rows, strict=True):
        for name in SPACE:
            assert (cells[name] != "") == (name in row.params)
        assert cells["batch_size"] == str(row.params["batch_size"])
    assert (told["momentum"] == "").any()


@pytest.mark.slow
def test_finalists_of_a_conditional_space_are_trained_with_their_own_batch_size(exported: Path) -> None:
    results = pd.read_csv(exported / "runs" / "studies" / "own" / "results.csv")
    drawn = {row.number: row.params for row in the_record(exported).trials()}
    assert len(results) >= 2
    for _, line in results.iterrows():
        assert line["batch_size"] == drawn[line["trial"]]["batch_size"]
        assert pd.isna(line["momentum"]) == ("momentum" not in drawn[line["trial"]])


@pytest.mark.slow
def test_the_report_draws_each_parameter_over_the_trials_that_have_it(exported: Path) -> None:
    folder = exported / "runs" / "studies" / "own"
    for name in SPACE:
        shown = pd.read_csv(folder / "figures" / f"parameter-{name}.csv")
        having = sum(name in row.params for row in the_record(exported).trials())
        assert len(shown) == having
        assert shown["value"].notna().all()
    text = (folder / "report.html").read_text()
    assert "Exists where depth is 2 or 3." in text
    assert "weight decay" in text
    assert "&lt;NA&gt;" not in text


@pytest.mark.slow
def test_tensorboard_is_told_of_what_exists(exported: Path) -> None:
    from tests.search.cli.test_tensorboard import _told, _trial

    record = the_record(exported)
    for row in record.trials():
        told = _told(_trial(record, row.number), "_hparams_/session_start_info").session_start_info.hparams
        assert set(told) == {*row.params, "weight_decay"}


@pytest.mark.slow
def test_trials_of_every_branch_come_out_the_same_alone(exported: Path) -> None:
    rows = the_record(exported).trials()
    for wanted in (True, False):
        number = next(row.number for row in rows if row.joined and ("momentum" in row.params) == wanted)
        process = start(exported / "own.py", f"sqlite:///{exported}/runs/studies.db", "--reproduce", str(number))
        assert "the same, to the last bit" in finish(process)


# --- frames -----------------------------------------------------------------------------------------------------------


def many_trials(folder: Path, study: Study) -> Record:
    """A study whose trials are all complete, with an accuracy that is told by momentum and batch size."""
    record = Store(f"sqlite:///{folder}/studies.db").begin("own", study, fingerprint(study, "f00", "cpu"), {}, "")
    mirror = Mirror(study)
    with record.lease():
        for number in range(study.trials):
            drawn = draw(study, number, mirror)
            assert drawn is not None
            record.insert(TrialRow(number, "running", drawn, joined=1), distributions(study))
            accuracy = 0.5 + 0.4 * float(drawn.get("momentum", 0.0)) + (0.05 if drawn.get("batch_size") == 16 else 0.0)
            accuracy += 0.01 * float(drawn["learning_rate"])  # so that no two are alike
            record.record(1, [a_score(number, 1, accuracy)])
            record.tell(number, "complete", accuracy)
    return record


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    study = a_study(Random(), data="digits", epochs=1, trials=80, pruner=NoPruner())
    return frames.findings(many_trials(tmp_path_factory.mktemp("many"), study), None)


def test_the_frame_of_trials_has_a_type_for_every_kind_of_parameter(found: Findings) -> None:
    kinds = {name: str(found.trials[name].dtype) for name in found.study.names}
    assert kinds == {
        "batch_size": "Int64",
        "learning_rate": "Float64",
        "hidden": "Int64",
        "activation": "string",
        "momentum": "Float64",
        "depth": "Int64",
        "final_factor": "Float64",
        "weight_decay": "Float64",
    }


def test_the_importance_of_what_does_not_always_exist_can_be_told(found: Findings) -> None:
    frame = frames.importance_frame(found)
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["parameter"]) == set(SPACE)
    assert frame["importance"].sum() == pytest.approx(1.0)
    share = frame.set_index("parameter")["importance"]
    assert share["momentum"] > share["hidden"]
    assert share["momentum"] > share["final_factor"]


def test_every_parameter_of_a_conditional_space_can_be_drawn(found: Findings) -> None:
    with figures.style():
        for drawing in plates.of_parameters(found):
            figure = drawing.draw(figures.HALF)
            drawn = sum(np.size(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "o")
            assert drawn >= len(drawing.frame)  # and a ring around the best


def test_a_factor_is_ticked_at_its_values(found: Findings) -> None:
    (drawing,) = [it for it in plates.of_parameters(found) if it.key == "parameter-batch_size"]
    with figures.style():
        labels = [it.get_text() for it in drawing.draw(figures.HALF).axes[0].get_xticklabels()]
    assert labels == ["16", "32", "64"]


def test_a_check_of_bounds_passes_over_what_the_best_trial_does_not_have(found: Findings) -> None:
    best = found.row(found.shown or 0)
    without = dataclasses.replace(best, params={name: best.params[name] for name in best.params if name != "momentum"})
    rows = [without if row.number == best.number else row for row in found.rows]
    assert checks(dataclasses.replace(found, rows=rows))  # and raises nothing


def test_a_page_is_made_of_a_conditional_space(found: Findings, tmp_path: Path) -> None:
    text = page.write(found, tmp_path, {}).read_text()
    assert "momentum" in text
    assert "&lt;NA&gt;" not in text


OWN = """
from torch import nn

from search import Choice, Float, Int, Study


class Net(nn.Module):
    def __init__(self, inputs, classes, units, deep, activation, slope=0.01):
        super().__init__()
        bend = nn.Tanh() if activation == "tanh" else nn.LeakyReLU(slope)
        more = [nn.Linear(units, units), bend] if deep else []
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(inputs, units), bend, *more, nn.Linear(units, classes))

    def forward(self, x):
        return self.layers(x)


study = Study(
    family=Net,
    data="digits",
    epochs=2,
    trials=12,
    sampler="random",
    space={
        "learning_rate": Float(0.05, 0.5, log=True),
        "weight_decay": 0.0,
        "batch_size": Int(32, 128, factor=2),
        "units": Int(8, 16, step=8),
        "deep": Choice((True, False)),
        "activation": Choice(("tanh", "leaky")),
        "slope": Float(0.01, 0.3, when={"activation": "leaky", "deep": True}),
    },
)
"""


@pytest.fixture
def own(tmp_path: Path) -> Study:
    """A study of a model of one's own, with a searched text, a searched truth and a condition on both."""
    return catalog.load(str(write(tmp_path, OWN))).study


def test_texts_and_truths_have_columns_of_their_own(own: Study, tmp_path: Path) -> None:
    found = frames.findings(many_trials(tmp_path, own.model_copy(update={"trials": 60})), None)
    kinds = {name: str(found.trials[name].dtype) for name in ("deep", "activation", "slope")}
    assert kinds == {"deep": "boolean", "activation": "string", "slope": "Float64"}
    assert isinstance(frames.importance_frame(found), pd.DataFrame)
    assert "slope" in page.write(found, tmp_path, {}).read_text()
    for name in ("deep", "activation", "slope"):
        having = pd.read_csv(tmp_path / "figures" / f"parameter-{name}.csv")["value"]
        assert len(having) == sum(name in row.params for row in found.rows)
        assert 10 < len(having) <= 60


def test_a_model_of_ones_own_is_trained_over_a_conditional_space(own: Study, tmp_path: Path, digits: Source) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    assert run(own, url, digits)
    rows = trials(url)
    assert {row.state for row in rows} <= {"complete", "pruned"}
    assert {type(row.params["deep"]) for row in rows} == {bool}
    assert {"slope" in row.params for row in rows} == {True, False}


@pytest.mark.slow
def test_no_parameter_can_be_called_as_a_column_of_the_tables(exported: Path) -> None:
    folder = exported / "runs" / "studies" / "own"
    columns = {*pd.read_csv(folder / "trials.csv").columns, *pd.read_csv(folder / "results.csv").columns, "fate"}
    assert columns - {*SPACE, "weight_decay"} == spec.RESERVED


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
        "activation can be 'glu', and should be 'relu', 'leaky_relu', 'tanh', 'gelu' or 'silu'",
        "change its range",
    ),
    (LARGE, ', activation="tanh"', "baseline 'large' does not say 'momentum'", "give it a value"),
    ("depth=1,", "depth=1, momentum=0.5,", "has 'momentum', which exists only where depth is 2 or 3", "leave it out"),
]


@pytest.mark.parametrize(("word", "instead", "fact", "remedy"), SLIPS, ids=[instead for _, instead, _, _ in SLIPS])
def test_a_slip_is_told_in_two_lines(word: str, instead: str, fact: str, remedy: str, tmp_path: Path) -> None:
    assert word in FILE
    with pytest.raises(UserError) as caught:
        catalog.load(str(write(tmp_path, FILE.replace(word, instead, 1))))
    assert fact in caught.value.what
    assert caught.value.remedy.startswith(remedy)
