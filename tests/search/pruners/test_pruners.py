"""Pruners: who goes on from a rung, and that Optuna's own pruners are asked as Optuna would ask them."""

import math
import random
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.config.base import Parameters
from models.config.families import Mlp
from models.errors import UserError
from search.config.space import Float, Int
from search.config.study import Study
from search.loop.history import SearchHistory
from search.objective import Objective
from search.pruners.base import PrunerConfig, judge
from search.pruners.halving import SuccessiveHalving
from search.pruners.none import NoPruner
from search.pruners.optuna import OptunaPruner
from search.pruners.rung import RungScore, insert_sorted
from search.trial import TrialRow
from tests.support.memory_record import epoch_metrics

PARAMS: Parameters = {"learning_rate": 0.1, "hidden": 32, "weight_decay": 1e-4}


def rung_score(accuracy: float, loss: float, number: int) -> RungScore:
    return RungScore(Objective().key({"accuracy": accuracy, "loss": loss}, number), accuracy)


def a_study(pruner: PrunerConfig, epochs: int = 10) -> Study:
    space = {
        "learning_rate": Float(1e-3, 1.0, log=True),
        "hidden": Int(16, 512, log=True),
        "weight_decay": Float(1e-7, 1e-2, log=True),
    }
    return Study(family=Mlp(), space=space, epochs=epochs, pruner=pruner)


def row(number: int, baseline: str | None = None) -> TrialRow:
    return TrialRow(number=number, state="running", params=PARAMS, joined=1, baseline=baseline)


def pruned(rule: SuccessiveHalving, scores: list[RungScore]) -> set[int]:
    best_first: list[RungScore] = []
    for score in scores:
        insert_sorted(score, best_first)
    return {score.number for score in scores if rule.below_cutoff(score, best_first)}


# --- rungs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "rungs"),
    [
        (SuccessiveHalving(), [1, 2, 4, 8, 16]),
        (SuccessiveHalving(min_epochs=3, reduction_factor=3), [3, 9, 27]),
        (SuccessiveHalving(min_epochs=5, reduction_factor=2), [5, 10, 20]),
    ],
)
def test_rungs_are_the_first_epoch_times_powers_of_the_reduction_factor(
    rule: SuccessiveHalving, rungs: list[int]
) -> None:
    assert [step for step in range(1, 31) if rule.is_rung(step)] == rungs
    assert list(rule.rungs(31)) == rungs


# --- who goes on ------------------------------------------------------------------------------------------------------

numbers = st.floats(0, 1) | st.just(math.nan)
losses = st.floats(0, 10) | st.sampled_from([math.nan, math.inf])
cohorts = st.lists(st.tuples(numbers, losses), min_size=1, max_size=40).map(
    lambda values: [rung_score(accuracy, loss, number) for number, (accuracy, loss) in enumerate(values)]
)


@given(cohorts, st.fractions(0, 1, max_denominator=100).filter(lambda keep: 0 < keep < 1))
def test_the_share_that_goes_on_is_the_one_stated_rounded_up(cohort: list[RungScore], keep: object) -> None:
    lost = pruned(SuccessiveHalving(keep_fraction=float(keep), min_trials=2), cohort)  # type: ignore[arg-type]
    go_on = math.ceil(keep * len(cohort)) if len(cohort) >= 2 else len(cohort)  # type: ignore[operator]
    assert len(cohort) - len(lost) == go_on


@given(cohorts)
def test_nobody_is_pruned_who_is_better_than_one_that_goes_on(cohort: list[RungScore]) -> None:
    lost = pruned(SuccessiveHalving(min_trials=2), cohort)
    ranked = [score.number for score in sorted(cohort, key=lambda score: score.key)]
    assert set(ranked[len(ranked) - len(lost) :]) == lost


@given(cohorts, st.randoms(use_true_random=False))
def test_verdicts_do_not_depend_on_the_order_of_the_peers(cohort: list[RungScore], chance: random.Random) -> None:
    shuffled = chance.sample(cohort, len(cohort))
    assert pruned(SuccessiveHalving(), shuffled) == pruned(SuccessiveHalving(), cohort)


def test_nobody_is_pruned_before_enough_trials_have_reached_the_rung() -> None:
    cohort = [rung_score(0.1 * number, 1.0, number) for number in range(4)]
    assert pruned(SuccessiveHalving(min_trials=4), cohort[:3]) == set()
    assert pruned(SuccessiveHalving(min_trials=4), cohort) == {0, 1}


