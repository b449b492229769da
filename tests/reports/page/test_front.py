"""The page of a study of two objectives: the front with intervals, its finalists, and what the verdict says of it."""

from pathlib import Path

import pandas as pd
import pytest

from models.config.families import Mlp
from reports import export_study
from reports.comparison import comparison_frame
from reports.exports.export_study import Export
from reports.page.data import read_report
from reports.page.front_sentences import searched
from reports.page.recorded_search import RecordedSearch
from reports.page.sections.front import front_frame
from search import run_study
from search.cli.listing import recorded_row
from search.config.baseline import Baseline
from search.config.limits import Constraint
from search.config.space import Float, Int
from search.config.study import Study
from search.objective import front_of
from search.record.record import Record
from search.record.store import Store
from search.samplers.random import Random
from tests.support.live import served

STUDY = Study(
    family=Mlp(),
    data="digits",
    objective=("accuracy", "parameters"),
    constraints=(Constraint("parameters", max=40_000),),
    epochs=2,
    trials=14,
    engines=1,
    lanes=7,
    sampler=Random(),
    pruner="none",
    space={"learning_rate": Float(0.05, 1.0, log=True), "hidden": Int(2, 48, log=True), "weight_decay": 0.0},
    baselines=(Baseline("known", learning_rate=0.05, hidden=40),),
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Export]:
    address = f"sqlite:///{tmp_path_factory.mktemp('front')}/runs/studies.db"
    run_study(STUDY, name="front", storage=address, workers=0, quiet=True)
    record = Store(address, create=False).find("front")
    assert record is not None
    return record, export_study("front", storage=address, top=3, seeds=2, workers=0, quiet=True)


def test_finalists_are_points_of_the_front_from_end_to_end_and_the_baseline(exported: tuple[Record, Export]) -> None:
    record, export = exported
    front = [row.number for row in front_of(record.trials(), record.study.objective)]
    assert len(front) > 3
    assert export.results is not None
    finalists = set(export.results["trial"])
    assert finalists == {0, front[0], front[-1], *(finalists & set(front))}
    assert len(finalists - {0}) == 3
    assert list(export.results["parameters"]) == [
        record.curves()[trial][0].validation["parameters"] for trial in export.results["trial"]
    ]


def test_the_page_shows_the_front_with_intervals(exported: tuple[Record, Export]) -> None:
    record, export = exported
    page, front = export.page.read_text(), front_of(record.trials(), record.study.objective)
    assert "The front of accuracy and parameters" in page
    assert f"front of accuracy and parameters has {len(front)} trials, from validation accuracy" in export.headline
    assert "No trial was begun beyond parameters at most 40,000." in page
    assert "rank by accuracy alone" in page
    assert "comes first by accuracy: test accuracy" in page
    assert " wins" not in page
    frame = pd.read_csv(next(export.folder.rglob("front.csv")))
    assert set(frame[frame["front"]]["number"]) == {row.number for row in front}
    tested = frame[frame["mean"].notna()]
    assert export.results is not None
    assert set(tested["number"]) == set(export.results["trial"])
    assert (tested["low"] < tested["mean"]).all()
    assert (tested["mean"] < tested["high"]).all()


def test_before_there_are_finalists_the_search_says_what_its_front_is(exported: tuple[Record, Export]) -> None:
    record, _ = exported
    report = read_report(record, RecordedSearch(record.trials(), record.scores()))
    found = searched(report)
    assert found is not None
    assert found[0].endswith("nothing is tested yet.")
    frame = front_frame(report)
    assert frame["mean"].isna().all()
    if not frame.set_index("number")["front"][0]:
        assert "Behind it lies trial 0, the baseline “known”" in found[1]


def test_one_objective_has_no_front(exported: tuple[Record, Export], tmp_path: Path) -> None:
    record, _ = exported
    one = STUDY.model_copy(update={"objective": record.study.objective.model_copy(update={"beside": None})})
    assert front_of(record.trials(), one.objective) == []


def test_its_size_is_told_by_the_list_the_comparison_and_the_live_page(exported: tuple[Record, Export]) -> None:
    record, _ = exported
    address, size = f"sqlite:///{record.folder.parents[1]}/studies.db", len(front_of(record.trials(), STUDY.objective))
    listed = recorded_row(Store(address, create=False), "front")
    assert listed.front == size
    assert listed.cells()["best"].endswith(f", front {size}")
    compared = comparison_frame([record])
    assert compared[compared["what"] == "found"]["front"].tolist() == [size]
    with served(address, "front") as (_, feed):
        assert b"%d on the front" % size in next(feed.stream())
