"""Searches into which other programs put trials, or whose trials they end, while they run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from models.datasets.source import Source
from models.errors import UserError
from search.config.study import Study
from search.record.record import Record
from search.record.store import Store
from search.samplers.grid import Grid
from search.trial import TrialRow
from tests.support.cuts import Cut, run
from tests.support.records import optuna_storage
from tests.support.runs import REPEATING, assert_whole, table, trials

optuna.logging.set_verbosity(optuna.logging.WARNING)

SUGGESTED = {"learning_rate": 0.2, "hidden": 6, "weight_decay": 0.01}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/it.db"


def by_optuna(url: str) -> optuna.Study:
    """The study as another program opens it."""
    return optuna.load_study(study_name="small", storage=optuna_storage(url))


def at_tick(tick: int, action: Callable[[], object]) -> Callable[[], bool]:
    """Return a `pause` that does something after a tick, and pauses nothing."""
    ticks = 0

    def pause() -> bool:
        nonlocal ticks
        ticks += 1
        if ticks == tick:
            action()
        return False

    return pause


def search(
    url: str, digits: Source, tick: int, action: Callable[[], object], study: Study = REPEATING
) -> list[TrialRow]:
    """Search while another program does something after a tick; returns the trials."""
    assert run(study, url, digits, pause=at_tick(tick, action))
    assert_whole(url)
    return trials(url)


@pytest.mark.slow
def test_a_suggestion_is_trained_on_top_of_the_budget(url: str, digits: Source) -> None:
    rows = search(url, digits, 2, lambda: by_optuna(url).enqueue_trial(SUGGESTED))
    (suggested,) = [row for row in rows if row.suggested]
    assert suggested.params == SUGGESTED
    assert suggested.state in ("complete", "pruned")
    assert sum(row.is_planned for row in rows) == REPEATING.trials == len(rows) - 1


def test_a_suggestion_after_the_end_is_trained_by_the_same_command(url: str, digits: Source) -> None:
    run(REPEATING, url, digits)
    before = table(url)
    by_optuna(url).enqueue_trial({"learning_rate": 0.3}, skip_if_exists=False)
    assert run(REPEATING, url, digits)
    rows, scores = table(url)
    assert rows[:-1] == before[0]
    assert scores[: len(before[1])] == before[1]
    assert rows[-1].suggested
    assert rows[-1].params["learning_rate"] == 0.3
    assert set(rows[-1].params) == set(REPEATING.space)  # what was left open is drawn


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"hidden": 700}, "hidden 700 is not in 4..6"),
        ({"hidden": "6"}, "hidden '6' is not in 4..6"),
        ({"depth": 2}, "depth is not searched; the parameters are learning_rate, hidden, weight_decay"),
        ({"learning_rate": [0.1]}, "learning_rate [0.1] is not in 0.1..0.3 step 0.1"),
    ],
)
def test_a_suggestion_that_cannot_be_trained_fails_with_the_reason(
    stated: dict[str, Any], reason: str, url: str, digits: Source
) -> None:
    small = REPEATING.model_copy(update={"trials": 4})
    rows = search(url, digits, 1, lambda: by_optuna(url).enqueue_trial(stated), small)
    (refused,) = [row for row in rows if row.is_foreign]
    assert (refused.state, refused.reason) == ("failed", f"this suggestion cannot be trained: {reason}")
    assert by_optuna(url).trials[refused.number].state == TrialState.FAIL


def test_a_finished_trial_of_another_program_is_passed_over(url: str, digits: Source) -> None:
    rows = search(url, digits, 2, lambda: by_optuna(url).add_trial(create_trial(value=1.0)))
    (theirs,) = [row for row in rows if row.is_foreign]
    assert theirs.reason == "added by another program (complete), and passed over"
    assert sum(row.is_planned for row in rows) == REPEATING.trials


@pytest.mark.slow
def test_a_grid_loses_no_combination_to_other_trials(url: str, digits: Source) -> None:
    values: dict[str, Any] = {"learning_rate": (0.1, 0.2), "hidden": (4, 5, 6), "weight_decay": (0.0, 0.01)}
    grid = REPEATING.model_copy(update={"sampler": Grid(values=values), "trials": 13})

    def others() -> None:
        by_optuna(url).add_trial(create_trial(value=1.0))
        by_optuna(url).enqueue_trial({"learning_rate": 0.3, "hidden": 4, "weight_decay": 0.0})

    rows = search(url, digits, 1, others, grid)
    drawn = {tuple(row.params.values()) for row in rows if row.is_planned and row.baseline is None}
    assert len(drawn) == 12


@pytest.mark.slow
def test_a_trial_that_another_program_ends_leaves_its_lane(url: str, digits: Source) -> None:
    rows = search(url, digits, 1, lambda: by_optuna(url).tell(0, state=TrialState.FAIL))
    assert (rows[0].state, rows[0].reason) == ("failed", "ended by another program, as fail")
    assert [score.epoch for _, score in table(url)[1] if score.lane == 0] == [1, 2]  # the tick that noticed it
    assert by_optuna(url).trials[0].user_attrs["reason"] == "ended by another program, as fail"


@pytest.mark.slow
def test_a_trial_that_is_ended_in_a_pause_has_failed(url: str, digits: Source) -> None:
    assert not run(REPEATING, url, digits, pause=lambda: True)
    by_optuna(url).tell(1, 0.99)
    assert run(REPEATING, url, digits)
    assert_whole(url)
    assert (trials(url)[1].state, trials(url)[1].value) == ("failed", None)


def test_numbers_that_others_take_meanwhile_are_drawn_again(
    url: str, digits: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign, asked = Record.foreign, 0

    def overtaken(record: Record, first: int) -> list[TrialRow]:
        nonlocal asked
        asked += 1
        rows = foreign(record, first)
        if asked == 3:  # after it was asked, before what it chose is written
            by_optuna(url).enqueue_trial(SUGGESTED)
        return rows

    monkeypatch.setattr(Record, "foreign", overtaken)
    assert run(REPEATING, url, digits)
    assert_whole(url)
    rows = trials(url)
    assert [row.params for row in rows if row.suggested] == [SUGGESTED]
    assert sum(row.is_planned for row in rows) == REPEATING.trials


def test_a_program_that_always_is_quicker_is_named(url: str, digits: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = Record.foreign

    def overtaken(record: Record, first: int) -> list[TrialRow]:
        rows = foreign(record, first)
        by_optuna(url).add_trial(create_trial(value=1.0))
        return rows

    monkeypatch.setattr(Record, "foreign", overtaken)
    roomy = REPEATING.model_copy(update={"lanes": 4})  # more lanes than suggestions, so that some are always drawn for
    with pytest.raises(UserError, match="another program adds trials to `small` faster"):
        run(roomy, url, digits)


@pytest.mark.slow
def test_a_study_that_is_renamed_in_mid_run_ends_the_same(tmp_path: Path, digits: Source) -> None:
    calm, url = f"sqlite:///{tmp_path}/calm.db", f"sqlite:///{tmp_path}/renamed.db"
    run(REPEATING, calm, digits)
    storage, copy, tick = optuna_storage(url), optuna.copy_study, 0

    def rename() -> bool:  # as Optuna's dashboard does, so slowly that the search gets on meanwhile
        nonlocal tick
        tick += 1
        if tick == 2:
            copy(from_study_name="small", from_storage=storage, to_storage=storage, to_study_name="other")
        if tick == 4:
            optuna.delete_study(study_name="small", storage=storage)
        return False

    with pytest.raises(UserError, match="`small` was renamed to `other`"):
        run(REPEATING, url, digits, pause=rename, always_keep=True)
    assert Store(url).names() == ["other"]
    copy(from_study_name="other", from_storage=storage, to_storage=storage, to_study_name="small")
    optuna.delete_study(study_name="other", storage=storage)
    assert run(REPEATING, url, digits, always_keep=True)
    assert table(url) == table(calm)
    assert_whole(url)


@pytest.mark.slow
def test_a_run_cut_off_among_other_programs_trials_ends_the_same(tmp_path: Path, digits: Source) -> None:
    def disturbed(name: str, cut_before: int | None) -> str:
        url = f"sqlite:///{tmp_path}/{name}.db"
        run(REPEATING, url, digits, pause=lambda: True)
        study = by_optuna(url)
        study.enqueue_trial(SUGGESTED)
        study.add_trial(create_trial(value=1.0))
        study.enqueue_trial({"hidden": 900})
        study.tell(1, state=TrialState.PRUNED)
        for _ in range(40):
            try:
                assert run(REPEATING, url, digits, always_keep=True, cut_before=cut_before)
            except Cut:
                continue
            break
        assert_whole(url)
        return url

    undisturbed = table(disturbed("whole", None))
    for write in (3, 4, 5, 6, 9):
        assert table(disturbed(f"cut-{write}", write)) == undisturbed
