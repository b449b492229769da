"""The judge: who goes on from a rung, and that Optuna's own pruners are asked as Optuna would ask them."""

import math
import random

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from models.errors import UserError
from search.config.space import Float, Int
from search.config.study import Study
from search.objective import Objective
from search.pruners.base import PrunerConfig, should_prune
from search.pruners.halving import SuccessiveHalving, SuccessiveHalvingPruner, below_cutoff, is_rung
from search.pruners.none import NoPruner
from search.pruners.optuna import OptunaPruner, optuna_pruner
from search.pruners.rung import RungScore, insert_sorted
from search.samplers.optuna_mirror import Mirror
from search.trial import TrialRow

DRAWN = {"learning_rate": 0.1, "hidden": 32, "weight_decay": 1e-4}


def rung_score(accuracy: float, loss: float, number: int) -> RungScore:
    return RungScore(Objective().key({"accuracy": accuracy, "loss": loss}, number), accuracy)


def a_study(pruner: PrunerConfig, epochs: int = 10) -> Study:
    space = {
        "learning_rate": Float(1e-3, 1.0, log=True),
        "hidden": Int(16, 512, log=True),
        "weight_decay": Float(1e-7, 1e-2, log=True),
    }
    return Study(family=Mlp(), space=space, epochs=epochs, pruner=pruner)


def a_score(number: int, epoch: int, accuracy: float, loss: float = 0.5) -> EpochMetrics:
    return EpochMetrics(
        lane=number,
        epoch=epoch,
        train={"loss": loss, "accuracy": accuracy},
        validation={"loss": loss, "accuracy": accuracy},
        seconds=0.1,
    )


def row(number: int, baseline: str | None = None) -> TrialRow:
    return TrialRow(number=number, state="running", params=DRAWN, baseline=baseline)


def those_who_fall(peer: SuccessiveHalving, standings: list[RungScore]) -> set[int]:
    best_first: list[RungScore] = []
    for each in standings:
        insert_sorted(each, best_first)
    return {mine.number for mine in standings if below_cutoff(peer, mine, best_first)}


# --- rungs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "rungs"),
    [
        (SuccessiveHalving(), [1, 2, 4, 8, 16]),
        (SuccessiveHalving(min_epochs=3, reduction_factor=3), [3, 9, 27]),
        (SuccessiveHalving(min_epochs=5, reduction_factor=2), [5, 10, 20]),
    ],
)
def test_rungs_are_the_first_epoch_times_powers_of_the_spacing(peer: SuccessiveHalving, rungs: list[int]) -> None:
    assert [step for step in range(1, 31) if is_rung(peer, step)] == rungs


# --- who goes on ------------------------------------------------------------------------------------------------------

numbers = st.floats(0, 1) | st.just(math.nan)
losses = st.floats(0, 10) | st.sampled_from([math.nan, math.inf])
cohorts = st.lists(st.tuples(numbers, losses), min_size=1, max_size=40).map(
    lambda values: [rung_score(accuracy, loss, number) for number, (accuracy, loss) in enumerate(values)]
)


@given(cohorts, st.fractions(0, 1, max_denominator=100).filter(lambda keep: 0 < keep < 1))
def test_the_share_that_goes_on_is_the_one_stated_rounded_up(cohort: list[RungScore], keep: object) -> None:
    fallen = those_who_fall(SuccessiveHalving(keep_fraction=float(keep), min_trials=2), cohort)  # type: ignore[arg-type]
    go_on = math.ceil(keep * len(cohort)) if len(cohort) >= 2 else len(cohort)  # type: ignore[operator]
    assert len(cohort) - len(fallen) == go_on


@given(cohorts)
def test_nobody_falls_who_stands_before_one_that_goes_on(cohort: list[RungScore]) -> None:
    fallen = those_who_fall(SuccessiveHalving(min_trials=2), cohort)
    ranked = [standing.number for standing in sorted(cohort, key=lambda standing: standing.key)]
    assert set(ranked[len(ranked) - len(fallen) :]) == fallen


@given(cohorts, st.randoms(use_true_random=False))
def test_verdicts_do_not_depend_on_the_order_of_the_rivals(cohort: list[RungScore], chance: random.Random) -> None:
    shuffled = chance.sample(cohort, len(cohort))
    assert those_who_fall(SuccessiveHalving(), shuffled) == those_who_fall(SuccessiveHalving(), cohort)


def test_nobody_falls_before_enough_rivals_have_arrived() -> None:
    cohort = [rung_score(0.1 * number, 1.0, number) for number in range(4)]
    assert those_who_fall(SuccessiveHalving(min_trials=4), cohort[:3]) == set()
    assert those_who_fall(SuccessiveHalving(min_trials=4), cohort) == {0, 1}


def test_rounding_in_binary_gives_no_place_away() -> None:
    assert math.ceil(0.07 * 100) == 8, "the trap that this test is about"
    cohort = [rung_score(number / 100, 1.0, number) for number in range(100)]
    assert those_who_fall(SuccessiveHalving(keep_fraction=0.07), cohort) == set(range(93))


def test_ties_go_to_the_lower_loss() -> None:
    cohort = [rung_score(0.9, 0.4, 0), rung_score(0.9, 0.3, 1), rung_score(0.9, 0.2, 2), rung_score(0.9, 0.1, 3)]
    assert those_who_fall(SuccessiveHalving(), cohort) == {0, 1}