def test_rounding_in_binary_lets_no_further_trial_go_on() -> None:
    assert math.ceil(0.07 * 100) == 8, "the trap that this test is about"
    cohort = [rung_score(number / 100, 1.0, number) for number in range(100)]
    assert pruned(SuccessiveHalving(keep_fraction=0.07), cohort) == set(range(93))


def test_ties_go_to_the_lower_loss() -> None:
    cohort = [rung_score(0.9, 0.4, 0), rung_score(0.9, 0.3, 1), rung_score(0.9, 0.2, 2), rung_score(0.9, 0.1, 3)]
    assert pruned(SuccessiveHalving(), cohort) == {0, 1}


def test_ties_of_accuracy_and_loss_go_to_the_lower_number() -> None:
    assert pruned(SuccessiveHalving(), [rung_score(0.9, 0.1, number) for number in (7, 5, 3, 1)]) == {5, 7}


@pytest.mark.parametrize("no_number", [math.nan, math.inf])
def test_a_diverged_trial_is_behind_all_others(no_number: float) -> None:
    # Its accuracy may be high by chance: the class that argmax names where every output is NaN may be a frequent one.
    diverged = [rung_score(0.99, no_number, 0), rung_score(math.nan, math.nan, 1)]
    others = [rung_score(0.01, 9.0, 2), rung_score(0.0, 9.0, 3)]
    assert pruned(SuccessiveHalving(), diverged + others) == {0, 1}


# --- the verdict ------------------------------------------------------------------------------------------------------


def verdicts(study: Study, epoch: int, accuracies: list[float], baselines: tuple[int, ...] = ()) -> list[bool]:
    """The verdict on each of a cohort that stands at the same epoch."""
    rows = [row(number, "known" if number in baselines else None) for number in range(len(accuracies))]
    scores = [epoch_metrics(number, epoch, accuracy, 0.5) for number, accuracy in enumerate(accuracies)]
    history = SearchHistory(study, rows, len(rows), [(epoch, score) for score in scores])
    return [judge(study, row, score, history) == "prune" for row, score in zip(rows, scores, strict=True)]


def test_the_first_cohort_is_judged_against_itself() -> None:
    assert verdicts(a_study(SuccessiveHalving()), 1, [0.1, 0.4, 0.2, 0.3]) == [True, False, True, False]


def test_nobody_is_pruned_between_rungs() -> None:
    assert verdicts(a_study(SuccessiveHalving()), 3, [0.1, 0.4, 0.2, 0.3]) == [False] * 4


def test_a_baseline_is_never_pruned() -> None:
    assert verdicts(a_study(SuccessiveHalving()), 1, [0.1, 0.4, 0.2, 0.3], baselines=(0,)) == [
        False,
        False,
        True,
        False,
    ]


def test_nobody_is_pruned_after_the_last_epoch() -> None:
    assert verdicts(a_study(SuccessiveHalving(), epochs=4), 4, [0.1, 0.4, 0.2, 0.3]) == [False] * 4


def test_only_the_pruner_that_never_prunes_says_so() -> None:
    assert not NoPruner().prunes
    assert SuccessiveHalving().prunes


@pytest.mark.parametrize(
    ("pruner", "epochs", "text"),
    [
        (SuccessiveHalving(), 10, "the best 50% go on after epochs 1, 2, 4, 8"),
        (SuccessiveHalving(keep_fraction=0.3, min_epochs=6), 10, "the best 30% go on after epoch 6"),
        (SuccessiveHalving(min_epochs=10), 10, "no trial is pruned before its last epoch"),
        (NoPruner(), 10, "none: every trial is trained to its end"),
        (OptunaPruner(kind="MedianPruner"), 10, "MedianPruner of Optuna"),
    ],
)
def test_a_pruner_describes_itself_in_one_line(pruner: PrunerConfig, epochs: int, text: str) -> None:
    assert pruner.describe(epochs) == text


def test_no_pruner_prunes_nobody() -> None:
    assert verdicts(a_study(NoPruner()), 1, [0.1, 0.4, 0.2, 0.3]) == [False] * 4


def test_a_pruner_of_optuna_judges_what_the_mirror_holds() -> None:
    study = a_study(OptunaPruner(kind="ThresholdPruner", arguments={"lower": 0.25}))
    assert verdicts(study, 1, [0.1, 0.4, 0.2, 0.3]) == [True, False, True, False]


