"""Staged search: stage after stage, each waiting for the last one's winner, and the same after any interruption."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from search.cli.summary import summary
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.config.study_files import NamedStudy
from search.interrupt import Interrupt
from search.launch import prepare
from search.launch import search as search_launch
from search.loop.scheduler import TrialScheduler
from search.options import Options
from search.pruners.none import NoPruner
from search.record.record import Record
from search.record.store import Store
from search.samplers.optuna_mirror import Mirror
from search.samplers.staged import Staged
from search.trial import State, TrialRow
from tests.support.memory_record import epoch_metrics

pytestmark = pytest.mark.usefixtures("one_thread")

STAGES = {"learning_rate": (0.05, 0.2, 0.5), "hidden": (16, 32), "weight_decay": (1e-3, 0.0)}
CELLS = sum(map(len, STAGES.values()))


def a_study(**words: Any) -> Study:
    words = {"sampler": Staged(start={"hidden": 16, "weight_decay": 0.0}, stages=STAGES), "trials": 20} | words
    space = {
        "learning_rate": Float(1e-3, 1e30, log=True),
        "hidden": Int(8, 64, log=True),
        "weight_decay": Float(1e-6, 1e-1, log=True, low_is_zero=True),
    }
    return Study(family=Mlp(), space=space, pruner=NoPruner(), epochs=3, batch_size=64, lanes=4, **words)


# --- draws ------------------------------------------------------------------------------------------------------------


class HandRecord:
    """A record in memory of trials that end as a test says."""

    def __init__(self, study: Study) -> None:
        self.study, self.rows, self.scores = study, list[TrialRow](), list[tuple[int, EpochMetrics]]()

    @property
    def mirror(self) -> Mirror:
        """Built anew each time, as after a crash."""
        return Mirror(self.study, self.rows, self.scores)

    def begin(self) -> dict[str, Any] | None:
        """Draw the next trial; returns what is trained."""
        number = len(self.rows)
        drawn = self.study.sampler.propose(self.study, number, self.mirror)
        if drawn is None:
            return None
        self.rows.append(TrialRow(number=number, state="running", params=drawn, joined=1))
        return self.study.to_external(drawn)

    def end(self, number: int, accuracy: float, loss: float = 0.1, state: State = "complete") -> None:
        if state != "failed":
            self.scores.append((1, epoch_metrics(number, 1, accuracy, math.nan if state == "pruned" else loss)))
        value = accuracy if state == "complete" else None
        self.rows[number] = dataclasses.replace(self.rows[number], state=state, value=value)

    @property
    def waits(self) -> bool:
        return self.study.sampler.pending(self.study, len(self.rows), self.mirror)

    def first_stage(self, *outcomes: tuple[float, float, State]) -> dict[str, Any] | None:
        """End a first stage so; returns the first cell of the second."""
        for _ in outcomes:
            assert self.begin() is not None
        for number, outcome in enumerate(outcomes):
            self.end(number, *outcome)
        assert not self.waits
        return self.begin()


def test_a_stage_varies_its_own_parameter_from_the_start() -> None:
    record = HandRecord(a_study())
    first = [record.begin() for _ in STAGES["learning_rate"]]
    assert first == [{"learning_rate": rate, "hidden": 16, "weight_decay": 0.0} for rate in STAGES["learning_rate"]]


def test_a_stage_waits_until_every_trial_of_the_last_one_has_ended() -> None:
    record = HandRecord(a_study())
    for _ in range(3):
        assert not record.waits
        record.begin()
    for number in (2, 0, 1):
        assert record.waits
        record.end(number, 0.9)
    assert not record.waits


def test_every_stage_keeps_the_winner_of_the_last() -> None:
    record = HandRecord(a_study())
    assert record.first_stage((0.7, 0.1, "complete"), (0.9, 0.1, "complete"), (0.8, 0.1, "complete")) == {
        "learning_rate": 0.2,
        "hidden": 16,
        "weight_decay": 0.0,
    }
    record.begin()
    record.end(3, 0.9)
    record.end(4, 0.95)
    assert record.begin() == {"learning_rate": 0.2, "hidden": 32, "weight_decay": 1e-3}
    assert record.begin() == {"learning_rate": 0.2, "hidden": 32, "weight_decay": 0.0}


def test_behind_the_last_stage_there_is_nothing() -> None:
    record = HandRecord(a_study())
    for number in range(CELLS):
        if record.waits:
            for running in range(number):
                if record.rows[running].state == "running":
                    record.end(running, 0.9)
        assert record.begin() is not None
    for number in (CELLS - 2, CELLS - 1):
        record.end(number, 0.9)
    assert not record.waits
    assert record.begin() is None


@pytest.mark.parametrize(
    ("outcomes", "winner"),
    [
        ([(0.9, 0.3, "complete"), (0.9, 0.2, "complete"), (0.8, 0.1, "complete")], 0.2),
        ([(0.9, 0.2, "complete"), (0.8, 0.1, "complete"), (0.9, 0.2, "complete")], 0.05),
        ([(0.1, 0.2, "complete"), (0.99, 0.1, "pruned"), (0.99, 0.1, "failed")], 0.05),
    ],
    ids=["equal scores: the lower loss", "equal losses too: the earlier", "diverged and failed lose"],
)
def test_a_stage_is_won_by(outcomes: list[tuple[float, float, State]], winner: float) -> None:
    second = HandRecord(a_study()).first_stage(*outcomes)
    assert second is not None
    assert second["learning_rate"] == winner


def test_a_stage_without_a_winner_ends_the_search_and_says_so() -> None:
    record = HandRecord(a_study())
    assert record.first_stage((0.9, 0.1, "pruned"), (0.9, 0.1, "failed"), (0.9, 0.1, "pruned")) is None
    reason = record.study.sampler.exhausted_reason(record.study, record.rows)
    assert reason is not None
    assert "stage of learning_rate has no winner: none of its 3 trials" in reason


def test_a_search_that_goes_on_is_not_stuck() -> None:
    record = HandRecord(a_study())
    assert record.study.sampler.exhausted_reason(record.study, record.rows) is None
    record.first_stage((0.9, 0.1, "pruned"), (0.9, 0.1, "failed"), (0.5, 0.1, "complete"))
    assert record.study.sampler.exhausted_reason(record.study, record.rows) is None


def test_baselines_stand_outside_the_stages() -> None:
    known = Baseline("known", learning_rate=0.5, hidden=32, weight_decay=1e-3)
    record = HandRecord(a_study(baselines=[known]))
    record.rows.append(TrialRow(number=0, state="running", params=record.study.to_internal(known.parameters)))
    for _ in range(3):
        record.begin()
    for number, accuracy in enumerate((0.5, 0.8, 0.7), start=1):
        record.end(number, accuracy)
    assert not record.waits  # though the baseline is still in training
    record.end(0, 0.99)
    second = record.begin()
    assert second is not None
    assert (second["learning_rate"], second["hidden"]) == (0.2, 16)  # of the stage's own, not of the baseline


def test_the_order_of_the_stages_is_part_of_the_study() -> None:
    study = a_study()
    again = Study.model_validate_json(study.model_dump_json())
    assert again == study
    assert isinstance(again.sampler, Staged)
    assert [name for name, _ in again.sampler.stages] == list(STAGES)


# --- whole searches on the digits -------------------------------------------------------------------------------------


class Killed(Exception):  # noqa: N818 - a fact, not an error
    """What stands for a kill: nothing after it is written."""


def run(study: Study, folder: Path, die_at: int | None = None, timeout: float | None = None) -> Record:
    """Search, or be killed after some tick's scores are recorded and judged, and return the record."""
    options = Options(storage=f"sqlite:///{folder}/studies.db", dataset="digits", workers=0, timeout=timeout)
    prepared = prepare(NamedStudy("staged", study, "", Path("staged.py")), options)

    def begun(search: TrialScheduler, _: Any) -> Any:
        def after_tick() -> None:
            if search.tick == die_at:
                raise Killed

        return after_tick

    search_launch(prepared, options, interrupt=Interrupt(), watchers=[begun])
    return prepared.record


