"""SuccessiveHalvingPruner: the rule of Studyhall in a study that Optuna runs by itself."""

import math
import subprocess
import sys
from collections.abc import Mapping

import optuna
import pytest

from search import SuccessiveHalvingPruner
from tests.support.runs import ROOT


def verdicts(pruner: optuna.pruners.BasePruner, curves: list[Mapping[int, float]], direction: str) -> list[bool]:
    """Report one step of every trial after the other; return which trials were to be pruned at their last report."""
    study = optuna.create_study(direction=direction, pruner=pruner)  # type: ignore[arg-type]
    trials = [study.ask() for _ in curves]
    for turn in range(max(map(len, curves))):
        for trial, curve in zip(trials, curves, strict=True):
            if turn < len(curve):
                step = sorted(curve)[turn]
                trial.report(curve[step], step)
    return [trial.should_prune() for trial in trials]


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1.0), ("minimize", -1.0)])
def test_the_worse_half_is_pruned_at_a_rung(direction: str, sign: float) -> None:
    curves = [{1: sign * value} for value in (0.1, 0.4, 0.2, 0.3)]
    assert verdicts(SuccessiveHalvingPruner(), curves, direction) == [True, False, True, False]


def test_the_settings_are_those_of_the_rule() -> None:
    curves = [{3: value} for value in (0.1, 0.4, 0.2, 0.3)]
    pruner = SuccessiveHalvingPruner(keep_fraction=0.25, min_epochs=3, reduction_factor=3, min_trials=2)
    assert verdicts(pruner, curves, "maximize") == [True, False, True, True]
    with pytest.raises(ValueError, match="keep_fraction"):
        SuccessiveHalvingPruner(keep_fraction=1.5)


def test_trials_that_have_ended_are_compared_with() -> None:
    study = optuna.create_study(direction="maximize", pruner=SuccessiveHalvingPruner())
    for value in (0.5, 0.6, 0.7):
        trial = study.ask()
        trial.report(value, 1)
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    late = study.ask()
    late.report(0.4, 1)
    assert late.should_prune()


def test_between_rungs_nobody_is_pruned() -> None:
    curves = [{1: value, 2: value, 3: value} for value in (0.1, 0.4, 0.2, 0.3)]
    assert verdicts(SuccessiveHalvingPruner(), curves, "maximize") == [False] * 4


def test_a_trial_without_a_report_is_not_pruned() -> None:
    study = optuna.create_study(pruner=SuccessiveHalvingPruner())
    assert not study.ask().should_prune()


def test_where_reports_skip_a_rung_the_first_one_past_it_counts() -> None:
    curves = [{3: 0.1}, {3: 0.4}, {2: 0.2, 3: 0.9}, {2: 0.3}]
    # At rung 2 the reports are 0.1, 0.4, 0.2 and 0.3; the third trial was judged at step 2, and at step 3 no more.
    assert verdicts(SuccessiveHalvingPruner(min_epochs=2), curves, "maximize") == [True, False, False, False]


def test_where_a_report_passes_several_rungs_it_is_judged_at_each() -> None:
    # At rung 1 the last trial is third of four, though at rung 4, with the reports at steps 4 and 5, it is first.
    curves = [{1: 0.9, 4: 0.1}, {1: 0.8, 4: 0.2}, {1: 0.1}, {5: 0.5}]
    assert verdicts(SuccessiveHalvingPruner(min_trials=2), curves, "maximize")[3]


def test_reports_that_skip_steps_are_judged_as_by_optunas_own() -> None:
    """Ten trials report at step 3, past the rung at 2, where a third goes on; Optuna's needs three trials to begin."""
    ours = SuccessiveHalvingPruner(keep_fraction=1 / 3, min_epochs=2, reduction_factor=100, min_trials=2)
    theirs = optuna.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=3)
    outcomes = {}
    for name, pruner in {"ours": ours, "theirs": theirs}.items():
        study = optuna.create_study(direction="maximize", pruner=pruner)
        outcomes[name] = []
        for number in range(10):
            trial = study.ask()
            trial.report((number * 7 % 10) / 10, 3)
            outcomes[name].append(trial.should_prune())
    assert sum(outcomes["ours"]) >= 4
    assert outcomes["ours"][3:] == outcomes["theirs"][3:]


def test_a_report_that_is_no_number_is_the_worst() -> None:
    curves = [{1: math.nan}, {1: 0.4}, {1: -5.0}, {1: 0.3}]
    assert verdicts(SuccessiveHalvingPruner(keep_fraction=0.75), curves, "maximize") == [True, False, False, False]


def test_asked_again_it_answers_the_same() -> None:
    study = optuna.create_study(direction="maximize", pruner=SuccessiveHalvingPruner())
    trials = [study.ask() for _ in range(4)]
    for trial, value in zip(trials, (0.1, 0.4, 0.2, 0.3), strict=True):
        trial.report(value, 1)
    assert [trial.should_prune() for trial in trials] == [trial.should_prune() for trial in trials]


def test_importing_search_imports_no_optuna() -> None:
    program = "import search, sys; assert 'optuna' not in sys.modules; search.SuccessiveHalvingPruner; import optuna"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
