"""Samplers of Optuna by name: what they draw, that a rebuilt mirror draws the same, and what is refused."""

import dataclasses
import math
import re
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest

from models.config.base import Parameters
from models.config.families import Linear, Mlp
from models.datasets.source import Source
from models.errors import UserError
from search.config.baseline import Baseline
from search.config.conditions import existing
from search.config.range_values import configuration_count
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.pruners.halving import SuccessiveHalving
from search.samplers.optuna import OptunaSampler
from search.samplers.optuna_mirror import Mirror
from search.trial import TrialRow
from tests.support import conditional
from tests.support.cuts import cut_before, run
from tests.support.memory_record import MemoryRecord
from tests.support.runs import assert_whole, table, trials

optuna.logging.set_verbosity(optuna.logging.WARNING)

SPACE: dict[str, Range] = {
    "learning_rate": Float(0.05, 2.0, log=True),
    "hidden": Int(4, 16, factor=2),
    "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
}
FINITE: dict[str, Range] = {
    "learning_rate": Float(0.1, 0.4, step=0.1),
    "hidden": Int(4, 16, factor=2),
    "activation": Choice(("relu", "tanh")),
}
GRID = OptunaSampler(
    "GridSampler", search_space={"learning_rate": (0.1, 0.5, 1.0), "hidden": (4, 8), "weight_decay": (0.0, 1e-3)}
)
SAMPLERS = [
    OptunaSampler("GPSampler", deterministic_objective=True, n_startup_trials=6),
    OptunaSampler("CmaEsSampler", popsize=4),
    OptunaSampler("NSGAIISampler", population_size=5, crossover="optuna.samplers.nsgaii:SBXCrossover"),
    OptunaSampler("NSGAIIISampler", population_size=5),
    OptunaSampler("QMCSampler", scramble=True),
    OptunaSampler("TPESampler", n_startup_trials=5, group=True, multivariate=True),
    OptunaSampler("RandomSampler"),
    OptunaSampler("PartialFixedSampler", fixed_params={"hidden": 8}, base_sampler=OptunaSampler("CmaEsSampler")),
    GRID,
]
BRUTE = OptunaSampler("BruteForceSampler")


def _title(sampler: OptunaSampler) -> str:
    return sampler.title


def a_study(sampler: OptunaSampler, space: dict[str, Range] = SPACE, **words: Any) -> Study:
    fixed = {} if "weight_decay" in space else {"weight_decay": 0.0}
    return Study.model_validate({"family": Mlp(), "space": {**space, **fixed}, "sampler": sampler, **words})


