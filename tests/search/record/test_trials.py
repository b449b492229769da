"""Trials: written as Optuna would write them, and idempotent."""

import math
from dataclasses import replace
from datetime import UTC, timedelta

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from search.record.record import Record
from tests.support.records import (
    SPACE,
    Clock,
    a_score,
    a_trial,
    insert,
    optuna_storage,
    trials_by_optuna,
)

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.mark.slow
def test_a_trial_is_what_optuna_would_have_written(record: Record, url: str) -> None:
    space = SPACE | {"activation": CategoricalDistribution(("relu", "tanh"))}
    drawn = a_trial(0).params | {"activation": "tanh"}
    insert(record, a_trial(0, params=drawn, baseline="known"), distributions=space)
    theirs = optuna.create_study(storage=optuna_storage(url), study_name="theirs", direction="maximize")
    attributes = {"joined": 0, "baseline": "known", "weight_decay": 0.0}  # its low end stands for none at all
    theirs.add_trial(
        optuna.trial.create_trial(state=TrialState.RUNNING, params=drawn, distributions=space, user_attrs=attributes)
    )
    record.write(0, scores=[a_score(0, accuracy=0.8)])
    record.tell(0, "complete", 0.8)
    theirs._storage.set_trial_intermediate_value(theirs.trials[0]._trial_id, 1, 0.8)
    theirs.tell(0, 0.8)

    def comparable(trial: optuna.trial.FrozenTrial) -> dict[str, object]:
        unlike = {"_trial_id", "_datetime_start", "_datetime_complete", "datetime_complete"}
        return {key: value for key, value in vars(trial).items() if key not in unlike}

    assert comparable(trials_by_optuna(url)[0]) == comparable(theirs.trials[0])


def test_trials_come_back_as_they_were_written(record: Record, clock: Clock) -> None:
    rows = [a_trial(0, baseline="known"), a_trial(1), a_trial(2, joined=None, repeat_of=1), a_trial(3)]
    for row in rows:
        insert(record, row)
    record.tell(0, "complete", 0.9)
    record.tell(1, "pruned", None, diverged_at=2)
    record.tell(3, "failed", None, reason="Traceback ...")
    ended = {"started": clock.time, "finished": clock.time}
    assert record.trials() == [
        replace(rows[0], state="complete", value=0.9, **ended),
        replace(rows[1], state="pruned", diverged_at=2, reason="diverged at epoch 2", **ended),
        replace(rows[2], started=clock.time),
        replace(rows[3], state="failed", reason="Traceback ...", **ended),
    ]


def test_a_diverged_trial_is_infeasible_to_optuna(record: Record, url: str) -> None:
    for number in range(3):
        insert(record, a_trial(number))
    record.tell(0, "pruned", None, diverged_at=2)
    record.tell(1, "pruned", None)
    record.tell(2, "complete", 0.9)
    assert [trial.constraints for trial in trials_by_optuna(url)] == [{"diverged": 1.0}, {}, {}]


def test_optuna_shows_our_times(record: Record, url: str, clock: Clock) -> None:
    insert(record, a_trial(0))
    shown = trials_by_optuna(url)[0].datetime_start
    assert shown is not None
    assert shown.astimezone(UTC) == clock.time  # Optuna shows the naive local time


def test_inserting_again_changes_nothing(record: Record, clock: Clock) -> None:
    insert(record, a_trial(0))
    before = record.trials()
    clock.time += timedelta(seconds=5)
    insert(record, a_trial(0))
    assert record.trials() == before


def test_a_number_keeps_its_parameters(record: Record) -> None:
    insert(record, a_trial(0))
    with pytest.raises(RuntimeError, match="trial 0 of `mlp` has"):
        insert(record, a_trial(0, params=a_trial(1).params))


def test_numbers_leave_no_gap(record: Record) -> None:
    with pytest.raises(RuntimeError, match="trial 1 of `mlp` cannot follow 0 trials"):
        insert(record, a_trial(1))


def test_a_parameter_outside_its_range_is_not_written(record: Record) -> None:
    with pytest.raises(ValueError, match="hidden"):
        insert(record, a_trial(0, params=a_trial(0).params | {"hidden": 7}))
    assert record.trials() == []


def test_a_trial_told_stays_told(record: Record, url: str, clock: Clock) -> None:
    insert(record, a_trial(0))
    record.tell(0, "complete", 0.9)
    before = record.trials()
    clock.time += timedelta(seconds=5)
    record.tell(0, "complete", 0.9)
    record.tell(0, "failed", None, reason="too late")
    assert record.trials() == before
    assert trials_by_optuna(url)[0].value == 0.9


@pytest.mark.parametrize(("state", "value"), [("complete", None), ("complete", math.nan), ("pruned", math.nan)])
def test_a_trial_cannot_be_told_as_no_number(record: Record, state: str, value: float | None) -> None:
    insert(record, a_trial(0))
    with pytest.raises(ValueError, match="trial 0 cannot be told"):
        record.tell(0, state, value)  # type: ignore[arg-type]


def test_of_a_traceback_the_last_line_is_the_reason(record: Record) -> None:
    insert(record, a_trial(0))
    record.tell(0, "failed", None, reason="Traceback ...\n  File ...\nValueError: no\n")
    assert record.trials()[0].reason == "ValueError: no (failures/trial-0.txt)"
    assert (record.folder / "failures" / "trial-0.txt").read_text().startswith("Traceback")
