"""What a report reads of the record: every fate of a trial, and what an audit found."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.page.data import ReportData
from search.record.record import Record
from search.samplers.distributions import distributions
from tests.support.reports import a_record, a_study, add, add_audit, check_of, report_of


def test_the_trials_table_has_every_fate_in_types_that_stay(searched: ReportData) -> None:
    trials = searched.trials
    assert list(trials["fate"]) == ["complete", "complete", "complete", "pruned", "diverged", "running"]
    assert list(trials["best_epoch"])[:3] == [4, 4, 3]
    assert str(trials["hidden"].dtype) == "Int64"
    assert trials.loc[0, "weight_decay"] == 0.0  # the low end, as it is trained
    assert trials.loc[4, "reason"] == "diverged at epoch 2"


def test_a_repeat_takes_no_time_and_has_no_second_curve(fated: Record) -> None:
    row = replace(fated.trials()[1], number=6, state="running", joined=None, repeat_of=1, value=None)
    scores = [score.model_copy(update={"lane": 6}) for score in fated.curves()[1]]
    with fated.lease():
        fated.write(5, begun=[row], scores=scores, distributions=distributions(fated.study))
        fated.tell(6, "complete", 0.8)
    report = report_of(fated)
    assert report.trials.loc[6, "seconds"] == 0.0
    assert 6 not in set(report.curves["trial"])


def test_the_best_trial_is_the_objectives(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(objective="loss", baselines=()))
    add(record, 0, [0.5, 0.8], "complete")
    add(record, 1, [0.5, 0.9], "complete")
    assert report_of(record).best == 1


def test_an_audited_trial_that_would_have_won_is_a_regret(fated: Record) -> None:
    add_audit(fated, [0.55, 0.56, 0.8, 0.95])
    report = report_of(fated)
    assert report.audit.to_dict("records") == [
        {"trial": 3, "pruned_at": 2, "then": 0.56, "end": 0.95, "same": True, "gain": pytest.approx(0.05)}
    ]
    assert check_of(report, "pruning regret").outcome == "look"


def test_an_audited_trial_that_would_not_have_won_is_none(fated: Record) -> None:
    add_audit(fated, [0.55, 0.56, 0.6, 0.7])
    assert check_of(report_of(fated), "pruning regret").outcome == "passed"


def test_an_audited_trial_that_comes_to_the_same_value_is_a_tie(fated: Record) -> None:
    add_audit(fated, [0.55, 0.56, 0.8, 0.9])
    report = report_of(fated)
    assert (report.audited_bands[0].regrets, report.audited_bands[0].ties) == (0, 1)
    assert check_of(report, "pruning regret").outcome == "passed"


def test_few_audited_trials_are_too_few_to_pass(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(baselines=(), trials=11))
    add(record, 0, [0.5, 0.6, 0.8, 0.9], "complete")
    for number in range(1, 11):
        add(record, number, [0.3], "pruned")
    add_audit(record, [0.3, 0.56, 0.6, 0.7])
    finding = check_of(report_of(record), "pruning regret")
    assert finding.outcome == "not applicable"
    assert (
        "None of 1 audited trial would have beaten the best, so fewer than 90% of 10 pruned ones would" in finding.text
    )


def test_an_audit_that_does_not_repeat_the_record_says_so(fated: Record) -> None:
    add_audit(fated, [0.55, 0.57, 0.6, 0.7])
    result = check_of(report_of(fated), "pruning regret")
    assert result.outcome == "look"
    assert "did not come out as they are recorded" in result.text


def test_an_audit_that_was_paused_is_left_out(fated: Record) -> None:
    add_audit(fated, [0.55, 0.56, 0.6])
    assert report_of(fated).audit.empty