def curve(row: TrialRow) -> list[tuple[float, float]]:
    """One or two epochs; best at rate 0.5 and 8 hidden units, and one trial of seven diverges."""
    rate, hidden = float(row.params["learning_rate"]), float(row.params["hidden"])
    accuracy = 1.0 - 0.2 * abs(math.log10(rate / 0.5)) - 0.1 * abs(math.log(hidden / 8))
    return [(accuracy, math.nan if row.number % 7 == 6 else 1 - accuracy)] * (1 + row.number % 4 // 3)


def draws(study: Study, number: int) -> list[Parameters]:
    record = MemoryRecord(study, curve)
    return record.fill(number, record.mirror()).params()


# --- draws ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS, ids=_title)
def test_a_draw_after_a_rebuild_is_the_one_that_was_due(sampler: OptunaSampler) -> None:
    study = a_study(sampler, baselines=[Baseline("known", learning_rate=0.1, hidden=4, weight_decay=0.0)])
    undisturbed, broken = draws(study, 17), MemoryRecord(study, curve)
    for number in range(1, len(undisturbed) + 1):
        broken.fill(number, broken.mirror())
    assert broken.params() == undisturbed
    assert len({tuple(sorted(each.items())) for each in undisturbed}) > 10
    for each in undisturbed:
        assert all(SPACE[name].contains(value) for name, value in each.items())


KNOW_CONDITIONS = [each for each in SAMPLERS if each.title not in ("QMCSampler", "PartialFixedSampler", "GridSampler")]


@pytest.mark.slow
@pytest.mark.parametrize("sampler", KNOW_CONDITIONS, ids=_title)
def test_conditions_factors_and_choices_are_kept(sampler: OptunaSampler) -> None:
    study, crashed = conditional.a_study(sampler), conditional.a_record(conditional.a_study(sampler))
    undisturbed = conditional.draws(study, trials := 17 if sampler is SAMPLERS[0] else 25)
    for params in undisturbed:
        assert existing(study.space, params) == {name: params[name] for name in study.space if name in params}
        assert all(study.space[name].contains(value) for name, value in params.items())
    assert {params["batch_size"] for params in undisturbed} == {16, 32, 64}
    assert {params["activation"] for params in undisturbed} == {"relu", "tanh"}
    for number in range(1, trials + 1):
        crashed.fill(number, crashed.mirror())
    assert crashed.params() == undisturbed


@pytest.mark.parametrize("sampler", SAMPLERS, ids=_title)
def test_another_seed_draws_otherwise(sampler: OptunaSampler) -> None:
    assert draws(a_study(sampler, seed=1), 12) != draws(a_study(sampler, seed=2), 12)


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "trials"), [(SAMPLERS[0], 22), (SAMPLERS[1], 60)], ids=["gp", "cma-es"])
def test_what_trials_came_to_is_learnt_from(sampler: OptunaSampler, trials: int) -> None:
    def distance(of: OptunaSampler) -> float:
        """From the best rate, in orders of magnitude, over the last third."""
        last = draws(a_study(of), trials)[trials * 2 // 3 :]
        return sum(abs(math.log10(float(each["learning_rate"]) / 0.5)) for each in last) / len(last)

    assert distance(sampler) < 0.7 * distance(OptunaSampler("RandomSampler"))


def test_cma_es_goes_on_from_the_state_that_the_record_has() -> None:
    study = a_study(SAMPLERS[1])
    record = MemoryRecord(study, curve)
    record.fill(30, record.mirror())
    noted = [row.number for row in record.rows if any("optimizer" in key for key in row.notes.get("trial", {}))]
    assert len(noted) >= 2  # each once a generation was complete
    for row in record.rows:
        record.rows[row.number] = dataclasses.replace(row, notes={})
    forgotten = record.mirror()
    assert study.sampler.propose(study, 30, forgotten) != draws(study, 31)[30]


def test_a_grid_of_optuna_is_tried_once_with_the_studys_own_values() -> None:
    study = a_study(GRID)
    drawn = [tuple(sorted(study.to_external(params).items())) for params in draws(study, 40)]
    assert len(set(drawn)) == len(drawn) == 12 == GRID.max_proposals
    assert {dict(each)["weight_decay"] for each in drawn} == {0.0, 1e-3}


@pytest.mark.parametrize("space", [FINITE, {**FINITE, "depth": Int(1, 3, when={"activation": "relu"})}], ids=len)
def test_brute_force_ends_when_every_configuration_was_tried(space: dict[str, Range]) -> None:
    study = a_study(BRUTE, space)
    known = study.to_internal({"learning_rate": 0.2, "hidden": 4, "activation": "tanh"})
    record = MemoryRecord(study, curve)
    mirror = record.mirror()
    record.begin(known, mirror)  # as the file lists them, not as they are drawn
    record.fill(100, mirror)
    different = 4 * 3 * 2 if len(space) == 3 else 4 * 3 * (3 + 1)
    assert len(record.rows) == different == configuration_count(space)
    assert len({tuple(sorted(row.params.items())) for row in record.rows}) == different
    assert study.sampler.propose(study, different, record.mirror()) is None


def test_another_programs_trials_are_nothing_to_brute_force() -> None:
    study = a_study(BRUTE, FINITE)
    mirror = Mirror(study, [TrialRow(0, "failed", {}, reason="added by another program")])
    assert study.sampler.propose(study, 1, mirror) is not None


# --- classes of other packages ----------------------------------------------------------------------------------------

THEIRS = """
import optuna


class Counting(optuna.samplers.BaseSampler):
    \"\"\"Draws the share of the space that so many ends are of a hundred.\"\"\"

    def __init__(self, search_space: dict[str, optuna.distributions.BaseDistribution], step: int = 1) -> None:
        self.space, self.step, self.ends = search_space, step, 0

    def infer_relative_search_space(self, study, trial):
        return self.space

    def sample_relative(self, study, trial, search_space):
        return {name: of.low + (of.high - of.low) * self.ends / 100 for name, of in search_space.items()}

    def sample_independent(self, study, trial, param_name, param_distribution):
        raise AssertionError("all are drawn together")

    def after_trial(self, study, trial, state, values):
        self.ends += self.step
"""
LINES: dict[str, Range] = {"learning_rate": Float(0.0, 1.0), "weight_decay": Float(0.0, 1.0)}


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "their_samplers.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    return "their_samplers:Counting"


def test_a_stateful_class_of_a_package_is_given_the_space_and_told_of_each_end(theirs: str) -> None:
    study = Study(family=Linear(), space=LINES, sampler=OptunaSampler(theirs, stateful=True, step=2), lanes=4)
    mirror, drawn = Mirror(study), []
    for number in range(4):
        drawn.append(study.sampler.propose(study, number, mirror))
        mirror.tell(number, "complete", 0.5)
    assert [params and params["learning_rate"] for params in drawn] == [0.0, 0.02, 0.04, 0.06]
    assert "begins anew after a stop" in " ".join(study.warnings)


def test_without_stateful_each_trial_has_an_object_of_its_own(theirs: str) -> None:
    study = Study(family=Linear(), space=LINES, sampler=OptunaSampler(theirs))
    mirror = Mirror(study)
    assert study.sampler.propose(study, 0, mirror) == {"learning_rate": 0.0, "weight_decay": 0.0}
    mirror.tell(0, "complete", 0.5)
    assert study.sampler.propose(study, 1, mirror) == {"learning_rate": 0.0, "weight_decay": 0.0}


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sampler", "what", "remedy"),
    [
        (OptunaSampler("GPSamplr" + "Sampler"), "Optuna has none called", "choose one of"),
        (OptunaSampler("GPSampler", startup=3), 'GPSampler has no argument "startup"', "n_startup_trials=10"),
        (OptunaSampler("NSGAIISampler", population_size=1), "refuses its arguments", "population_size=50"),
        (OptunaSampler("GPSampler", n_startup_trials=OptunaSampler("RandomSampler")), "is no sampler", "it takes"),
        (OptunaSampler("GPSampler", independent_sampler=5), "is a sampler", 'OptunaSampler("RandomSampler")'),
        (OptunaSampler("nowhere.to_be:Found"), "cannot be imported", "install its package"),
        (OptunaSampler("pathlib:Path"), "no class of Optuna's BaseSampler", "derived from optuna.samplers.BaseSampler"),
    ],
)
def test_what_optuna_lacks_or_refuses_is_an_error_before_the_first_trial(
    sampler: OptunaSampler, what: str, remedy: str
) -> None:
    with pytest.raises(UserError) as caught:
        Mirror(a_study(sampler))
    assert what in caught.value.what
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("sampler", "space", "message"),
    [
        (OptunaSampler("GPSampler", seed=3), SPACE, "its seed follows from the study's; leave it out"),
        (OptunaSampler("GPSampler", stateful=True), SPACE, "leave out stateful=True"),
        (BRUTE, SPACE, "learning_rate has no end of them; give it a step="),
        (
            GRID,
            {name: SPACE[name] for name in ("learning_rate", "hidden")},
            "search_space has 'weight_decay', which is not searched; leave it out",
        ),
        (
            OptunaSampler("GridSampler", search_space={"hidden": (4, 8)}),
            FINITE,
            "the grid has no values for activation",
        ),
        (
            OptunaSampler("PartialFixedSampler", fixed_params={"hidden": 5}, base_sampler=BRUTE),
            FINITE,
            "hidden = 5 lies",
        ),
        (OptunaSampler("PartialFixedSampler", fixed_params={}, base_sampler=BRUTE), SPACE, "has no end of them"),
        (
            OptunaSampler("QMCSampler"),
            {**FINITE, "depth": Int(1, 2, when={"activation": "relu"})},
            "QMCSampler knows no when=; take QMC()",
        ),
    ],
)
def test_a_space_that_a_sampler_cannot_search_is_told_when_the_study_is_read(
    sampler: OptunaSampler, space: dict[str, Range], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        a_study(sampler, space)


@pytest.mark.parametrize("kind", ["", "TPE", "search.samplers:", "a b:c d"])
def test_a_text_that_names_no_class_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"names no class; write the name of one of optuna\.samplers"):
        OptunaSampler(kind)


