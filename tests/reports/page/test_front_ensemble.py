"""The ensemble of a study of two objectives: one more point beside the front, and what is said of it."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from models.config.families import Mlp
from reports.exports.exporting import export
from reports.exports.options import ExportOptions
from reports.page.data import FinalistData, ReportData
from reports.page.ensemble_sentences import ensemble_data, ensemble_sentences
from reports.page.front_sentences import of_ensemble
from reports.page.sections.front import front_frame
from search import run_study
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.interrupt import Interrupt
from search.objective import Objective
from search.options import Options
from search.record.store import Store
from search.samplers.random import Random

pytestmark = pytest.mark.usefixtures("unrendered")

STUDY = Study(
    family=Mlp(),
    data="digits",
    objective=("accuracy", "parameters"),
    epochs=2,
    trials=8,
    engines=1,
    lanes=8,
    sampler=Random(),
    pruner="none",
    space={"learning_rate": Float(0.05, 0.5, log=True), "hidden": Int(2, 48, log=True), "weight_decay": 0.0},
    baselines=(Baseline("known", learning_rate=0.05, hidden=40),),
)
OF_METRICS = STUDY.model_copy(update={"objective": Objective.model_validate(("macro_f1", "loss"))})


def exported(study: Study, folder: Path) -> ReportData:
    """The report of a search with an ensemble, which lies in the folder."""
    address = f"sqlite:///{folder}/runs/studies.db"
    run_study(study, name="front", storage=address, workers=0, quiet=True)
    options = ExportOptions(2, 2, 0, retrain=True, retest=False, folder=folder, csv=Path("results.csv"), data_dir=None)
    store, hosts = Store(address, create=False), Options(workers=0)
    report, _ = export(
        store, address, "front", replace(options, ensemble=True), hosts, Interrupt(), say=lambda line: None
    )
    return report


@pytest.fixture(scope="module")
def by_cost(tmp_path_factory: pytest.TempPathFactory, unrendered: None) -> tuple[ReportData, Path]:
    folder = tmp_path_factory.mktemp("front")
    return exported(STUDY, folder), folder


@pytest.fixture
def finalists(by_cost: tuple[ReportData, Path]) -> FinalistData:
    of = by_cost[0].finalists
    assert of is not None
    return of


def with_cost(finalists: FinalistData, second: float, validation: float = 1.0) -> FinalistData:
    """The same finalists with an ensemble that cost so much and had such a validation score."""
    assert finalists.ensemble is not None
    selection = replace(finalists.ensemble.selection, second=second, validation=validation)
    return replace(finalists, ensemble=replace(finalists.ensemble, selection=selection))


def test_the_table_and_the_figure_have_it_at_what_its_members_cost(by_cost: tuple[ReportData, Path]) -> None:
    report, folder = by_cost
    table = pd.read_csv(folder / "results.csv")
    members = {int(each.partition(":")[0]) for each in table["ensemble_of"].iloc[-1].split()}
    assert len(members) > 1
    cost = sum(report.rows[trial].second or 0 for trial in members)
    assert table["parameters"].iloc[-1] == cost
    assert table["trial"].notna().sum() == len(table) - 1 == len(report.results if report.results is not None else [])
    front = pd.read_csv(next(folder.rglob("front.csv"))).iloc[-1]
    assert (front["parameters"], front["front"]) == (cost, False)
    assert front[["number", "baseline"]].isna().all()
    assert front["mean"] == table["test_accuracy_mean"].iloc[-1]
    assert front["low"] < front["mean"] < front["high"]
    page = (folder / "report.html").read_text()
    assert f"at {cost:,.0f} parameters, the sum of its members" in page
    assert "The square is the ensemble, at what its members cost together." in page


def test_it_is_a_point_of_the_front_only_where_nobody_dominates_it(
    by_cost: tuple[ReportData, Path], finalists: FinalistData
) -> None:
    report, _ = by_cost
    cheapest = min(row.second or 0 for row in report.rows)
    (_, said) = ensemble_sentences(report, with_cost(finalists, cheapest - 1))
    assert said.startswith("It is one more point of the front: test accuracy 0.")
    data = ensemble_data(report, with_cost(finalists, cheapest - 1))
    assert data is not None
    assert (data["parameters"], data["dominated_on_test_by"], data["dominated_on_validation_by"]) == (
        cheapest - 1,
        [],
        [],
    )


def test_who_dominates_it_on_the_test_set_is_named(by_cost: tuple[ReportData, Path], finalists: FinalistData) -> None:
    report, _ = by_cost
    assert finalists.ensemble_results is not None
    worse = replace(finalists, ensemble_results=finalists.ensemble_results.assign(test_accuracy_mean=0.01))
    said = of_ensemble(report, with_cost(worse, 1e6))
    assert said is not None
    assert said.startswith("It is no point of the front, but beside it: test accuracy 0.0100 ")
    assert all(str(row.number) in said.partition("On the test set trials")[2] for row in finalists.ranked)


def test_a_trial_that_dominates_it_in_the_search_alone_is_named(
    by_cost: tuple[ReportData, Path], finalists: FinalistData
) -> None:
    report, _ = by_cost
    assert finalists.ensemble_results is not None
    best = replace(finalists, ensemble_results=finalists.ensemble_results.assign(test_accuracy_mean=1.0))
    said = of_ensemble(report, with_cost(best, 1e6, validation=0.0))
    assert said is not None
    assert "beside it" in said
    assert "In the search trials" in said


def test_one_trial_alone_is_no_point_beside_the_front(
    by_cost: tuple[ReportData, Path], finalists: FinalistData
) -> None:
    report, _ = by_cost
    assert finalists.ensemble is not None
    selection = replace(finalists.ensemble.selection, weights={finalists.winner.number: 3})
    alone = replace(finalists, ensemble=replace(finalists.ensemble, selection=selection))
    assert ensemble_sentences(report, alone) == [
        "No ensemble of complete trials did better than the winner alone on the validation examples."
    ]
    assert front_frame(replace(report, finalists=alone))["number"].notna().all()


def test_of_two_metrics_both_are_tested(tmp_path: Path) -> None:
    report = exported(OF_METRICS, tmp_path)
    assert report.finalists is not None
    data = ensemble_data(report, report.finalists)
    assert data is not None
    row = pd.read_csv(tmp_path / "results.csv").iloc[-1]
    for metric in ("macro_f1", "loss"):
        assert data[f"test_{metric}"] == [row[f"test_{metric}_{end}"] for end in ("mean", "low", "high")]
        assert row[f"test_{metric}_low"] < row[f"test_{metric}_mean"] < row[f"test_{metric}_high"]
    page = (tmp_path / "report.html").read_text()
    assert f"test macro f1 {row['test_macro_f1_mean']:.4f} (95% interval" in page
    assert f"and test loss {row['test_loss_mean']:.4f} (95% interval" in page
    assert "The square is the ensemble, at its validation loss." in page
    assert "standard deviation between seeds. The square" not in page, "the strokes are intervals"