def test_the_median_pruner_judges_as_in_a_study_of_optunas_own() -> None:
    curves = [[0.2, 0.3, 0.5], [0.4, 0.45, 0.5], [0.3, 0.5, 0.6], [0.25, 0.6, 0.7], [0.1, 0.44, 0.9]]
    arguments = {"n_startup_trials": 1}
    theirs = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=1))
    study = a_study(OptunaPruner(kind="MedianPruner", arguments=dict(arguments)))
    history = SearchHistory(study, [], 0, [])
    expected, ours = [], []
    for number, curve in enumerate(curves):
        trial = theirs.ask()
        history.begin(row(number))
        for epoch, accuracy in enumerate(curve, start=1):
            trial.report(accuracy, epoch)
            expected.append(trial.should_prune())
            score = epoch_metrics(number, epoch, accuracy, 0.5)
            history.add_scores(epoch, [score])
            ours.append(judge(study, row(number), score, history) == "prune")
        theirs.tell(trial, curve[-1])
        history.mirror.tell(number, "complete", curve[-1])
    assert ours == expected
    assert any(ours), "the curves are such that some verdict says prune"


def test_hyperband_deals_the_same_brackets_to_two_mirrors() -> None:
    study = a_study(OptunaPruner(kind="HyperbandPruner", arguments={"max_resource": 27}))
    accuracies = [number / 40 for number in range(40)]
    assert verdicts(study, 1, accuracies) == verdicts(study, 1, accuracies)


# --- pruners by name --------------------------------------------------------------------------------------------------


def test_a_pruner_is_made_with_the_arguments_stated() -> None:
    pruner = OptunaPruner(
        kind="PercentilePruner", arguments={"percentile": 25.0, "n_startup_trials": 0}
    ).optuna_pruner()
    assert isinstance(pruner, optuna.pruners.PercentilePruner)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    for value in (0.1, 0.2, 0.3, 0.4):
        study.add_trial(optuna.create_trial(value=value, intermediate_values={1: value}))
    trial = study.ask()
    trial.report(0.3, 1)
    assert trial.should_prune(), "0.3 is not among the best quarter"


def test_an_unknown_pruner_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UserError) as caught:
        OptunaPruner(kind="MedainPruner").optuna_pruner()
    assert '"MedainPruner" (did you mean "MedianPruner"?)' in caught.value.what
    assert "HyperbandPruner, MedianPruner" in caught.value.remedy


def test_an_unknown_argument_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UserError) as caught:
        OptunaPruner(kind="MedianPruner", arguments={"startup_trials": 3}).optuna_pruner()
    assert '"startup_trials" (did you mean "n_startup_trials"?)' in caught.value.what
    assert "n_warmup_steps=0" in caught.value.remedy


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("PercentilePruner", {}),  # percentile has no default
        ("PercentilePruner", {"percentile": 250.0}),
        ("MedianPruner", {"n_startup_trials": "five"}),
    ],
)
def test_refused_arguments_become_an_error_for_the_user(kind: str, arguments: dict[str, object]) -> None:
    with pytest.raises(UserError, match=f"{kind} refuses its arguments"):
        OptunaPruner(kind=kind, arguments=arguments).optuna_pruner()  # type: ignore[arg-type]


def test_the_abstract_pruner_is_not_offered() -> None:
    with pytest.raises(UserError) as caught:
        OptunaPruner(kind="BasePruner").optuna_pruner()
    assert "BasePruner" not in caught.value.remedy


def test_a_pruner_of_optuna_can_wrap_another() -> None:
    median = OptunaPruner(kind="MedianPruner", arguments={"n_warmup_steps": 2})
    patient = OptunaPruner(kind="PatientPruner", arguments={"wrapped_pruner": median, "patience": 1})
    assert OptunaPruner.model_validate_json(patient.model_dump_json()) == patient
    made = patient.optuna_pruner()
    assert isinstance(made, optuna.pruners.PatientPruner)
    assert isinstance(made._wrapped_pruner, optuna.pruners.MedianPruner)


@pytest.mark.parametrize(
    ("kind", "arguments", "fact"),
    [
        (
            "PatientPruner",
            {"wrapped_pruner": "MedianPruner", "patience": 1},
            '"wrapped_pruner" of PatientPruner is a pruner',
        ),
        (
            "PercentilePruner",
            {"percentile": OptunaPruner(kind="NopPruner")},
            '"percentile" of PercentilePruner is no pruner',
        ),
    ],
)
def test_a_pruner_is_given_where_optuna_takes_one(kind: str, arguments: dict[str, Any], fact: str) -> None:
    with pytest.raises(UserError, match=fact):
        OptunaPruner(kind=kind, arguments=arguments).optuna_pruner()