def test_cma_es_without_its_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(UserError, match="CmaEsSampler needs cmaes, which is not installed") as caught:
        Mirror(a_study(OptunaSampler("CmaEsSampler")))
    assert caught.value.remedy == "pip install 'studyhall[samplers]'"


def test_an_error_in_a_draw_names_the_sampler_and_the_trial(theirs: str) -> None:
    study = a_study(OptunaSampler(theirs), FINITE)
    with pytest.raises(UserError, match="Counting cannot propose trial 0: AttributeError"):
        study.sampler.propose(study, 0, Mirror(study))  # a Choice has no low end


def test_a_sampler_that_learns_from_complete_trials_says_so_where_trials_are_pruned() -> None:
    assert "learns from complete trials alone" in " ".join(a_study(SAMPLERS[0]).warnings)
    assert not a_study(SAMPLERS[0], pruner="none").warnings
    told = OptunaSampler("CmaEsSampler", consider_pruned_trials=True)
    assert not a_study(told, pruner=SuccessiveHalving()).warnings
    assert "draws activation at random" in " ".join(a_study(told, FINITE, pruner="none").warnings)


def test_it_describes_itself_in_a_few_words() -> None:
    assert SAMPLERS[0].describe() == "GPSampler of Optuna, made anew and seeded for each trial"
    assert OptunaSampler("mine:Own", stateful=True).describe() == "mine:Own, one object for the whole run"


