"""A regression from its table to its report and its predictions, in the target's own unit: scikit-learn's diabetes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes
from sklearn.metrics import root_mean_squared_error
from typer.testing import CliRunner

import studyhall
from reports import Export, export_study
from reports.compare import app as compare_app
from reports.evaluate import app as evaluate_app
from search import AdamW, Baseline, Cosine, Float, Int, Mlp, Result, Study, Table, run_study

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unrendered")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("regression")
    frame = load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "progression"})
    frame.to_csv(path / "diabetes.csv", index=False)
    return path


@pytest.fixture(scope="module")
def searched(folder: Path) -> Result:
    study = Study(
        family=Mlp(depth=2),
        data=Table(folder / "diabetes.csv", target="progression"),
        epochs=12,
        trials=8,
        engines=1,
        batch_size=32,
        optimizer=AdamW(),
        schedule=Cosine(),
        metrics=("mae", "r2"),
        space={
            "learning_rate": Float(5e-4, 3e-2, log=True),
            "hidden": Int(4, 48, log=True),
            "weight_decay": 0.01,
            "final_factor": 0.05,
        },
        baselines=(Baseline("a guess", learning_rate=3e-3, hidden=16, published={"test_rmse": 58.0}),),
    )
    return run_study(study, name="diabetes", storage=f"sqlite:///{folder}/runs/studies.db", workers=0, quiet=True)


@pytest.fixture(scope="module")
def exported(searched: Result) -> Export:
    return export_study(searched, top=1, seeds=2, workers=0, quiet=True)


def models(exported: Export) -> list[Path]:
    return sorted((exported.folder / "finalists").glob("trial-*-seed-0.safetensors"))


def test_a_search_lowers_the_root_mean_square_error(searched: Result) -> None:
    complete = searched.trials[searched.trials["state"] == "complete"]
    assert searched.best is not None
    assert searched.best.score == complete["validation_rmse"].min()
    assert {"validation_rmse", "validation_loss", "validation_mae", "validation_r2"} <= set(complete.columns)


def test_the_winner_is_better_than_the_mean(exported: Export) -> None:
    winner = exported.winner
    assert winner is not None
    assert winner["test_rmse_low"] < winner["test_rmse_mean"] < winner["test_rmse_high"]
    assert winner["test_rmse_mean"] < 0.9 * winner["mean_predictor_rmse"]
    assert 0.2 < winner["test_r2_mean"] < 0.7
    assert 35 < winner["test_mae_mean"] < winner["test_rmse_mean"]


def test_the_page_is_that_of_a_regression(exported: Export) -> None:
    page = exported.page.read_text()
    assert "Predicted and true, and what is left" in page
    assert "The largest errors" in page
    assert "Always answering the mean, 152." in page
    assert "better than the mean" in page
    assert "Confusion" not in page
    assert "class is taken" not in page
    residuals = next((exported.folder / "figures").glob("trial-*-residuals.csv"))
    frame = pd.read_csv(residuals)
    assert frame["residual"].to_numpy() == pytest.approx(frame["predicted"] - frame["true"])


def test_a_loaded_model_answers_in_the_targets_unit(folder: Path, exported: Export) -> None:
    rows = pd.read_csv(folder / "diabetes.csv")
    model = studyhall.load(models(exported)[0])
    answers = model.predict(rows)
    assert isinstance(answers, np.ndarray)
    assert root_mean_squared_error(rows["progression"], answers) < 65 < rows["progression"].std()
    assert model.description.target is not None
    assert model.description.target.name == "progression"


def test_predict_writes_numbers_behind_the_rows(folder: Path, exported: Export) -> None:
    from models.predict import app

    new = folder / "new.csv"
    pd.read_csv(folder / "diabetes.csv").drop(columns="progression").head(5).to_csv(new, index=False)
    done = CliRunner().invoke(app, ["--model", str(models(exported)[0]), "--table", str(new), "--out", f"{new}.csv"])
    assert done.exit_code == 0, done.output
    written, expected = pd.read_csv(f"{new}.csv"), studyhall.load(models(exported)[0]).predict(pd.read_csv(new))
    np.testing.assert_allclose(written["predicted"], expected, rtol=1e-6)


def test_evaluate_and_compare_speak_of_the_error(exported: Export, searched: Result) -> None:
    file, storage = models(exported)[0], ["--storage", searched.storage]
    evaluated = CliRunner().invoke(evaluate_app, ["--model", str(file), *storage])
    assert evaluated.exit_code == 0, evaluated.output
    trial = int(file.name.split("-")[1])
    found = pd.read_csv(exported.folder / "results.csv").set_index("trial").loc[trial]
    (line,) = [line for line in evaluated.output.splitlines() if line.startswith("rmse ")]
    assert abs(float(line.split()[1]) - found["test_rmse_mean"]) < 4 * found["test_rmse_std"]
    compared = CliRunner().invoke(compare_app, [*storage, "--out", str(exported.folder)])
    assert compared.exit_code == 0, compared.output
    table = pd.read_csv(exported.folder / "compare.csv")
    assert table.set_index("what").loc["published", "test_rmse"] == 58.0
    assert table.set_index("what").loc["found", "test_rmse"] == pytest.approx(exported.winner["test_rmse_mean"])