def test_ties_of_accuracy_and_loss_go_to_the_lower_number() -> None:
    assert those_who_fall(SuccessiveHalving(), [rung_score(0.9, 0.1, number) for number in (7, 5, 3, 1)]) == {5, 7}


@pytest.mark.parametrize("no_number", [math.nan, math.inf])
def test_a_diverged_trial_stands_behind_all_others(no_number: float) -> None:
    # Its accuracy may be high by chance: the class that argmax names where every output is NaN may be a frequent one.
    diverged = [rung_score(0.99, no_number, 0), rung_score(math.nan, math.nan, 1)]
    others = [rung_score(0.01, 9.0, 2), rung_score(0.0, 9.0, 3)]
    assert those_who_fall(SuccessiveHalving(), diverged + others) == {0, 1}


# --- the verdict ------------------------------------------------------------------------------------------------------


def verdicts(study: Study, epoch: int, accuracies: list[float], baselines: tuple[int, ...] = ()) -> list[bool]:
    """The verdict on each of a cohort that stands at the same epoch."""
    rows = [row(number, "known" if number in baselines else None) for number in range(len(accuracies))]
    scores = [a_score(number, epoch, accuracy) for number, accuracy in enumerate(accuracies)]
    mirror = Mirror(study, rows, [(epoch, score) for score in scores])
    peers = sorted((RungScore.of(score, study.objective) for score in scores), key=lambda standing: standing.key)
    return [should_prune(study, row, score, peers, mirror.study) for row, score in zip(rows, scores, strict=True)]


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
    mirror = Mirror(study)
    expected, found = [], []
    for number, curve in enumerate(curves):
        trial = theirs.ask()
        mirror.insert(row(number))
        for epoch, accuracy in enumerate(curve, start=1):
            trial.report(accuracy, epoch)
            expected.append(trial.should_prune())
            score = a_score(number, epoch, accuracy)
            mirror.report(score)
            found.append(should_prune(study, row(number), score, [], mirror.study))
        theirs.tell(trial, curve[-1])
        mirror.tell(number, "complete", curve[-1])
    assert found == expected
    assert any(found), "the curves are such that some verdict says prune"


def test_hyperband_deals_the_same_brackets_to_two_mirrors() -> None:
    study = a_study(OptunaPruner(kind="HyperbandPruner", arguments={"max_resource": 27}))
    accuracies = [number / 40 for number in range(40)]
    assert verdicts(study, 1, accuracies) == verdicts(study, 1, accuracies)


# --- PeerPruner -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1.0), ("minimize", -1.0)])
def test_peer_pruner_prunes_the_trials_that_fall_behind(direction: str, sign: float) -> None:
    study = optuna.create_study(direction=direction, pruner=SuccessiveHalvingPruner(SuccessiveHalving()))
    trials = [study.ask() for _ in range(4)]
    for trial, value in zip(trials, [0.1, 0.4, 0.2, 0.3], strict=True):
        trial.report(sign * value, 1)
    assert [trial.should_prune() for trial in trials] == [True, False, True, False]


def test_peer_pruner_counts_rivals_that_have_ended() -> None:
    study = optuna.create_study(direction="maximize", pruner=SuccessiveHalvingPruner(SuccessiveHalving()))
    for value in (0.5, 0.6, 0.7):
        trial = study.ask()
        trial.report(value, 1)
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    late = study.ask()
    late.report(0.4, 1)
    assert late.should_prune()


def test_peer_pruner_waits_for_a_rung() -> None:
    study = optuna.create_study(direction="maximize", pruner=SuccessiveHalvingPruner(SuccessiveHalving()))
    trials = [study.ask() for _ in range(4)]
    assert not trials[0].should_prune(), "nothing reported yet"
    for step in (1, 2, 3):
        for trial, value in zip(trials, [0.1, 0.4, 0.2, 0.3], strict=True):
            trial.report(value, step)
    assert not any(trial.should_prune() for trial in trials)


# --- pruners by name --------------------------------------------------------------------------------------------------


def test_a_pruner_is_made_with_the_arguments_stated() -> None:
    pruner = optuna_pruner(OptunaPruner(kind="PercentilePruner", arguments={"percentile": 25.0, "n_startup_trials": 0}))
    assert isinstance(pruner, optuna.pruners.PercentilePruner)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    for value in (0.1, 0.2, 0.3, 0.4):
        study.add_trial(optuna.create_trial(value=value, intermediate_values={1: value}))
    trial = study.ask()
    trial.report(0.3, 1)
    assert trial.should_prune(), "0.3 is not among the best quarter"


def test_an_unknown_pruner_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UserError) as caught:
        optuna_pruner(OptunaPruner(kind="MedainPruner"))
    assert '"MedainPruner" (did you mean "MedianPruner"?)' in caught.value.what
    assert "HyperbandPruner, MedianPruner" in caught.value.remedy


def test_an_unknown_argument_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UserError) as caught:
        optuna_pruner(OptunaPruner(kind="MedianPruner", arguments={"startup_trials": 3}))
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
        optuna_pruner(OptunaPruner(kind=kind, arguments=arguments))  # type: ignore[arg-type]


def test_the_abstract_pruner_is_not_offered() -> None:
    with pytest.raises(UserError) as caught:
        optuna_pruner(OptunaPruner(kind="BasePruner"))
    assert "BasePruner" not in caught.value.remedy