# --- end to end -------------------------------------------------------------------------------------------------------


def small(sampler: OptunaSampler) -> Study:
    known: dict[str, Any] = {"learning_rate": 0.2, "hidden": 4}
    space, rest = (FINITE, {"activation": "tanh"}) if sampler is BRUTE else (SPACE, {"weight_decay": 0.0})
    words = {"data": "digits", "epochs": 1, "trials": 18, "engines": 2, "lanes": 2, "pruner": "none"}
    return a_study(sampler, space, baselines=[Baseline("known", **known | rest)], **words)


@pytest.mark.parametrize(
    "sampler",
    [
        pytest.param(each, marks=pytest.mark.slow if each in SAMPLERS[4:] else (), id=each.title)
        for each in (*SAMPLERS, BRUTE)
    ],
)
def test_a_search_that_is_cut_off_ends_the_same(sampler: OptunaSampler, tmp_path: Path, digits: Source) -> None:
    study = small(sampler)
    whole, url = (f"sqlite:///{tmp_path}/{name}.db" for name in ("whole", "cut"))
    assert run(study, whole, digits)
    assert_whole(whole)
    rows = trials(whole)
    assert len(rows) == (13 if sampler is GRID else 18)
    assert len({tuple(sorted(row.params.items())) for row in rows}) > 10
    for write in (6, 4):  # of what is left of the run
        assert cut_before(write, study, url, digits, always_keep=write == 4)
    assert run(study, url, digits)
    assert table(url) == table(whole)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [*SAMPLERS[:3], BRUTE], ids=_title)
def test_same_table_in_two_processes(sampler: OptunaSampler, tmp_path: Path, digits: Source) -> None:
    study = small(sampler)
    alone, spread = (f"sqlite:///{tmp_path}/{name}.db" for name in ("alone", "spread"))
    assert run(study, alone, digits)
    assert run(study, spread, digits, workers=2)
    assert table(spread) == table(alone)
