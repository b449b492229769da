"""Finalists of a cross-validation: ranked over folds and seeds, retrained on the whole training set, tested once."""

import pandas as pd
import pytest

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from models.datasets.readers.csv_table import Table
from reports import export_study
from search import run_study
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.record.record import Record
from search.record.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unrendered")]

FOLDS, SEEDS, ROWS = 3, 2, 455  # of 569; a fifth is the test part


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, pd.DataFrame]:
    """A search of few trials on scikit-learn's breast cancer as a table, exported."""
    from sklearn.datasets import load_breast_cancer

    folder = tmp_path_factory.mktemp("folds")
    cancer = load_breast_cancer()
    frame = pd.DataFrame(cancer.data, columns=[name.replace(" ", "_") for name in cancer.feature_names])
    frame.assign(diagnosis=cancer.target_names[cancer.target]).to_csv(folder / "tumours.csv", index=False)
    study = Study(
        family=Mlp(),
        data=Table(str(folder / "tumours.csv"), label="diagnosis"),
        epochs=3,
        trials=4,
        lanes=2,
        folds=FOLDS,
        batch_size=64,
        sampler="random",
        space={"learning_rate": Float(0.01, 0.5, log=True), "hidden": Int(4, 16), "weight_decay": 0.0},
        baselines=(Baseline("known", learning_rate=0.1, hidden=8),),
    )
    result = run_study(study, name="folds", storage=f"sqlite:///{folder}/runs/studies.db", workers=0, quiet=True)
    export = export_study(result, top=2, seeds=SEEDS, workers=0, quiet=True)
    record = Store(result.storage).find("folds")
    assert record is not None
    assert export.results is not None
    return record, export.results


def test_finalists_are_ranked_by_their_means_over_folds_and_seeds(exported: tuple[Record, pd.DataFrame]) -> None:
    record, results = exported
    curves: dict[tuple[int, int], list[EpochMetrics]] = {}
    for _, trial, seed, score in record.finalist_scores("rank"):
        curves.setdefault((trial, seed), []).append(score)
    assert {seed for _, seed in curves} == set(range(SEEDS))
    for score in (score for curve in curves.values() for score in curve):
        lanes = [lane.validation["accuracy"] for lane in score.members]
        assert len(lanes) == FOLDS
        assert score.validation["accuracy"] == pytest.approx(sum(lanes) / FOLDS, rel=1e-12)
        # Each lane has a third of the rows to be right about.
        parts = [ROWS // FOLDS + (fold < ROWS % FOLDS) for fold in range(FOLDS)]
        for share, rows in zip(lanes, parts, strict=True):
            assert share * rows == pytest.approx(round(share * rows), abs=1e-4)  # float32's 24 bits of 152
    for row in record.finalists():
        assert row.validation == curves[row.trial, row.seed][(row.best_epoch or 0) - 1].validation
    assert results["validation_accuracy"].is_monotonic_decreasing


def test_they_are_retrained_as_one_lane_and_tested_once(exported: tuple[Record, pd.DataFrame]) -> None:
    record, results = exported
    retrained = [score for *_, score in record.finalist_scores("retrain")]
    assert retrained
    assert not any(score.members or score.validation for score in retrained)
    for row in record.finalists():
        right = (row.train or {})["accuracy"] * ROWS  # of the whole training set
        assert right == pytest.approx(round(right), abs=1e-3)
    assert len(record.ledger()) == 1
    assert results["test_accuracy_mean"].notna().all()


def test_the_page_says_by_what_trials_were_judged(exported: tuple[Record, pd.DataFrame]) -> None:
    page = (exported[0].folder / "report.html").read_text()
    assert "each trial was judged by the mean of 3 folds" in page
    assert "standard error of the mean of 3 folds" in page