def table(record: Record) -> list[tuple[Any, ...]]:
    return [
        (row.number, row.state, row.params, row.joined, row.repeat_of, row.value, row.diverged_at)
        for row in record.trials()
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return run(a_study(), tmp_path_factory.mktemp("undisturbed"))


def test_a_search_visits_all_cells(undisturbed: Record) -> None:
    rows = undisturbed.trials()
    assert len(rows) == CELLS
    best = max(rows[:3], key=lambda row: row.value or 0)
    assert {row.params["learning_rate"] for row in rows[3:]} == {best.params["learning_rate"]}


def test_a_cell_that_repeats_is_taken_over(undisturbed: Record) -> None:
    rows = undisturbed.trials()
    repeats = {row.number: row.repeat_of for row in rows if row.repeat_of is not None}
    assert len(repeats) == 2  # the start's width in the second stage, its decay in the third
    for number, original in repeats.items():
        assert original is not None
        assert rows[number].joined is None  # never trained
        assert rows[number].params == rows[original].params
        assert rows[number].value == rows[original].value
    assert max(tick for tick, _ in undisturbed.scores()) == 9  # three stages of three epochs, and not one tick more


@pytest.mark.slow
def test_a_baseline_that_is_a_cell_is_trained_once(tmp_path: Path) -> None:
    undisturbed = run(a_study(), tmp_path)
    best = max((row for row in undisturbed.trials()), key=lambda row: (row.value or 0, -row.number))
    known = Baseline("known", parameters=undisturbed.study.to_external(best.params))
    rows = run(a_study(baselines=[known]), tmp_path / "again").trials()
    trained = [row for row in rows if row.joined is not None and row.params == best.params]
    assert [row.number for row in trained][:1] == [0]
    assert len(trained) == 1 or trained[1].joined == 1  # only beside it, in the first stage, before either has ended


@pytest.mark.parametrize("tick", range(1, 9))
@pytest.mark.slow
def test_a_search_killed_at_any_tick_ends_as_an_undisturbed_one(tick: int, tmp_path: Path, undisturbed: Record) -> None:
    with pytest.raises(Killed):
        run(a_study(), tmp_path, die_at=tick)
    assert table(run(a_study(), tmp_path)) == table(undisturbed)


@pytest.mark.slow
def test_a_search_paused_after_every_tick_ends_as_an_undisturbed_one(tmp_path: Path, undisturbed: Record) -> None:
    for _ in range(9):
        run(a_study(), tmp_path, timeout=0.0)  # with a snapshot each time
    assert table(run(a_study(), tmp_path)) == table(undisturbed)


def test_a_search_whose_first_stage_diverges_ends_with_a_reason(tmp_path: Path) -> None:
    wild = Staged(start={"hidden": 16, "weight_decay": 0.0}, stages={"learning_rate": (1e28, 1e29), "hidden": (16, 32)})
    record = run(a_study(sampler=wild), tmp_path)
    assert [row.diverged_at is not None for row in record.trials()] == [True, True]
    assert "ended early: the stage of learning_rate has no winner" in summary(record, None)


def test_more_trials_than_cells_change_nothing(undisturbed: Record) -> None:
    store_url = f"sqlite:///{undisturbed.folder.parent.parent}/studies.db"
    before = table(undisturbed)
    run(a_study(trials=40), undisturbed.folder.parent.parent)
    again = Store(store_url).find(undisturbed.name)
    assert again is not None
    assert table(again) == before
