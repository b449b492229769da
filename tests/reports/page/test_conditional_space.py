"""The report of a study of a conditional space: a parameter is shown over the trials that have it."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.page.checks.registry import run_checks
from reports.page.data import ReportData
from reports.page.sections.base import Drawing
from reports.page.sections.importance import Importance
from reports.page.sections.parameters import Parameters
from reports.page.style import HALF, style
from search.config.study import Study
from search.config.study_files import load
from search.pruners.none import NoPruner
from search.samplers.random import Random
from tests.support.conditional import OWN, SPACE, a_study, many_trials, write
from tests.support.reports import report_of, write_report

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    study = a_study(Random(), data="digits", epochs=1, trials=80, pruner=NoPruner())
    return report_of(many_trials(tmp_path_factory.mktemp("many"), study))


def _drawings(report: ReportData) -> list[Drawing]:
    return [drawing for part in Parameters().parts(report) for drawing in part.drawings]


def test_the_frame_of_trials_has_a_type_for_every_kind_of_parameter(report: ReportData) -> None:
    kinds = {name: str(report.trials[name].dtype) for name in report.study.names}
    assert kinds == {
        "batch_size": "Int64",
        "learning_rate": "Float64",
        "hidden": "Int64",
        "activation": "string",
        "momentum": "Float64",
        "depth": "Int64",
        "final_factor": "Float64",
        "weight_decay": "Float64",
    }


def test_the_importance_of_what_does_not_always_exist_can_be_told(report: ReportData) -> None:
    frame = Importance().frame(report)
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["parameter"]) == set(SPACE)
    assert frame["importance"].sum() == pytest.approx(1.0)
    share = frame.set_index("parameter")["importance"]
    assert share["momentum"] > share["hidden"]
    assert share["momentum"] > share["final_factor"]


def test_every_parameter_of_a_conditional_space_can_be_drawn(report: ReportData) -> None:
    with style():
        for drawing in _drawings(report):
            figure = drawing.draw(HALF)
            drawn = sum(np.size(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "o")
            assert drawn >= len(drawing.frame)  # and a ring around the best


def test_a_factor_is_ticked_at_its_values(report: ReportData) -> None:
    (drawing,) = [drawing for drawing in _drawings(report) if drawing.key == "parameter-batch_size"]
    with style():
        labels = [label.get_text() for label in drawing.draw(HALF).axes[0].get_xticklabels()]
    assert labels == ["16", "32", "64"]


def test_a_check_of_bounds_passes_over_what_the_best_trial_does_not_have(report: ReportData) -> None:
    best = report.rows[report.shown or 0]
    without = dataclasses.replace(best, params={name: best.params[name] for name in best.params if name != "momentum"})
    rows = [without if row.number == best.number else row for row in report.rows]
    assert run_checks(dataclasses.replace(report, rows=rows))  # and raises nothing


@pytest.mark.slow
def test_a_page_is_made_of_a_conditional_space(report: ReportData, tmp_path: Path) -> None:
    text = write_report(report, tmp_path)
    assert "momentum" in text
    assert "&lt;NA&gt;" not in text


@pytest.fixture
def own(tmp_path: Path) -> Study:
    """A study of a model of one's own, with a searched text, a searched truth and a condition on both."""
    return load(str(write(tmp_path, OWN))).study


@pytest.mark.slow
def test_texts_and_truths_have_columns_of_their_own(own: Study, tmp_path: Path) -> None:
    report = report_of(many_trials(tmp_path, own.model_copy(update={"trials": 60})))
    kinds = {name: str(report.trials[name].dtype) for name in ("deep", "activation", "slope")}
    assert kinds == {"deep": "boolean", "activation": "string", "slope": "Float64"}
    assert isinstance(Importance().frame(report), pd.DataFrame)
    assert "slope" in write_report(report, tmp_path)
    for name in ("deep", "activation", "slope"):
        having = pd.read_csv(tmp_path / "figures" / f"parameter-{name}.csv")["value"]
        assert len(having) == sum(name in row.params for row in report.rows)
        assert 10 < len(having) <= 60
